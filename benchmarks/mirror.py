"""A mirror of many members in one process: memory and seconds of the comparison.

``python mirror.py MEMBERS REMOVED ADDED`` prints ``{"peak_mb", "first_diff_s", "second_diff_s", "cpu_s", "requests"}``:
memory of the process, both comparisons' seconds, and the second one's CPU time. The first run acknowledges its members
without sending them. The second run removes and adds some, and sends that to an emulator.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from servers import emulator
from talon_one_client.client import TalonOneClient
from talon_one_client.connection.config import ClientConfig
from talon_one_singer.cli.process import keep_pandas_out
from talon_one_singer.settings.secret import Secret
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.config.options import SyncOptions
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.row_counts import Comparison

BATCH_ROWS = 10_000
SETTINGS = {"sink": "audience_members", "audience": 1, "mode": "mirror", "key": "id", "create_profiles": "allow"}


def batches(first: int, end: int) -> Iterator[list[dict[str, str]]]:
    """Yield rows with the ids from ``first`` to ``end`` in batches."""
    for start in range(first, end, BATCH_ROWS):
        yield [{"id": f"customer-{n:010}"} for n in range(start, min(start + BATCH_ROWS, end))]


def fill(destination: DestinationRun, first: int, end: int) -> None:
    """Add all rows to the destination."""
    for rows in batches(first, end):
        destination.add(rows, ["row"] * len(rows))
    destination.close_source(complete=True)


def timed(run: SyncRun) -> tuple[Comparison, float, float]:
    """Return the comparison of the only destination, its seconds, and its CPU time."""
    begin, begin_cpu = time.perf_counter(), time.process_time()
    (found,) = run.compare().values()
    return found, time.perf_counter() - begin, time.process_time() - begin_cpu


def mirror(url: str, members: int, removed: int, added: int, folder: Path) -> dict[str, float]:
    """Run both comparisons and return the measurements."""
    options = SyncOptions(rejects_directory=str(folder / "rejects"), results_directory=str(folder / "results"))
    connection = ClientConfig(base_url=url, api_key=Secret("demo-integration-key"))
    path = str(folder / "store.duckdb")
    with TalonOneClient(connection) as client:
        number = client.create_audience_v2({"name": "Everybody"})["id"]
        config = destination_from("members", SETTINGS | {"audience": number})
        with open_store(path) as store, SyncRun(client, store, options, command="first") as run:
            destination = run.open(config, columns=["id"])
            fill(destination, 0, members)
            found, first_s, _ = timed(run)
            assert members == found.difference.adds
            store.acks.begin(destination.number, 0, members, non_idempotent=False)
            store.acks.acknowledge(destination.number, [(0, members)])
            store.acks.commit_acknowledged(destination.number)
        with open_store(path) as store, SyncRun(client, store, options, command="second") as run:
            destination = run.open(config, columns=["id"])
            fill(destination, removed, members + added)
            found, second_s, cpu_s = timed(run)
            assert (found.difference.removes, found.difference.adds) == (removed, added)
            run.finish()
            requests = destination.counts.requests
    # Not ru_maxrss, which includes the process before its exec.
    peak = int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) // 1024  # type: ignore[index]
    seconds = {"first_diff_s": round(first_s, 2), "second_diff_s": round(second_s, 2), "cpu_s": cpu_s}
    return {"peak_mb": peak, **seconds, "requests": requests}


def main() -> None:
    """Run the benchmark with an emulator in a separate process."""
    members, removed, added = map(int, sys.argv[1:])
    keep_pandas_out()  # as the commands do
    with emulator() as url, tempfile.TemporaryDirectory() as folder:
        print(json.dumps(mirror(url, members, removed, added, Path(folder))))


if __name__ == "__main__":
    main()
