"""The tap piped into targets of the registry (``tap-talon-one | target-...``), with every row compared."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml
from adbc_driver_postgresql import dbapi as postgresql

from talon_one_client import ClientConfig, Secret, TalonOneClient
from tap_talon_one.tap import catalog as tap_catalog
from tests.examples import slow

ROOT = Path(__file__).resolve().parent.parent.parent
LEDGER, POINTS = "loyalty_card_transactions", "loyalty_card_balances"


def truth(emu) -> list[tuple[int, str, Decimal]]:
    """Return id, card and amount of every ledger row of a card."""
    there = emu.state("cards", "ledger")
    names = {card["id"]: card["identifier"] for card in there["cards"]}
    return sorted((r["id"], names[r["card"]], Decimal(r["amount"])) for r in there["ledger"] if r["card"] is not None)


def balances(emu) -> list[tuple[str, str, Decimal]]:
    """Return card, subledger and active points of every balance."""
    found = emu.truth(1, "2026-01-01T00:00:00Z")
    assert ["owner", "subledger", "active"] == found["columns"][:3]
    return sorted((owner, subledger, Decimal(active)) for owner, subledger, active, *_ in found["balances"])


def test_target_jsonl_gets_every_row_and_with_the_state_none_again(emu, settings, pipe, tmp_path, peer):
    """The first run delivers every digit; the second run, with the state of the first, delivers no transaction."""

    def rows(folder, state) -> tuple[dict, dict]:
        (tmp_path / folder).mkdir()
        state = pipe(peer("target-jsonl"), {"destination_path": str(tmp_path / folder)}, settings, state)
        found: dict[str, list[dict]] = {}
        for file in (tmp_path / folder).glob("*.jsonl"):
            lines = file.read_text().splitlines()
            found[file.name.rsplit("-", 1)[0]] = [json.loads(line, parse_float=Decimal) for line in lines]
        return found, state

    first, state = rows("first", None)
    assert truth(emu) == sorted((r["id"], r["cardIdentifier"], Decimal(r["amount"])) for r in first[LEDGER])
    reported = sorted((r["cardIdentifier"], r["subledgerId"], Decimal(r["activePoints"])) for r in first[POINTS])
    assert balances(emu) == reported
    second, _ = rows("second", state)
    assert [] == second.get(LEDGER, [])
    assert len(first[POINTS]) == len(second[POINTS])


@pytest.mark.slow
def test_target_duckdb_gets_every_row(emu, settings, pipe, tmp_path, peer):
    """The target stores numbers as doubles and empty texts as nulls, so the main ledger gets a name."""
    config = {"path": str(tmp_path / "out.duckdb"), "default_target_schema": "main"}
    state = pipe(peer("target-duckdb"), config, settings | {"main_subledger": "main"})
    pipe(peer("target-duckdb"), config, settings | {"main_subledger": "main"}, state)
    with duckdb.connect(config["path"], read_only=True) as db:
        rows = db.sql(f"SELECT id, cardidentifier, amount FROM {LEDGER} ORDER BY id").fetchall()
        points = db.sql(f"SELECT cardidentifier, subledgerid, activepoints FROM {POINTS} ORDER BY ALL").fetchall()
    assert [(i, card, float(amount)) for i, card, amount in truth(emu)] == rows
    assert sorted((card, sub or "main", float(active)) for card, sub, active in balances(emu)) == points


@pytest.mark.parametrize("batch", [None, slow("jsonl"), slow("parquet")])
def test_target_postgres_gets_every_row(emu, settings, pipe, postgres_url, tmp_path, batch, peer):
    """Two runs with RECORD or BATCH messages store each row once, with amounts as exact as the columns are."""
    config = {"sqlalchemy_url": postgres_url.replace("postgresql://", "postgresql+psycopg://")}
    config["default_target_schema"] = "loyalty"
    options = {"batch": batch, "batch_directory": str(tmp_path / "batches")} if batch else {}
    state = pipe(peer("target-postgres"), config, settings | options)
    pipe(peer("target-postgres"), config, settings | options, state)
    with postgresql.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute(f'SELECT id, "cardIdentifier", amount::text FROM loyalty.{LEDGER} ORDER BY id')
        rows = [(number, card, Decimal(amount)) for number, card, amount in cursor.fetchall()]
        cursor.execute(f'SELECT "cardIdentifier", "subledgerId", "activePoints"::text FROM loyalty.{POINTS}')
        points = sorted((card, subledger, Decimal(active)) for card, subledger, active in cursor.fetchall())
        cursor.execute(f"SELECT min(created)::text FROM loyalty.{LEDGER}")
        ((first,),) = cursor.fetchall()
    assert truth(emu) == rows
    assert balances(emu) == points
    assert first.startswith("2024-01-01 00:00:01")


@pytest.mark.parametrize("hard_delete", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_target_postgres_removes_members_who_left(emu, pipe, postgres_url, peer, tmp_path, hard_delete):
    """A complete read removes those who left, or marks them; a read of some audiences removes nobody."""
    config = {"sqlalchemy_url": postgres_url.replace("postgresql://", "postgresql+psycopg://")}
    config |= {"default_target_schema": "loyalty", "hard_delete": hard_delete}
    settings = {"base_url": emu.url, "api_key": emu.api_key, "management_key": emu.management_key}
    catalog = catalog_of("audience_memberships", tmp_path)
    client = TalonOneClient(
        ClientConfig(base_url=emu.url, api_key=Secret(emu.api_key), management_key=Secret(emu.management_key))
    )
    found = []
    with client:
        audience = client.create_audience_v2({"name": "VIP"})["id"]
        for members, given in ((10, {}), (4, {"audience_ids": [audience]}), (4, {}), (6, {})):
            names = [f"member-{number}" for number in range(members)]
            client.import_audiences_memberships(audience, "\n".join(["profileintegrationid", *names]).encode())
            pipe(peer("target-postgres"), config, settings | given, catalog=catalog)
            found.append(members_there(postgres_url, hard_delete=hard_delete))
    assert [10, 10, 4, 6] == found


def catalog_of(stream, folder) -> Path:
    """Return a catalog file that selects one stream."""
    path = folder / "catalog.json"
    discovered = tap_catalog().to_dict()
    for entry in discovered["streams"]:
        for metadata in entry["metadata"]:
            if not metadata["breadcrumb"]:
                metadata["metadata"]["selected"] = entry["tap_stream_id"] == stream
    path.write_text(json.dumps(discovered))
    return path


def members_there(postgres_url, *, hard_delete) -> int:
    """Return how many members the target has, without those that it has marked as deleted."""
    there = "" if hard_delete else "WHERE _sdc_deleted_at IS NULL"
    with postgresql.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM loyalty.audience_memberships {there}")
        ((count,),) = cursor.fetchall()
    return count


def test_singer_check_tap_finds_nothing_wrong(emu, settings, tmp_path, peer):
    """The checks of singer-tools accept every message, with and without numbers that doubles cannot hold."""
    emu.add_transactions([{"program": 1, "card": "card-000001", "amount": "123456789012345678.000000000000000001"}])
    (tmp_path / "config.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "tap_talon_one", "--config", tmp_path / "config.json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tap:
        checker = peer("singer-tools", "singer-check-tap")
        done = subprocess.run([checker], stdin=tap.stdout, capture_output=True, text=True)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "The output is valid." in done.stdout, done.stdout + done.stderr


def meltano_project(tmp_path, settings) -> None:
    """Write the repository's meltano.yml with the programs that are installed here, so that nothing is installed."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    for plugin in [*project["plugins"]["extractors"], *project["plugins"]["loaders"]]:
        del plugin["pip_url"]
        name = plugin["name"]
        ours = Path(sys.executable).parent / name
        plugin["executable"] = str(ours if ours.exists() else ROOT / ".venvs" / name / "bin" / name)
    project["plugins"]["extractors"][0]["config"] = settings
    (tmp_path / "meltano.yml").write_text(yaml.safe_dump(project))
    (tmp_path / "output").mkdir()


@pytest.mark.slow
def test_meltano_runs_it_twice_with_state(emu, settings, tmp_path, peer):
    """``meltano run tap-talon-one target-jsonl`` delivers all rows once over two runs."""
    settings["retry_budget_seconds"] = 0.5  # a number with a fraction, as Meltano hands it over
    meltano_project(tmp_path, settings)
    env = {"PATH": "/usr/bin:/bin", "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false", "NO_COLOR": "1"}
    counts = []
    for _ in range(2):
        command = [peer("meltano"), "run", "tap-talon-one", "target-jsonl"]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert 0 == done.returncode, done.stdout[-2000:] + done.stderr[-4000:]
        rows = [line for file in (tmp_path / "output").glob(f"{LEDGER}-*") for line in file.read_text().splitlines()]
        counts.append(len(rows))
        found = [json.loads(row, parse_float=Decimal) for row in rows]
        assert truth(emu) == sorted((r["id"], r["cardIdentifier"], Decimal(r["amount"])) for r in found)
    assert counts[0] == counts[1]
