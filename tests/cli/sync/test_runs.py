"""``talon-one runs`` says of every run how it ended and what it did, also of one that was killed or stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from tests import commands

LISTS = "update_customer_profile_audiences"
KEY = {"sink": "audience_members", "audience": {"name": "vip"}, "mode": "mirror", "key": "id"}


@pytest.fixture
def here(tmp_path, monkeypatch, server, account):
    """A folder for the files of pushes."""
    server.reset()
    server.clear_requests()
    monkeypatch.chdir(tmp_path)
    account(server)
    return tmp_path


def write(folder, rows, **guards):
    """Write a file of syncs and a source with so many rows."""
    (folder / "v.csv").write_text("id\n" + "".join(f"c-{number}\n" for number in range(rows)))
    sync = {"source": "v.csv", **KEY, "create_profiles": "allow", **guards}
    (folder / "s.yml").write_text(json.dumps({"store": "st.duckdb", "concurrency": 1, "syncs": {"vip": sync}}))


def history(in_process):
    """The runs of the store, the newest first."""
    return json.loads(in_process("runs", "--store", "st.duckdb", "--json").out)


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGKILL, "broken off"), (signal.SIGINT, "stopped")])
def test_a_run_that_a_signal_ends_is_listed_with_what_was_acknowledged(here, server, in_process, signum, status):
    """The rows that are at Talon.One are counted as sent, and all others as pending."""
    write(here, 5_000)
    server.fault(LISTS, "latency", count=0, seconds=0.3)
    try:
        push = [sys.executable, "-m", "talon_one_cli", "push", "s.yml"]
        process = commands.Popen(push, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while server.counters().get(LISTS, {"requests": 0})["requests"] < 3:
            assert process.poll() is None
        process.send_signal(signum)
        out, err = process.communicate()
    finally:
        server.clear_faults()
    (one,) = history(in_process)
    counts = one["destinations"]["vip"]
    assert (status, "push", 5_000, 5_000) == (one["status"], one["command"], counts["read"], counts["adds"])
    assert 0 < counts["sent"] < 5_000
    assert 5_000 == counts["sent"] + counts["to_do"]
    table = in_process("runs", "--store", "st.duckdb").out
    assert f"{counts['sent']:,}" in table
    if signum == signal.SIGKILL:
        assert counts["requests"] is None
        assert "?" in table
    else:
        assert f"{counts['to_do']:,}" in out
        assert "Stopped by SIGINT: what Talon.One has acknowledged is in the store" in err
    assert 0 == in_process("push", "s.yml").code
    assert ["done", status] == [each["status"] for each in history(in_process)]


@pytest.mark.parametrize(
    ("rows", "guards", "shown"),
    [
        (2, {"create_profiles": "guard"}, True),
        (0, {}, True),
        (2, {"expect_environment": "sandbox"}, False),
    ],
)
def test_a_first_run_that_a_guard_stops_is_listed_and_shows_what_is_to_do(here, in_process, rows, guards, shown):
    """The table has what a plan shows, all of it pending; of a run that has read nothing there is no table."""
    write(here, rows, **guards)
    done = in_process("push", "s.yml")
    assert 3 == done.code, done.err
    (one,) = history(in_process)
    assert "stopped" == one["status"]
    if not shown:
        assert "" == done.out
        return
    counts = one["destinations"]["vip"]
    assert [rows] * 3 == [counts["read"], counts["adds"], counts["to_do"]]
    assert "to add" in done.out or not rows
    assert "would remove 0 of 0" not in done.err


def test_a_push_that_fails_before_its_comparison_prints_no_table(here, in_process, monkeypatch):
    """With a wrong key nothing is known of what is to be done, so no table says that it is nothing."""
    write(here, 2, create_profiles="guard")
    monkeypatch.setenv("TALON_ONE_API_KEY", "wrong-key")
    done = in_process("push", "s.yml")
    assert (2, "") == (done.code, done.out)


def test_rows_that_later_ones_replace_are_named_by_plan_and_push(here, in_process):
    """Every row that was read is accounted for below the table, also one with the key of a later row."""
    write(here, 2)
    (here / "v.csv").write_text("id\nada\nada\nbob\n")
    for command in ("plan", "push"):
        assert "vip: 1 row replaced by a later row with the same key\n" in in_process(command, "s.yml").out
