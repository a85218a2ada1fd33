"""``talon-one init``: the files that a project begins with."""

from __future__ import annotations

import json
import shlex
import stat

import pytest

from talon_one_client.client import TalonOneClient
from talon_one_client.connection.config import ClientConfig
from talon_one_emulator import Emulator
from talon_one_singer.settings.secret import Secret

FILES = {"talon-one.json", "SYNC.yml", "catalog.json"}


@pytest.fixture(scope="module")
def emu():
    """A local Talon.One with programs, an audience and a catalog."""
    with Emulator(seed="demo", management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def here(tmp_path, monkeypatch, emu, account):
    """An empty folder, with the keys of the account in the environment."""
    monkeypatch.chdir(tmp_path)
    account(emu)
    return tmp_path


def written(folder):
    """Return the content of the files of a folder by their names."""
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_the_written_files_are_read_by_load_and_plan(here, in_process, emu):
    """The files work as they are; the keys of the environment are in none of them."""
    done = in_process("init", "p", "--audience", "My VIPs!", "--key", "id", "--streams", "loyalty_programs")
    assert 0 == done.code, done.err
    found = written(here / "p")
    assert set(found) == FILES
    assert emu.url == json.loads(found["talon-one.json"])["base_url"]
    assert not any(emu.api_key in text or emu.management_key in text for text in found.values())
    assert {0o600} == {stat.S_IMODE((here / "p" / name).stat().st_mode) for name in FILES}
    (here / "segment.csv").write_text("id\nada\n")
    config = ("--config", "p/talon-one.json")
    planned = in_process("plan", "p/SYNC.yml", "--json", "--guard", "create_profiles=allow", *config)
    assert 0 == planned.code, planned.err
    (plan,) = json.loads(planned.out)["destinations"]
    assert ("my_vips", "audience_members", 1) == (plan["name"], plan["sink"], plan["adds"])
    loaded = in_process("load", "--to", "duckdb:///w.duckdb", "--catalog", "p/catalog.json", "--json", *config)
    assert 0 == loaded.code, loaded.err
    assert ["loyalty_programs"] == list(json.loads(loaded.out)["streams"])


def test_the_account_is_listed(here, in_process, emu):
    """Programs, audiences and the named catalogs are printed with their ids."""
    with TalonOneClient(ClientConfig(base_url=emu.url, api_key=Secret(emu.api_key))) as client:
        client.create_audience_v2({"name": "Shoppers", "integration": "shop", "integrationId": "s-1"})
    done = in_process("init", "--catalog-ids", "1,99")
    assert 0 == done.code, done.err
    for line in ("Management API key (management_key): works", "loyalty programs:", "Shoppers (shop, s-1)", "  1: "):
        assert line in done.out
    assert "  99: there is no such catalog" in done.out


def test_nothing_is_overwritten(here, in_process):
    """A file that exists stays as it is; the missing ones are written."""
    (here / "SYNC.yml").write_text("mine")
    done = in_process("init")
    assert 0 == done.code, done.err
    assert "SYNC.yml: exists, and stays as it is" in done.out
    assert "move the file away and run again to get it" in done.out
    assert "mine" == written(here)["SYNC.yml"]
    assert set(written(here)) == FILES


def test_a_second_run_says_what_is_kept(here, in_process, monkeypatch):
    """Files that would be the same are kept without more words; the next step takes the warehouse of the variable."""
    first, second = in_process("init"), in_process("init")
    monkeypatch.setenv("TALON_ONE_TO", "duckdb:///mine.duckdb")
    third = in_process("init", "--audience", "Others")
    assert "talon-one load --to duckdb:///loyalty.duckdb --config" in first.out
    assert "SYNC.yml: exists, and stays as it is\n" in second.out
    assert "SYNC.yml: exists, and stays as it is; these options would write another one" in third.out
    assert "  talon-one load --config" in third.out


def test_what_no_option_gives_is_asked_for(here, in_process, monkeypatch):
    """The answers are those of a terminal, in the order of the questions."""
    answers = iter(["postgresql://reader:${PASSWORD}@db/shop", "marts.vip", "customer", "VIP"])
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _text: next(answers))
    done = in_process("init", "--ask")
    assert 0 == done.code, done.err
    text = written(here)["SYNC.yml"]
    assert 'source: {url: "postgresql://reader:${PASSWORD}@db/shop", table: "marts.vip"}' in text
    assert 'key: "customer"' in text
    assert [] == list(answers)


def test_keys_that_are_typed_are_kept_in_the_config(here, in_process, monkeypatch, emu):
    """Without keys in the environment they are asked for, hidden, and written to the config alone."""
    for name in ("TALON_ONE_API_KEY", "TALON_ONE_MANAGEMENT_KEY"):
        monkeypatch.delenv(name)
    keys = iter([emu.api_key, ""])
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _text: next(keys))
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _text: "")
    done = in_process("init", "--ask")
    assert 0 == done.code, done.err
    assert emu.api_key == json.loads(written(here)["talon-one.json"])["api_key"]
    assert emu.api_key not in done.out + done.err + written(here)["SYNC.yml"]
    assert "holds keys: do not commit it" in done.out
    assert "unknown without management_key" in done.out


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (("--source", "postgresql://u:secret-word@db/shop", "--table", "t"), 2, "must not hold a password"),
        (("--source", "adbc://x?password=secret-word", "--sql", "SELECT 1"), 2, "must not hold a password"),
        (("--source", "postgresql://db/shop"), 2, "a database needs either sql or table"),
        (("--streams", "loyalty_program"), 2, "did you mean 'loyalty_programs'?"),
        (("--catalog-ids", "x"), 2, "--catalog-ids must be ids like 1,2"),
        (("--base-url", "http://127.0.0.1:1"), 1, "127.0.0.1"),
    ],
)
def test_what_cannot_be_used_writes_nothing(here, in_process, monkeypatch, given, code, words):
    """The message names the option, and no file is left behind."""
    monkeypatch.setenv("TALON_ONE_RETRY_BUDGET_SECONDS", "0")
    done = in_process("init", *given)
    assert code == done.code
    assert words in done.err
    assert "secret-word" not in done.out + done.err
    assert {} == written(here)


def test_a_key_that_does_not_work_writes_nothing(here, in_process, monkeypatch):
    """The keys are tried first."""
    monkeypatch.setenv("TALON_ONE_API_KEY", "wrong")
    done = in_process("init")
    assert done.code in (1, 2)
    assert "api_key" in done.out
    assert {} == written(here)


def test_the_commands_in_the_written_file_run_as_they_are(here, in_process):
    """The comment of SYNC.yml names commands that work in the folder of init; a source that is not there is named."""
    done = in_process("init", "my project", "--source", "members.csv", "--key", "id")
    assert 0 == done.code, done.err
    assert "members.csv: there is no such file yet" in done.out
    text = (here / "my project" / "SYNC.yml").read_text()
    (command,) = [line for line in text.splitlines() if "talon-one plan" in line]
    (here / "members.csv").write_text("id\nada\n")
    arguments = shlex.split(command.removeprefix("#"))[1:]
    planned = in_process(*arguments, "--guard", "create_profiles=allow")
    assert 0 == planned.code, planned.err
    again = in_process("init", "my project", "--source", "members.csv", "--key", "id")
    assert "no such file" not in again.out
    database = in_process("init", "other", "--source", "postgresql://db/shop", "--table", "t")
    assert "no such file" not in database.out
