"""The order in which `make test` gives test files to its workers, which decides when the last of them is done."""

from __future__ import annotations

from collections import Counter
from typing import Any

from xdist.scheduler import LoadFileScheduling

# One worker runs all tests of such a folder: Airflow is imported, and its database created, once.
TOGETHER = ("tests/provider/",)
# Files that take longer than ten seconds come first, so that no worker begins one when the others are done.
LONG = (
    "tests/provider/",
    "tests/project/test_guides.py",
    "tests/target/store/in_source/test_source_store.py",
    "tests/emulator/test_hostile_values.py",
    "tests/warehouse/test_every_warehouse.py",
    "tests/target/store/in_source/test_machine.py",
    "tests/project/test_targets.py",
    "tests/target/store/test_store_backends.py",
    "tests/chaos/test_short.py",
    "tests/target/sync/test_plan.py",
    "tests/cli/loading/test_load.py",
    "tests/tap/test_moving_ledger.py",
    "tests/cli/loading/test_estimate.py",
    "tests/target/test_catalog.py",
    "tests/cli/test_stopped_commands.py",
    "tests/client/http/transports/test_answers.py",
    "tests/loading/test_deleted_rows.py",
    "tests/target/store/test_database.py",
    "tests/cli/loading/test_load_warehouses.py",
    "tests/target/test_machine.py",
    "tests/target/sync/test_replay.py",
    "tests/target/mapping/columns/test_column_mapper.py",
    "tests/warehouse/lake/test_object_stores.py",
    "tests/cli/sync/test_verify.py",
)


class LongFilesFirst(LoadFileScheduling):
    """Gives whole files to workers: long ones first, then those with many tests."""

    def __init__(self, config: Any, log: Any = None) -> None:
        """Turn off the order of xdist, which knows only the number of tests."""
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """Return the file of a test, or the folder whose tests one worker runs."""
    return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid.split("::", 1)[0])


def long_first(nodeids: list[str]) -> list[int]:
    """Return the positions of tests in the order in which workers get them."""
    scopes = [scope_of(nodeid) for nodeid in nodeids]
    sizes = {scope: -count for scope, count in Counter(scopes).items()}
    ranks = {scope: LONG.index(scope) if scope in LONG else len(LONG) for scope in sizes}
    return sorted(range(len(nodeids)), key=lambda at: (ranks[scopes[at]], sizes[scopes[at]], scopes[at]))
