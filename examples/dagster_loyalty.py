"""Talon.One in Dagster: two tables of a load, and the audiences that are synced from them, as assets.

    dagster dev -f examples/dagster_loyalty.py

The keys are in TALON_ONE_BASE_URL, TALON_ONE_API_KEY and TALON_ONE_MANAGEMENT_KEY. WAREHOUSE is the URL of the
warehouse, like duckdb:///loyalty.duckdb, and SYNC the path of a SYNC.yml.
"""

import json
import os
import subprocess
from typing import Any

import dagster as dg

STREAMS = ("loyalty_card_transactions", "loyalty_card_balances")


def talon_one(context: dg.AssetExecutionContext, *arguments: str) -> dict[str, Any]:
    """Run ``talon-one`` and return the counts that it prints; its log becomes the log of the step."""
    done = subprocess.run(["talon-one", *arguments, "--json"], capture_output=True, text=True, check=False)
    for line in done.stderr.splitlines():
        context.log.info(line)
    if done.returncode:
        # Only exit code 1 stands for what may pass; all others need a correction first.
        reason = (done.stderr.splitlines() or ["no message"])[-1]
        raise dg.Failure(reason, {"exit_code": done.returncode}, allow_retries=done.returncode == 1)
    counts: dict[str, Any] = json.loads(done.stdout)
    return counts


@dg.multi_asset(specs=[dg.AssetSpec(["talon_one", stream]) for stream in STREAMS], retry_policy=dg.RetryPolicy(2))
def loyalty_tables(context: dg.AssetExecutionContext) -> Any:
    """Load what is new; a load that was interrupted goes on where it stopped."""
    counts = talon_one(context, "load", "--to", os.environ["WAREHOUSE"], "--streams", ",".join(STREAMS))
    for stream, rows in counts["streams"].items():
        yield dg.MaterializeResult(asset_key=["talon_one", stream], metadata=rows)


@dg.asset(deps=[["talon_one", "loyalty_card_balances"]], key=["talon_one", "audiences"])
def audiences(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Sync the segments, which the query of SYNC.yml selects from the tables."""
    counts = talon_one(context, "push", os.environ["SYNC"])
    return dg.MaterializeResult(metadata={"counts": counts})


nightly = dg.ScheduleDefinition(name="nightly", target="*", cron_schedule="30 2 * * *")
definitions = dg.Definitions(assets=[loyalty_tables, audiences], schedules=[nightly])
