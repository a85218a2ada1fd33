"""A store keeps any number of destinations within its memory limit, and opens again after a process was killed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from talon_one_emulator import Emulator
from target_talon_one.store.opening import open_store
from tests import commands

MANY = 200
KILLED = f"""
import os, sys
import duckdb
from target_talon_one.store.opening import open_store

store = open_store(sys.argv[1])
store.database.run("SET memory_limit = '4GB'")
store.database.run("SET wal_autocheckpoint = '4GB'")
for at in range({MANY}):
    number = store.destinations.number_of(f"identity {{at}}", f"sync {{at}}")
    store.staging.start(number)
    store.staging.add(number, ["a", "b"], None, ["row 1", "row 2"])
    store.changes.compare(number, [["add"]], diff=True, grouped=False, ordered=False)
    store.acks.begin(number, 0, 2, non_idempotent=False)
    store.acks.acknowledge(number, [(0, 1)])
os._exit(9)
"""


def push(store, rows: int) -> list[int]:
    """Push rows to each destination, all staged before the first is sent; return the changes of each."""
    numbers = [store.destinations.number_of(f"identity {at}", f"sync {at}") for at in range(MANY)]
    for number in numbers:
        store.staging.start(number)
        keys = [f"key {at}" for at in range(rows)]
        store.staging.add(number, keys, [json.dumps({"k": key * 5}).encode() for key in keys], keys)
    found = [
        store.changes.compare(one, [["remove", "add", "update"]], diff=True, grouped=False, ordered=False)
        for one in numbers
    ]
    for number, difference in zip(numbers, found, strict=True):
        if difference.changes:
            store.acks.begin(number, 0, difference.changes, non_idempotent=False)
            store.acks.acknowledge(number, [(0, difference.changes)])
        store.acks.commit_acknowledged(number)
        store.staging.start(number)
    return [difference.changes for difference in found]


@pytest.mark.slow
@pytest.mark.parametrize("rows", [2, 3000])
def test_many_destinations_fit_in_a_store(tmp_path, rows):
    """The first push sends all rows of 200 destinations; the second one, in a process of its own, sends none."""
    with open_store(str(tmp_path / "s.duckdb")) as store:
        assert [rows] * MANY == push(store, rows)
    with open_store(str(tmp_path / "s.duckdb")) as store:
        assert [0] * MANY == push(store, rows)


@pytest.mark.slow
def test_a_store_with_a_large_log_opens_again(tmp_path):
    """After a kill, acknowledged rows are known and the others are uncertain, even if all are only in the log."""
    path = tmp_path / "s.duckdb"
    assert 9 == subprocess.run([sys.executable, "-c", KILLED, path], timeout=120).returncode
    assert (tmp_path / "s.duckdb.wal").stat().st_size > 100_000
    with open_store(str(path)) as store:
        assert {("a", True), ("b", False)} == {
            (key, known)
            for number in store.destinations.identities()
            for key, known in store.database.run(f"SELECT key, fingerprint IS NOT NULL FROM sent_{number}")
        }
        assert [2] * MANY == [store.acks.count(number) for number in store.destinations.identities()]


def test_a_limit_that_is_too_small_is_raised(tmp_path):
    """Statements and transactions are repeated with more memory, and no row is counted twice."""
    rows = 100_000
    with open_store(str(tmp_path / "s.duckdb"), memory="1MB") as store:
        number = store.destinations.number_of("identity", "sync")
        store.staging.start(number)
        for first in range(0, rows, 20_000):
            keys = [f"key {at}" for at in range(first, first + 20_000)]
            store.staging.add(number, keys, [b'{"k":1}'] * len(keys), keys)
        found = store.changes.compare(number, [["add"]], diff=True, grouped=False, ordered=True)
        store.acks.begin(number, 0, rows, non_idempotent=False)
        store.acks.acknowledge(number, [(0, rows)])
        store.acks.commit_acknowledged(number)
        assert rows == found.adds
        assert rows == store.acks.count(number)


@pytest.mark.slow
def test_a_sync_file_of_many_syncs_is_pushed(tmp_path):
    """A SYNC.yml of 200 audience mirrors is pushed twice without an error."""
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
        for said in ([f"s{at}: creates the audience 'A{at}'" for at in range(MANY)], []):
            done = commands.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
            assert 0 == done.returncode
            lines = [line.partition(" INFO talon-one push ")[2] for line in done.stderr.splitlines()]
            assert said == [line for line in lines if not line.startswith("The store ")]
        assert 2 * MANY == len(emulator.state("memberships")["memberships"])
