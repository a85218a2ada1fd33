"""``--guard``: guards of one push, plan or verification."""

from __future__ import annotations

import json

import pytest

MEMBERS = {"sink": "audience_members", "mode": "mirror", "key": "id", "create_profiles": "allow"}


@pytest.fixture
def here(tmp_path, monkeypatch, server, account):
    """A folder with two audiences of four, of which three rows have left the sources."""
    server.reset()
    monkeypatch.chdir(tmp_path)
    account(server)
    syncs = {name: {"source": f"{name}.csv", "audience": {"name": name}, **MEMBERS} for name in ("vip", "lapsing")}
    (tmp_path / "s.yml").write_text(json.dumps({"store": "st.duckdb", "syncs": syncs}))
    return tmp_path


def rows(folder, *ids):
    """Write the sources of both syncs."""
    for name in ("vip", "lapsing"):
        (folder / f"{name}.csv").write_text("\n".join(["id", *(f"{name}-{one}" for one in ids)]) + "\n")


@pytest.fixture
def smaller(here, in_process):
    """The folder after a push of four rows, with one row in each source."""
    rows(here, "a", "b", "c", "d")
    assert 0 == in_process("push", "s.yml").code
    rows(here, "a")
    return here


def removes(done):
    """Return the removed or to be removed rows by sync."""
    report = json.loads(done.out)
    found = report["destinations"]
    return (
        {one["name"]: one["removes"] for one in found}
        if isinstance(found, list)
        else {name: one["removes"] for name, one in found.items()}
    )


def test_a_guard_is_raised_for_one_run(smaller, in_process):
    """The message of the guard names the option; with it the run goes on, and the next run has the guard again."""
    stopped = in_process("push", "s.yml")
    assert 3 == stopped.code
    assert "raise max_delete_share for this run with --guard vip.max_delete_share=SHARE" in stopped.err
    one = in_process("plan", "s.yml", "--json", "--guard", "vip.max_delete_share=0.8")
    assert 3 == one.code
    assert "vip: " not in one.err
    assert "lapsing: 3 of 4 rows" in one.err
    all_of_them = in_process("push", "s.yml", "--json", "--guard", "max_delete_share=0.8")
    assert 0 == all_of_them.code, all_of_them.err
    assert {"vip": 3, "lapsing": 3} == removes(all_of_them)
    rows(smaller, "z")
    assert 3 == in_process("plan", "s.yml").code


def test_a_guard_that_stops_is_named_with_its_option_and_in_the_history(smaller, in_process):
    """Plan, push and verify --heal say how to raise the guard, and the history says of each that it was stopped."""
    for command in (("plan",), ("push",), ("verify", "--heal")):
        stopped = in_process(command[0], "s.yml", *command[1:])
        assert 3 == stopped.code
        assert 1 == stopped.err.count("for this run with --guard vip.max_delete_share=SHARE")
    statuses = [one["status"] for one in json.loads(in_process("runs", "--store", "st.duckdb", "--json").out)]
    assert ["stopped", "stopped", "stopped", "done"] == statuses
    healed = in_process("verify", "s.yml", "--heal", "--guard", "max_delete_share=1")
    assert 0 == healed.code, healed.err


def test_a_plan_is_applied_with_the_guards_it_was_made_with(smaller, in_process):
    """A kept plan holds its guards, so that apply is not stopped by those of the file."""
    made = in_process("plan", "s.yml", "-o", "p.json", "--guard", "max_delete_share=1")
    assert 0 == made.code, made.err
    done = in_process("apply", "p.json", "--json")
    assert 0 == done.code, done.err
    assert {"vip": 3, "lapsing": 3} == removes(done)
    plan = json.loads((smaller / "p.json").read_text())
    (smaller / "p.json").write_text(json.dumps(plan | {"guards": "max_deletes=1"}))
    assert 2 == in_process("apply", "p.json").code


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("max_deletes", "must be NAME=VALUE or SYNC.NAME=VALUE"),
        ("max_delete=3", "did you mean 'max_deletes'?"),
        ("vpi.max_deletes=3", "there is no sync 'vpi' in this run; did you mean 'vip'?"),
        ("vip.max_delete_share=2", "vip.max_delete_share must be a share between 0 and 1"),
        ("allow_empty=perhaps", "allow_empty"),
    ],
)
def test_a_guard_that_cannot_be_used_is_refused(here, in_process, given, words):
    """The message names the option and what it may be; nothing is read."""
    done = in_process("push", "s.yml", "--guard", given)
    assert 2 == done.code
    assert words in done.err
    assert not (here / "st.duckdb").exists()


def test_an_empty_value_means_the_default(smaller, in_process):
    """A guard of the file is switched off by its default: without max_deletes any number may be removed."""
    content = json.loads((smaller / "s.yml").read_text())
    for one in content["syncs"].values():
        one |= {"max_deletes": 1, "max_delete_share": 1}
    (smaller / "s.yml").write_text(json.dumps(content))
    assert 3 == in_process("plan", "s.yml").code
    assert 0 == in_process("plan", "s.yml", "--guard", "max_deletes=").code
