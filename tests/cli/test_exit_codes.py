"""A setting that must be corrected ends every command with exit code 2, however many runs or streams it stops."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from talon_one_cli.main import COMMANDS, cli
from talon_one_singer.exit_codes import ExitCode
from tests import commands

VIP = {
    "source": "vip.csv",
    "sink": "audience_members",
    "audience": {"name": "VIP"},
    "mode": "mirror",
    "key": "id",
    "create_profiles": "allow",
    "max_reject_share": 1,
}
ITEMS = {"source": "vip.csv", "sink": "catalog_items", "catalog_id": 1, "mode": "upsert", "max_reject_share": 1}
WITHOUT_KEYS = {"demo", "init", "listen", "migrate-lake", "models", "report", "runs"}
REPORTS = {"check": 1, "doctor": 1}  # what they find is their output
CASES = {
    "apply": ["plan.json"],
    "plan": ["s.yml"],
    "push": ["s.yml"],
    "verify": ["s.yml"],
    "call": ["get_audiences"],
    "erase": ["--ids", "ada", "--yes"],
    "estimate": [],
    "expiring": ["--by", "2030-01-01T00:00:00Z"],
    "load": ["--to", "duckdb:///w.duckdb"],
    "reconcile": [],
}


@pytest.fixture
def here(tmp_path, monkeypatch, server, account, in_process):
    """Work in a folder with a sync that was pushed, a refused row of it, and a plan."""
    monkeypatch.chdir(tmp_path)
    server.reset()
    account(server)
    Path("vip.csv").write_text("id,brand\nada,x\n")
    sync(ITEMS | {"map": {"sku": "id", "attributes": ["brand"]}})
    with monkeypatch.context() as changes:  # with the key, the attribute would be found missing before it is sent
        changes.delenv("TALON_ONE_MANAGEMENT_KEY")
        assert 0 == in_process("push", "s.yml").code
    sync(VIP)
    assert 0 == in_process("push", "s.yml").code
    Path("vip.csv").write_text("id,brand\nada,x\nben,y\n")
    assert 0 == in_process("plan", "s.yml", "-o", "plan.json").code
    return tmp_path


def sync(*given):
    """Write a SYNC.yml."""
    Path("s.yml").write_text(json.dumps({"syncs": {f"sync-{n}": one for n, one in enumerate(given)}}))


def singer(server, key, streams):
    """Return the exit codes of tap and target with settings."""
    config = {"base_url": server.url} | ({} if key is None else {"api_key": key, "management_key": key})
    Path("tap.json").write_text(json.dumps(config))
    Path("target.json").write_text(json.dumps(config | {"streams": streams, "store": "target.duckdb"}))
    lines = [
        {"type": "SCHEMA", "stream": "vip", "schema": {"properties": {"id": {}}}, "key_properties": ["id"]},
        {"type": "RECORD", "stream": "vip", "record": {"id": "ada"}},
    ]
    given = "\n".join(json.dumps(line) for line in lines)
    codes = {}
    for name in ("tap", "target"):
        command = [sys.executable, "-m", f"{name}_talon_one", "--config", f"{name}.json"]
        codes[name] = commands.run(command, input=given, capture_output=True, text=True).returncode
    return codes


KEYS = ("TALON_ONE_API_KEY", "TALON_ONE_MANAGEMENT_KEY")
KEYLESS = {
    KEYS[0]: {"apply": 2, "push": 2, "retry": 2, "erase": 2},
    KEYS[1]: {"load": 2, "estimate": 2, "expiring": 2, "reconcile": 2, "call": 2, "plan": 0, "verify": 5},
}
"""What commands that need a key return without it; a plan can do without, and the verdict of verify is unknown."""


@pytest.fixture
def codes(here, in_process):
    """Run commands, and return their exit codes by name."""
    runs = json.loads(in_process("runs", "--json").out)
    run = next(one for one in runs if one["destinations"]["sync-0"]["rejected"])
    cases = CASES | {"retry": [run["id"]], "check": []}
    return lambda names: {name: in_process(name, *cases[name]).code for name in names}


def test_a_wrong_key_is_code_2(monkeypatch, server, codes):
    """Every command that uses a key, tap and target end with 2."""
    assert set(COMMANDS) == {*CASES, "retry", *REPORTS, *WITHOUT_KEYS}
    for name in KEYS:
        monkeypatch.setenv(name, "wrong")
    assert dict.fromkeys([*CASES, "retry"], 2) | {"check": 1} == codes([*CASES, "retry", "check"])
    assert {"tap": 2, "target": 2} == singer(server, "wrong", {"vip": {**audience(1), "mode": "upsert"}})


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_key_is_code_2(monkeypatch, codes, key):
    """Commands that need one of the keys end with 2 without it, also if only some of their streams do."""
    assert {*CASES, "retry"} == {name for needs in KEYLESS.values() for name in needs}
    monkeypatch.delenv(key)
    assert KEYLESS[key] == codes(KEYLESS[key])
    for other in KEYS:
        monkeypatch.delenv(other, raising=False)
    assert dict.fromkeys(KEYLESS[key], 2) == codes(KEYLESS[key])


def test_a_push_that_sent_nothing_added_nothing(here, monkeypatch, in_process):
    """The heads of the table say what was to be done, unless all of it was acknowledged."""
    monkeypatch.delenv("TALON_ONE_API_KEY")
    failed = in_process("push", "s.yml").out
    assert "to add" in failed
    assert "added" not in failed


def audience(number):
    return {"sink": "audience_members", "audience": number, "key": "id", "create_profiles": "allow"}


def test_an_id_that_does_not_exist_is_code_2(here, server, in_process):
    """An audience or catalog that is not there has to be corrected in the settings, also if two syncs name one."""
    missing = {"source": "vip.csv", **audience(999), "mode": "upsert"}
    catalog = ITEMS | {"catalog_id": 77, "map": {"sku": "id"}}
    for syncs in ([missing], [catalog], [missing, catalog]):
        sync(*syncs)
        done = in_process("push", "s.yml")
        assert 2 == done.code, done.err
        assert 2 == in_process("plan", "s.yml").code
    assert 2 == singer(server, server.management_key, {"vip": {**audience(999), "mode": "upsert"}})["target"]


def test_a_setting_does_not_hide_what_may_pass(here, server, in_process, monkeypatch):
    """If another sync has failed for a reason that may pass, the code is 1: a later run may send its rows."""
    monkeypatch.delenv("TALON_ONE_MANAGEMENT_KEY")  # with it, the id is found missing before anything is sent
    server.fault("sync_catalog", "500", count=0)
    Path("c.json").write_text('{"retry_budget_seconds": 1}')
    sync({"source": "vip.csv", **audience(999), "mode": "upsert"}, ITEMS | {"map": {"sku": "id"}})
    done = in_process("push", "s.yml", "--config", "c.json")
    server.clear_faults()
    assert 1 == done.code, done.err


DOCS = Path(__file__).resolve().parents[2] / "docs"


def codes_in_help(name):
    """Return the meaning of each exit code that the help of a command names."""
    words = " ".join((cli.get_command(None, name).help or "").split())
    return {int(code): text for code, text in re.findall(r"(?:Exit codes:|;) (\d+) ([^;]*)", words)}


def names_in(sentence):
    """Return the names of commands in a sentence of the page on exit codes, which is found by its first words."""
    page = " ".join((DOCS / "reference/exit-codes.md").read_text().split())
    found = re.search(rf"{re.escape(sentence)}([^.]*)", page)
    return set(re.findall(r"`([a-z]+)`", found[1]))


def test_help_and_page_give_codes_the_same_meaning():
    """Guards, drift and unknown are codes of the commands that the page names, and a wrong key is always code 2."""
    helps = {name: codes_in_help(name) for name in COMMANDS}
    assert set(ExitCode) >= {code for codes in helps.values() for code in codes}
    assert names_in("A [guard](sync-file.md#guards) can stop") == {name for name in helps if 3 in helps[name]}
    assert names_in("Code 4 comes from") == {name for name in helps if 4 in helps[name]}
    assert {"verify"} == {name for name in helps if 5 in helps[name]}
    with_keys = {*CASES, "retry", "init"} - {name for name in helps if not helps[name]}
    assert [] == [name for name in sorted(with_keys) if "key" not in helps[name].get(2, "")]
    assert set(REPORTS) >= {name for name in helps if re.search(r"\bkey\b", helps[name].get(1, ""))}


def test_pages_name_only_codes_of_the_table():
    """Every exit code in the docs exists."""
    found = {
        int(code)
        for page in DOCS.rglob("*.md")
        for code in re.findall(r"exit codes? \**(\d+)", page.read_text(), re.IGNORECASE)
    }
    assert found
    assert set(ExitCode) >= found
