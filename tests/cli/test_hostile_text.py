"""Ids, names and messages with control characters, ANSI and bidi, through every command."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest

from talon_one_cli.main import COMMANDS
from talon_one_emulator import Emulator

HOSTILE = "x\x1b[2J\x1b]0;owned\x07\r\n2026-01-01T00:00:00Z ERROR forged\u202e\u2028\x9b[red]bold[/red]:smile:[/]\x00é"
ID = HOSTILE.replace("\x00", "")
SYNC = {"source": "v.jsonl", "mode": "mirror", "key": "id", "max_delete_share": 1, "max_reject_share": 1}
SYNC |= {"sink": "audience_members", "audience": {"name": f"vip {ID}"}, "create_profiles": "allow"}


@pytest.fixture(scope="module")
def server():
    """A local Talon.One with a card and a profile of hostile names."""
    with Emulator(seed="empty", management_rate=0) as emulator:
        emulator.add("programs", {"name": f"p {ID}", "cardBased": True}, {"name": f"q {ID}", "cardBased": False})
        emulator.add("profiles", {"integrationId": ID})
        yield emulator


@pytest.fixture
def command(tmp_path, monkeypatch, in_process, account, server):
    """Runs ``talon-one`` in a folder with hostile rows, and returns what it writes to both streams."""
    monkeypatch.chdir(tmp_path)
    account(server)
    rows = [{"id": ID}, {"id": "good"}, {"id": f"{ID}{'x' * 1000}"}, {"id": {ID: ID}}]
    (tmp_path / "v.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "s.yml").write_text(json.dumps({"store": "st.duckdb", "syncs": {f"vip {HOSTILE}": SYNC}}))
    (tmp_path / "ids.jsonl").write_text(json.dumps({"profile_id": ID}) + "\n")
    (tmp_path / "c.json").write_text(json.dumps({"store": "st.duckdb"}))

    def run(*arguments):
        done = in_process(*arguments)
        assert "Traceback" not in done.err
        return done.out, done.err

    return run


def latest(command):
    """Return the id of the last run."""
    return json.loads(command("runs", "--store", "st.duckdb", "--json")[0])[0]["id"]


WALK = {
    "plan": [("plan", "s.yml"), ("plan", "s.yml", "--json"), ("plan", f"{ID}.yml")],
    "push": [("push", "s.yml"), ("push", "s.yml", "--json"), ("push", "s.yml", "--config", ID)],
    "apply": [("plan", "s.yml", "-o", "p.json"), ("apply", "p.json"), ("apply", ID)],
    "verify": [("push", "s.yml"), ("verify", "s.yml"), ("verify", "s.yml", "--json")],
    "retry": [("push", "s.yml"), ("retry", "RUN", "--config", "c.json"), ("retry", ID, "--config", "c.json")],
    "runs": [("push", "s.yml"), ("runs", "--store", "st.duckdb"), ("runs", "show", "RUN", "--store", "st.duckdb")],
    "doctor": [("doctor", "s.yml"), ("doctor", ID)],
    "demo": [("demo", "--out", f"v.jsonl/{ID}")],
    "report": [("report", "--in", ID), ("report", "--in", "duckdb:///w.duckdb", "--schema", ID)],
    "init": [("init", "p", "--audience", ID), ("init", "p", "--catalog-ids", ID), ("init", ID, "--key", ID)],
    "erase": [("erase", "--ids", ID, "--config", "c.json"), ("erase", "--ids-file", ID, "--yes", "--config", "c.json")],
    "check": [("check",), ("check", "--json"), ("check", "--base-url", f"http://{ID}")],
    "call": [("call", ID), ("call", "get_customer_profile", "--path", f"integrationId={ID}"), ("call", "--list")],
    "migrate-lake": [("migrate-lake", "--to", ID), ("migrate-lake", "--to", f"s3://{ID}")],
    "load": [
        ("load", "--to", "duckdb:///w.duckdb"),
        ("load", "--to", ID),
        ("load", "--to", "duckdb:///w.duckdb", "--streams", ID),
    ],
    "listen": [
        ("listen", "--port", "0", "--to", ID),
        ("listen", "--port", "0", "--to", "duckdb:///w.duckdb", "--host", ID),
    ],
    "models": [("models", "--to", "duckdb:///w.duckdb", "--schema", ID), ("models", "--to", ID)],
    "reconcile": [("reconcile",), ("reconcile", "--at", ID)],
    "expiring": [("expiring", "--by", "2030-01-01T00:00:00Z"), ("expiring", "--by", ID)],
    "estimate": [("estimate",), ("estimate", "--streams", ID)],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_that_cannot_be_seen_reaches_a_terminal(command, name):
    """No command prints control characters; a new command fails here until this module tests it."""
    for arguments in WALK[name]:
        given = [latest(command) if word == "RUN" else word for word in arguments]
        for text in command(*given):
            assert [] == [c for c in text if not c.isprintable() and c != "\n"], given
            assert [] == [line for line in text.split("\n") if line.startswith("2026-01-01T00:00:00Z")], given


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize("name", ["plan", "push", "runs", "verify", "call"])
def test_an_output_of_another_encoding_ends_no_command(command, monkeypatch, name, encoding):
    """Characters that the encoding of the output lacks are replaced."""
    for arguments in WALK[name]:
        given = [latest(command) if word == "RUN" else word for word in arguments]
        written = io.BytesIO()
        output = io.TextIOWrapper(written, encoding=encoding)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", output)
            command(*given)
        assert b"\x1b" not in written.getvalue()


def test_markup_of_the_terminal_library_is_shown_as_it_is(command):
    """Brackets in an id are printed, and an unmatched closing one is not an error."""
    out, _ = command("plan", "s.yml")
    assert "[red]bold[/red]:smile:[/]" in out


@pytest.fixture(autouse=True)
def _logging():
    """The commands set up the logging of this process."""
    before = logging.getLogger().handlers[:]
    yield
    logging.getLogger().handlers[:] = before
