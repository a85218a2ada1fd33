"""What a lake is like after a process was killed or a disk was full."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from deltalake import DeltaTable

from talon_one_warehouse import WarehouseFullError, open_warehouse, to_arrow
from tests.warehouse.filling import merges_until_full

_PROCESS = [sys.executable, str(Path(__file__).with_name("lake_process.py"))]
FOUND = "SELECT count(*), count(DISTINCT id), max(id), max(text) FILTER (id = 0), max(month(created)) FILTER (id = 0)"


def kill_after(url, seconds):
    """Kill a process some seconds after its first merge; return the merges that it reported as done."""
    process = subprocess.Popen([*_PROCESS, url], stdout=subprocess.PIPE)
    process.stdout.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)
    process.kill()
    reported = process.stdout.read().split()
    process.stdout.close()
    process.wait()
    return [int(line) for line in reported if line.isdigit()]


def killed_at_random(folder, times, seed):
    """Kill the process at random moments and check the lake each time.

    The rows of one merge may be there without its state; the next run merges them again.
    """
    rng = random.Random(seed)
    for _ in range(times):
        reported = kill_after(f"file://{folder}", rng.uniform(0.01, 0.4))
        read = DeltaTable(folder / "talon_one" / "ledger").to_pyarrow_table(columns=["id"])["id"].to_pylist()
        with open_warehouse(f"file://{folder}") as lake:
            merge = lake.state("loop")["merge"]
            ((count, distinct, last, text, month),) = lake.query(f"{FOUND} FROM ledger")
        merged = count // 100 - 1
        assert merged in (merge, merge + 1)
        assert ((merged + 1) * 100, count, merged * 100 + 99) == (count, distinct, last)
        assert (str(merged), merged % 12 + 1) == (text, month)
        assert merge >= max(reported[:-1], default=0)
        assert list(range(count)) == sorted(read)


def test_a_killed_process_leaves_rows_and_state_that_agree(tmp_path):
    """A process killed at three random moments leaves every row once, and no state without its rows."""
    killed_at_random(tmp_path / "lake", 3, 7)


@pytest.mark.slow
def test_twenty_killed_processes_leave_rows_and_state_that_agree(tmp_path):
    """A process killed at twenty random moments leaves every row once and no state without its rows."""
    killed_at_random(tmp_path / "lake", 20, 8)


def test_a_full_disk_loses_no_merge_that_was_done(small_disk, table):
    """The error about a full disk says what to do, and with free space the load continues."""
    url = f"{small_disk}/lake"
    with open_warehouse(url) as lake:
        lake.prepare(table)
        done, error = merges_until_full(lake, table)
    assert isinstance(error, WarehouseFullError)
    assert f"no space is left for {url}; free some space, then run again: no merge was written in part" == str(error)
    subprocess.run(["mount", "-o", "remount,size=32m", small_disk], check=True)
    with open_warehouse(url) as lake:
        lake.prepare(table)
        found = lake.query("SELECT count(*) FROM ledger")
        assert [(done * 500,)] == found
        assert {"done": done} == lake.state("fill")
        lake.merge({"ledger": [to_arrow(table, [b'{"id":-1}'])]})
        assert [(done * 500 + 1,)] == lake.query("SELECT count(*) FROM ledger")
