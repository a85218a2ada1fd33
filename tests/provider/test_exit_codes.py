"""A task fails wherever the command that does the same work ends with another code than 0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_provider_talon_one.operators.talon_one import TalonOneOperator
from airflow_provider_talon_one.reports.estimate import EstimateLoadOperator
from airflow_provider_talon_one.reports.expiring import ExpiringPointsOperator
from airflow_provider_talon_one.reports.reconcile import ReconcileLedgersOperator
from airflow_provider_talon_one.reports.views import CreateReportingViewsOperator
from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator
from airflow_provider_talon_one.transfers.verify import VerifySyncOperator
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToAudienceOperator
from talon_one_cli.main import COMMANDS, cli
from talon_one_singer.cli.output import run_process
from talon_one_warehouse import open_warehouse
from tests import account

pytestmark = pytest.mark.usefixtures("connection")

STREAMS = ["loyalty_card_transactions", "loyalty_card_balances"]
PROGRAM = {"loyalty_program_ids": [1], "settle_seconds": 0, "bad_rows": "reject"}
NO_CARD = {"loyaltyProgramId": 1, "loyaltyCardId": "nobody"}
SYNCS = {
    "guarded": {"source_url": "vip.csv", "key": "id", "audience": {"name": "VIP"}},
    "refused": {"source_url": "bad.csv", "key": "id", "audience": {"name": "VIP"}, "create_profiles": "allow"},
}
# A command, its exit code, and the operator that does the same work.
SAME = [
    (f"load --to duckdb:///a.duckdb --streams {','.join(STREAMS)} --config c.json", 1, TalonOneToWarehouseOperator),
    ("plan guarded.yml", 3, WarehouseToAudienceOperator),
    ("plan refused.yml", 1, WarehouseToAudienceOperator),
    ("push guarded.yml", 3, WarehouseToAudienceOperator),
    ("push refused.yml", 1, WarehouseToAudienceOperator),
    ("verify guarded.yml", 5, VerifySyncOperator),
    ("reconcile --in duckdb:///wrong.duckdb", 4, ReconcileLedgersOperator),
    ("models --to duckdb:///empty.duckdb", 2, CreateReportingViewsOperator),
    ("estimate --streams nothing --config c.json", 2, EstimateLoadOperator),
    ("expiring --by 2001-01-01T00:00:00Z --config c.json", 2, ExpiringPointsOperator),
    (
        "call get_loyalty_card_balances --path loyaltyProgramId=1 --path loyaltyCardId=nobody",
        1,
        TalonOneOperator,
    ),
]
ARGUMENTS = {
    "load": {"warehouse_url": "duckdb:///b.duckdb", "streams": STREAMS, "settings": PROGRAM},
    "plan": {"plan_only": True},
    "push": {},
    "verify": {},
    "reconcile": {"warehouse_url": "duckdb:///wrong.duckdb"},
    "models": {"warehouse_url": "duckdb:///empty.duckdb"},
    "estimate": {"streams": "nothing", "settings": PROGRAM},
    "expiring": {"by": "2001-01-01T00:00:00Z", "settings": PROGRAM},
    "call": {"operation": "get_loyalty_card_balances", "path": NO_CARD},
}
NO_OPERATOR = {"apply", "check", "demo", "doctor", "erase", "init", "listen", "migrate-lake", "report", "retry", "runs"}


def test_every_command_is_walked():
    """A new command fails here until it is known whether an operator does its work."""
    assert set(COMMANDS) == NO_OPERATOR | {command.split()[0] for command, *_ in SAME}
    assert set(ARGUMENTS) == {command.split()[0] for command, *_ in SAME}


@pytest.fixture
def here(emu, load, tmp_path, monkeypatch):
    """Work in a folder with something wrong for each command, and in the environment of the commands."""
    monkeypatch.chdir(tmp_path)
    emu.reset("synthetic", cards=1, transactions=2)
    load(warehouse_url="duckdb:///wrong.duckdb", streams=STREAMS)
    with open_warehouse("duckdb:///wrong.duckdb") as warehouse:
        warehouse.query("UPDATE talon_one.loyalty_card_transactions SET amount = amount + 1")
    emu.add_transactions([{"program": 1, "card": "card-000001", "amount": "1e40"}])
    settings = account.settings_of(emu)
    Path("c.json").write_text(json.dumps(settings | PROGRAM))
    Path("vip.csv").write_text("id\nada\n")
    Path("bad.csv").write_text(f"id\nada\n{'x' * 1500}\n")
    for name, given in SYNCS.items():
        sync = {"sink": "audience_members", "mode": "mirror", "source": given["source_url"], **given}
        del sync["source_url"]
        Path(f"{name}.yml").write_text(json.dumps({"syncs": {name: sync}}))
    for name in ("base_url", "api_key", "management_key"):
        monkeypatch.setenv(f"TALON_ONE_{name.upper()}", settings[name])
    monkeypatch.setenv("TALON_ONE_MANAGEMENT_REQUESTS_PER_SECOND", "1000")


def test_what_fails_a_command_fails_the_task(here, connection, run_task, monkeypatch):
    """Rejected rows, guards, refused rows, differences and errors are no success of any operator."""
    del here
    succeeded = []
    for command, code, operator in SAME:
        word, *others = command.split()
        if word == "verify":  # without this key there is nothing to compare with
            connection(management_api_key=None)
            monkeypatch.delenv("TALON_ONE_MANAGEMENT_KEY")
        with pytest.raises(SystemExit) as ended:
            run_process(cli, "talon-one", [word, *others])
        assert (command, code) == (command, ended.value.code)
        sync = SYNCS.get(others[0].removesuffix(".yml"), {})
        store = {"store": f"{others[0]}.duckdb"} if sync else {}
        try:
            run_task(operator, **sync | ARGUMENTS[word] | store)
        except Exception:  # noqa: BLE001 - whatever fails the task
            continue
        succeeded.append(command)
    assert [] == succeeded
