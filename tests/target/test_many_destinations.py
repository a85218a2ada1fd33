"""A store keeps any number of destinations in the memory it may use, and opens again after a process was killed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from talon_one_emulator import Emulator
from target_talon_one.store.store import Store

MANY = 200
KILLED = f"""
import os, sys
import duckdb
from target_talon_one.store.store import Store

store = Store(sys.argv[1])
store._run("SET memory_limit = '4GB'")
store._run("SET wal_autocheckpoint = '4GB'")
for at in range({MANY}):
    number = store.destination(f"identity {{at}}", f"sync {{at}}")
    store.start_staging(number)
    store.stage(number, ["a", "b"], None, ["row 1", "row 2"])
    store.compare(number, [["add"]], diff=True, grouped=False, ordered=False)
    store.begin(number, 0, 2, once=False)
    store.acknowledge(number, [(0, 1)])
os._exit(9)
"""


def push(store: Store, rows: int) -> list[int]:
    """Push as many rows to each destination, all staged before the first is sent; the changes of each."""
    numbers = [store.destination(f"identity {at}", f"sync {at}") for at in range(MANY)]
    for number in numbers:
        store.start_staging(number)
        keys = [f"key {at}" for at in range(rows)]
        store.stage(number, keys, [json.dumps({"k": key * 5}).encode() for key in keys], keys)
    found = [
        store.compare(one, [["remove", "add", "update"]], diff=True, grouped=False, ordered=False) for one in numbers
    ]
    for number, difference in zip(numbers, found, strict=True):
        if difference.changes:
            store.begin(number, 0, difference.changes, once=False)
            store.acknowledge(number, [(0, difference.changes)])
        store.fold(number)
        store.start_staging(number)
    return [difference.changes for difference in found]


@pytest.mark.parametrize("rows", [2, pytest.param(3000, marks=pytest.mark.slow)])
def test_many_destinations_fit_in_a_store(tmp_path, rows):
    """The first push sends all rows of 200 destinations; the second one, in a process of its own, sends none."""
    with Store(str(tmp_path / "s.duckdb")) as store:
        assert [rows] * MANY == push(store, rows)
    with Store(str(tmp_path / "s.duckdb")) as store:
        assert [0] * MANY == push(store, rows)


def test_a_store_with_a_large_log_opens_again(tmp_path):
    """A process that was killed left everything in the log: what it noted is known, and the rest is uncertain."""
    path = tmp_path / "s.duckdb"
    assert 9 == subprocess.run([sys.executable, "-c", KILLED, path], timeout=120).returncode
    assert (tmp_path / "s.duckdb.wal").stat().st_size > 100_000
    with Store(str(path)) as store:
        assert {("a", True), ("b", False)} == {
            (key, known)
            for number in store.destinations()
            for key, known in store._run(f"SELECT key, fingerprint IS NOT NULL FROM sent_{number}")
        }
        assert [2] * MANY == [store.known(number) for number in store.destinations()]


def test_a_limit_that_is_too_small_is_raised(tmp_path):
    """Statements and transactions are done again with more memory, and nothing is counted twice."""
    rows = 100_000
    with Store(str(tmp_path / "s.duckdb"), memory="1MB") as store:
        number = store.destination("identity", "sync")
        store.start_staging(number)
        for first in range(0, rows, 20_000):
            keys = [f"key {at}" for at in range(first, first + 20_000)]
            store.stage(number, keys, [b'{"k":1}'] * len(keys), keys)
        found = store.compare(number, [["add"]], diff=True, grouped=False, ordered=True)
        store.begin(number, 0, rows, once=False)
        store.acknowledge(number, [(0, rows)])
        store.fold(number)
        assert (rows, rows) == (found.adds, store.known(number))


@pytest.mark.slow
def test_a_sync_file_of_many_syncs_is_pushed(tmp_path):
    """200 audience mirrors of one CSV file go through, twice."""
    members = {"sink": "audience_members", "mode": "mirror", "key": "id", "create_profiles": "allow"}
    (tmp_path / "a.csv").write_text("id\na\nb\n")
    syncs = {
        f"s{at}": {
            "source": "a.csv",
            "audience": {"name": f"A{at}", "integration": "w", "integration_id": f"i{at}"},
            **members,
        }
        for at in range(MANY)
    }
    (tmp_path / "SYNC.yml").write_text(json.dumps({"syncs": syncs}))
    with Emulator(seed="empty", management_rate=0) as emulator:
        settings = {"base_url": emulator.url, "api_key": emulator.api_key, "management_key": emulator.management_key}
        (tmp_path / "c.json").write_text(json.dumps(settings | {"management_requests_per_second": 100_000}))
        command = [sys.executable, "-m", "talon_one_cli", "push", "SYNC.yml", "--config", "c.json"]
        for _ in range(2):
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
            assert (0, "") == (done.returncode, done.stderr)
        assert 2 * MANY == len(emulator.state("memberships")["memberships"])
