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
    """After 20 pushes, five of them killed, the history says who was added and removed by which run, and why not."""
    turns = [Turn(here, server, log_url, number) for number in range(20)]
    members = members_of(server)
    assert set(turns[-1].segment) == members
    killed = [turn.number for turn in turns if turn.killed]
    assert 5 == len(killed)
    runs = query(log_url, "SELECT run_id, status FROM {0}.sync_runs ORDER BY started_at")
    assert ["broken off" if turn.killed else "done" for turn in turns] == [status for _, status in runs]
    for turn, (run, _), before in zip(turns, runs, [None, *turns], strict=False):
        found = query(log_url, f"SELECT row_key, operation FROM {{0}}.sync_changes WHERE run_id = '{run}'")
        noted = {(key, operation) for key, operation in found if key != INVALID}
        assert noted <= turn.changes if turn.killed else turn.changes <= noted
        # The next push sends again what a killed one may have sent without an answer.
        uncertain = before.planned if before and before.killed else set()
        assert {key for key, _ in noted - turn.changes} <= uncertain
        refused = query(log_url, f"SELECT row_key, kind, reason FROM {{0}}.sync_rejects WHERE run_id = '{run}'")
        assert refused == ([(INVALID, "invalid", REASON)] if refused or not turn.killed else [])
    last = """
        SELECT row_key FROM (
            SELECT c.row_key, c.operation, ROW_NUMBER() OVER (
                PARTITION BY c.row_key ORDER BY r.started_at DESC
            ) AS nth
            FROM {0}.sync_changes AS c JOIN {0}.sync_runs AS r ON r.run_id = c.run_id WHERE c.outcome = 'acknowledged'
        ) AS found WHERE nth = 1 AND operation <> 'remove'
    """
    assert members == {key for (key,) in query(log_url, last)}


INVALID = "row 1"
REASON = "'profileIntegrationId' from column 'id': it is an empty text"


class Turn:
    """A push of another segment, whose first row is refused; some are killed.

    Attributes:
        planned: keys that it has to add or to remove.
        changes: what it has done at Talon.One: key, and ``add`` or ``remove``.
        killed: whether it was killed.
    """

    def __init__(self, folder, server, log_url, number) -> None:
        self.number = number
        chance = random.Random(number)
        self.segment = [f"c-{n}" for n in range(3_000) if chance.random() < 0.9]
        write(folder, ["", *self.segment], log_url)
        before = members_of(server)
        server.fault(LISTS, "latency", count=0, seconds=0.3)
        try:
            self.killed = self._push(server, kill=number % 4 == 1)
        finally:
            server.clear_faults()
        after, self.planned = members_of(server), before ^ set(self.segment)
        self.changes = {(key, "add") for key in after - before} | {(key, "remove") for key in before - after}

    def _push(self, server, *, kill) -> bool:
        process = commands.Popen([sys.executable, "-m", "talon_one_cli", "push", "s.yml"], stderr=subprocess.PIPE)
        sent = requests(server)
        while kill and process.poll() is None and requests(server) <= sent:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.02)
        if kill:
            process.send_signal(signal.SIGKILL)
        _, errors = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), errors.decode()
        return process.returncode == -signal.SIGKILL


def requests(server):
    """How many requests have changed an audience."""
    return server.counters().get(LISTS, {"requests": 0})["requests"]


def members_of(server):
    """The members of all audiences, as the emulator has them."""
    state = server.state("memberships", "profiles")
    names = {profile["id"]: profile["integration_id"] for profile in state["profiles"]}
    return {names[row["profile"]] for row in state["memberships"]}
