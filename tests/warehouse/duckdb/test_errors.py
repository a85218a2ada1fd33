"""What DuckDB leaves behind when a process, a lock or a disk gives out."""

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from talon_one_warehouse import WarehouseError, WarehouseFullError, WarehouseLockedError, open_warehouse, to_arrow
from tests.warehouse.filling import merges_until_full

_PROCESS = [sys.executable, str(Path(__file__).parents[1] / "merging_process.py")]


def start(url):
    """A process that merges, after its first merge."""
    process = subprocess.Popen([*_PROCESS, url], stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def kill(process):
    """Kill a process; return the merges that it reported."""
    process.kill()
    reported = process.stdout.read().split()
    process.stdout.close()
    process.wait()
    return [int(line) for line in reported if line.isdigit()]


def test_a_killed_process_leaves_rows_and_state_that_agree(url):
    """A process that is killed at any moment, checkpoints included, leaves every merge that it reported as done."""
    rng = random.Random(7)
    for _ in range(5):
        process = start(url)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=rng.uniform(0.01, 0.4))
        reported = kill(process)
        with open_warehouse(url) as warehouse:
            merge = warehouse.state("loop")["merge"]
            found = warehouse.query("SELECT count(*), max(id), max(text) FILTER (id = 0) FROM ledger")
        assert [((merge + 1) * 100, merge * 100 + 99, str(merge))] == found
        assert merge >= max(reported[:-1], default=0)


def test_damage_is_reported_with_the_name_of_the_file(url, table):
    """The error about a damaged block names the file."""
    path = Path(url.removeprefix("duckdb:///"))
    with open_warehouse(url) as warehouse:
        warehouse.prepare(table)
        warehouse.merge(
            {"ledger": [to_arrow(table, [b'{"id":%d,"text":"%064d"}' % (n, n * n) for n in range(50_000)])]}
        )
    content = bytearray(path.read_bytes())
    for place in range(20_000, len(content), 4096):
        content[place] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(WarehouseError, match=re.escape(str(path))), open_warehouse(url) as warehouse:
        warehouse.query("SELECT sum(id), max(text) FROM ledger")


def test_a_file_in_use_is_reported_in_one_line(url):
    """The error about a file in use is one line that names the process."""
    process = start(url)
    try:
        with pytest.raises(WarehouseLockedError) as caught:
            open_warehouse(url)
    finally:
        kill(process)
    assert f"is in use by process {process.pid}; DuckDB lets one process write at a time" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_full_disk_loses_no_merge_that_was_done(small_disk, table):
    """The error about a full disk says what to do, and the file has all earlier merges."""
    url = f"duckdb:///{small_disk}/x.duckdb"
    with open_warehouse(url) as warehouse:
        warehouse.prepare(table)
        done, error = merges_until_full(warehouse, table)
    assert isinstance(error, WarehouseFullError)
    assert (
        f"no space is left for {small_disk}/x.duckdb; free some space, then run again: no merge was written in part"
        == str(error)
    )
    assert done > 0
    subprocess.run(["mount", "-o", "remount,size=32m", small_disk], check=True)
    with open_warehouse(url) as warehouse:
        found = warehouse.query("SELECT count(*) FROM ledger")
        assert [(done * 500,)] == found
        assert {"done": done} == warehouse.state("fill")
