"""What commands print with ``--json`` is what schemas/output says, and nothing else."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click
import duckdb
import jsonschema
import pytest

from talon_one_cli.main import cli
from talon_one_cli.project.output_schemas import OUTPUTS, output_schemas
from talon_one_emulator import Emulator
from tests import commands

ROOT = Path(__file__).resolve().parents[3]
MEMBERS = {"sink": "audience_members", "mode": "mirror", "key": "id", "max_reject_share": 1}
AUDIENCE = {"integration": "test"}
LOAD = ("load", "--to", "duckdb:///w.duckdb", "--streams", "loyalty_card_transactions,loyalty_card_balances")


def sync(name, **more):
    """Return a sync of an audience whose rows are in a file of its name."""
    return MEMBERS | {"source": f"{name}.jsonl", "audience": {**AUDIENCE, "name": name, "integration_id": name}} | more


def write_files(folder):
    """Write a SYNC.yml with one run, one with two runs, their rows, and one for the settings of a store alone."""
    (folder / "vip.jsonl").write_text('{"id": "ada"}\n{"id": null}\n')
    (folder / "later.jsonl").write_text('{"id": "ben"}\n')
    for name, syncs in {
        "one.yml": {"vip": sync("vip")},
        "two.yml": {"vip": sync("vip"), "later": sync("later", depends_on=["vip"])},
        "broken.yml": {"vip": sync("nosuch"), "later": sync("later", depends_on=["vip"])},
    }.items():
        (folder / name).write_text(json.dumps({"store": "store.duckdb", "syncs": syncs}))


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Run every command with --json, also where rows differ or fail, and return what each has printed."""
    folder, found = tmp_path_factory.mktemp("outputs"), {}
    write_files(folder)

    def run(*arguments, name=None):
        command = [sys.executable, "-m", "talon_one_cli", *arguments, "--json"]
        done = commands.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert "Traceback" not in done.stderr, done.stderr
        assert done.stdout, done.stderr
        found.setdefault(name or arguments[0], []).append(done.stdout)

    with Emulator(seed="demo", management_rate=0) as emu:
        account = {"TALON_ONE_BASE_URL": emu.url, "TALON_ONE_API_KEY": emu.api_key}
        account |= {"TALON_ONE_MANAGEMENT_KEY": emu.management_key, "TALON_ONE_SETTLE_SECONDS": "0"}
        environment = {**os.environ, **account, "TALON_ONE_MANAGEMENT_REQUESTS_PER_SECOND": "1000"}
        run("check")
        run("doctor", "one.yml")
        run("estimate")
        run(*LOAD)
        with duckdb.connect(str(folder / "w.duckdb")) as db:
            db.execute("UPDATE talon_one.loyalty_card_transactions SET amount = amount + 1 WHERE name = 'Welcome'")
        run("reconcile", "--in", "duckdb:///w.duckdb")
        run("reconcile", "--in", "duckdb:///w.duckdb", "--rows")
        run("expiring", "--from", "2026-01-01T00:00:00Z", "--by", "2027-01-01T00:00:00Z")
        run("plan", "one.yml", "-o", "plan.json", "--guard", "max_deletes=5")
        run("plan", "two.yml")
        run("apply", "plan.json")
        run("push", "one.yml")
        run("push", "two.yml")
        run("push", "broken.yml")
        run("verify", "two.yml")
        run("runs", "--store", "store.duckdb")
        refused = next(one["id"] for one in json.loads(found["runs"][0]) if one["command"].startswith("apply"))
        run("runs", "show", refused, "--store", "store.duckdb", name="runs show")
        run("retry", refused, "--sync", "one.yml")
        run("erase", "--ids", "ada", "--sync", "one.yml", "--yes")
    return found


def with_json(command, path=()):
    """Yield the names of the commands that have --json."""
    if any(option.name == "as_json" for option in command.params):
        yield " ".join(path)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from with_json(command.get_command(context, name), (*path, name))


def test_every_command_with_json_has_a_schema():
    """A new command with --json fails here until its output is described."""
    assert sorted(with_json(cli)) == sorted(one.command for one in OUTPUTS)


@pytest.mark.parametrize("output", OUTPUTS, ids=[one.command for one in OUTPUTS])
def test_a_command_prints_what_its_schema_says(printed, output):
    """Every output, or line of it, is valid, and each field of the schema without a condition is there."""
    jsonschema.Draft202012Validator.check_schema(output.document())
    validator = jsonschema.Draft202012Validator(output.document())
    for text in printed[output.command]:
        values = [json.loads(line) for line in text.splitlines()] if output.by_line else [json.loads(text)]
        assert values
        assert [] == [error.message for value in values for error in validator.iter_errors(value)]


def test_the_files_are_those_of_the_commands():
    """schemas/output holds the schemas of the commands and no others."""
    files = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "schemas/output").iterdir()}
    assert output_schemas() == files
