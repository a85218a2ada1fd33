"""``log_to``: the history of pushes as tables of a warehouse, whatever happens to the pushes."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from contextlib import suppress

import duckdb
import pytest

from talon_one_warehouse import open_warehouse
from tests import commands

LISTS = "update_customer_profile_audiences"
UNREACHABLE = "postgresql://nobody@127.0.0.1:1/nothing"
HISTORY = """
SELECT r.status, c.sync, c.row_key, c.operation, c.outcome
FROM {0}.sync_changes AS c JOIN {0}.sync_runs AS r ON r.run_id = c.run_id
ORDER BY r.started_at, c.operation, c.row_key
"""


@pytest.fixture
def here(tmp_path, monkeypatch, server, account):
    """A folder for the files of pushes."""
    server.reset()
    server.add("attributes", {"entity": "CustomerProfile", "name": "tier", "type": "string"})
    monkeypatch.chdir(tmp_path)
    account(server)
    return tmp_path


@pytest.fixture(params=["duckdb", "postgresql"])
def log_url(request, here):
    """A warehouse for the history."""
    file = f"duckdb:///{here}/log.duckdb"
    return file if request.param == "duckdb" else request.getfixturevalue("postgres_url")


@pytest.fixture
def push(here, in_process):
    """Push rows into an audience: ``push(ids, log_to, **settings)``."""

    def run(ids, log_to, **settings):
        write(here, ids, log_to, **settings)
        return in_process("push", "s.yml")

    return run


def write(folder, ids, log_to, **settings):
    """Write the files of a push."""
    (folder / "v.jsonl").write_text("".join(json.dumps({"id": one}) + "\n" for one in ids))
    members = {"source": "v.jsonl", "sink": "audience_members", "audience": {"name": "vip"}, "mode": "mirror"}
    guards = {"create_profiles": "allow", "max_delete_share": 1, "max_reject_share": 1}
    given = {"store": "st.duckdb", "log_to": log_to, "syncs": {"vip": {**members, "key": "id", **guards}}}
    (folder / "s.yml").write_text(json.dumps(given | settings))


def query(url, sql):
    """Rows of a query; ``{0}`` is the schema of the history."""
    with open_warehouse(url, schema="talon_one_sync") as warehouse:
        return warehouse.query(sql.format("talon_one_sync"))


def test_the_history_says_who_was_added_and_removed_by_which_run(push, log_url):
    """Each acknowledged row has its run, its sync and what was done; a push without changes is a run without rows."""
    for ids in (["a", "b"], ["b", "c"], ["b", "c"]):
        assert 0 == push(ids, log_url).code
    expected = [
        ("done", "vip", "a", "add", "acknowledged"),
        ("done", "vip", "b", "add", "acknowledged"),
        ("done", "vip", "c", "add", "acknowledged"),
        ("done", "vip", "a", "remove", "acknowledged"),
    ]
    assert expected == query(log_url, HISTORY)
    runs = query(log_url, "SELECT status, started_at <= ended_at, command FROM {0}.sync_runs")
    assert [("done", True, "push")] * 3 == runs


def test_refused_rows_have_their_reason(push, log_url):
    """A row that cannot be mapped is a refused row with its reason; other rows of the push are acknowledged."""
    assert 0 == push(["a", ""], log_url).code
    found = query(log_url, "SELECT sync, row_key, kind, reason FROM {0}.sync_rejects")
    assert [("vip", "row 2", "invalid")] == [row[:3] for row in found]
    assert "'profileIntegrationId' from column 'id': it is an empty text" == found[0][3]
    outcomes = query(log_url, "SELECT row_key, outcome FROM {0}.sync_changes ORDER BY row_key")
    assert [("a", "acknowledged"), ("row 2", "refused")] == outcomes


def test_a_run_that_fails_is_written_too(push, server, log_url):
    """A run that Talon.One refuses as a whole has its status and its error, and no row that it did not send."""
    server.fault(LISTS, 403, count=0)
    try:
        failed = push(["a"], log_url)
    finally:
        server.clear_faults()
    assert 0 != failed.code
    ((status, error),) = query(log_url, "SELECT status, error FROM {0}.sync_runs")
    assert "failed" == status
    assert "403" in error
    assert [] == query(log_url, "SELECT * FROM {0}.sync_changes")


def test_a_warehouse_that_cannot_be_reached_fails_no_push(push, log_url):
    """The push succeeds with a warning, and the next push that reaches the warehouse writes the history of both."""
    first = push(["a"], UNREACHABLE)
    assert 0 == first.code
    assert "log_to: the history was not written to postgresql://" in first.err
    assert 0 == push(["a", "b"], log_url).code
    assert ["a", "b"] == [key for (key,) in query(log_url, "SELECT row_key FROM {0}.sync_changes ORDER BY row_key")]
    assert [(2,)] == query(log_url, "SELECT COUNT(DISTINCT run_id) FROM {0}.sync_changes")


def test_keys_are_hashed_on_request(push, log_url):
    """With hashed keys neither table holds a key, and the reason of a row that cannot be mapped is masked."""
    assert 0 == push(["ann@example.com", ""], log_url, log_keys="hashed").code
    assert 2 == query(log_url, "SELECT COUNT(*) FROM {0}.sync_changes WHERE row_key LIKE 'sha256:%'")[0][0]
    assert [("masked",)] == query(log_url, "SELECT reason FROM {0}.sync_rejects")


def test_a_plan_writes_no_history(push, in_process, here):
    """A plan changes nothing, so it opens no warehouse."""
    write(here, ["a"], f"duckdb:///{here}/log.duckdb")
    assert 0 == in_process("plan", "s.yml").code
    assert not (here / "log.duckdb").exists()


def test_an_erased_person_is_in_no_pending_history(push, in_process, here):
    """What a warehouse has not got yet is erased with the store."""
    assert 0 == push(["ann", "bob"], UNREACHABLE).code
    (here / "c.json").write_text(json.dumps({"store": "st.duckdb"}))
    assert 0 == in_process("erase", "--ids", "ann", "--config", "c.json", "--yes").code
    with duckdb.connect(str(here / "st.duckdb")) as store:
        assert [("bob",)] == store.sql("SELECT key FROM unlogged ORDER BY key").fetchall()


@pytest.mark.slow
def test_the_history_of_killed_pushes_equals_the_audience(here, server, log_url):
    """After 20 pushes, five of them killed, the last change of each row says whether it is in the audience."""
    chance, members, killed = random.Random(5), set(range(3_000)), 0
    server.fault(LISTS, "latency", count=0, seconds=0.3)
    try:
        for turn in range(20):
            members = members - set(chance.sample(sorted(members), 300)) | {10_000 + 400 * turn + n for n in range(300)}
            write(here, [f"c-{n}" for n in sorted(members)], log_url)
            process = commands.Popen([sys.executable, "-m", "talon_one_cli", "push", "s.yml"], stderr=subprocess.PIPE)
            if turn % 4 == 1:
                sent = server.counters().get(LISTS, {"requests": 0})["requests"]
                while process.poll() is None and server.counters().get(LISTS, {"requests": 0})["requests"] <= sent:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(timeout=0.02)
                process.send_signal(signal.SIGKILL)
            _, errors = process.communicate()
            killed += process.returncode == -signal.SIGKILL
            assert process.returncode in (0, -signal.SIGKILL), errors.decode()
    finally:
        server.clear_faults()
    assert 5 == killed
    last = """
        SELECT row_key FROM (
            SELECT c.row_key, c.operation, ROW_NUMBER() OVER (
                PARTITION BY c.row_key ORDER BY r.started_at DESC
            ) AS nth
            FROM {0}.sync_changes AS c JOIN {0}.sync_runs AS r ON r.run_id = c.run_id
        ) AS found WHERE nth = 1 AND operation <> 'remove'
    """
    assert {f"c-{n}" for n in members} == {key for (key,) in query(log_url, last)}
    statuses = query(log_url, "SELECT status, COUNT(*) FROM {0}.sync_runs GROUP BY status ORDER BY status")
    assert [("broken off", 5), ("done", 15)] == statuses
