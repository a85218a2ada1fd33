"""Talon.One in Prefect: a flow that loads what is new and then syncs the segments.

    python examples/prefect_loyalty.py

The keys are in TALON_ONE_BASE_URL, TALON_ONE_API_KEY and TALON_ONE_MANAGEMENT_KEY. WAREHOUSE is the URL of the
warehouse, like duckdb:///loyalty.duckdb, and SYNC the path of a SYNC.yml.
"""

import json
import os
import subprocess
from typing import Any

from prefect import flow, get_run_logger, task


class CommandFailed(Exception):
    """The command has ended with an error."""

    def __init__(self, exit_code: int, message: str) -> None:
        self.exit_code = exit_code
        super().__init__(message)


def may_pass(_task: Any, _run: Any, state: Any) -> bool:
    """Return whether to retry: only exit code 1 stands for what may pass; all others need a correction first."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, CommandFailed) and error.exit_code == 1


@task(retries=2, retry_delay_seconds=60, retry_condition_fn=may_pass, task_run_name="talon-one {arguments[0]}")
def talon_one(arguments: list[str]) -> dict[str, Any]:
    """Run ``talon-one`` and return the counts that it prints; its log becomes the log of the task."""
    done = subprocess.run(["talon-one", *arguments, "--json"], capture_output=True, text=True, check=False)
    for line in done.stderr.splitlines():
        get_run_logger().info(line)
    if done.returncode:
        raise CommandFailed(done.returncode, (done.stderr.splitlines() or ["no message"])[-1])
    counts: dict[str, Any] = json.loads(done.stdout)
    return counts


@flow
def loyalty(warehouse: str, sync: str) -> dict[str, Any]:
    """Load into the warehouse, then sync the segments that a SYNC.yml selects from it."""
    streams = "loyalty_card_transactions,loyalty_card_balances"
    return {
        "load": talon_one(["load", "--to", warehouse, "--streams", streams]),
        "push": talon_one(["push", sync]),
    }


if __name__ == "__main__":
    print(json.dumps(loyalty(os.environ["WAREHOUSE"], os.environ["SYNC"])))
