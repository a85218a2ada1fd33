"""A real Airflow: scheduler, dag processor, triggerer and API server, with the LocalExecutor."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from talon_one_emulator import Emulator
from talon_one_warehouse import open_warehouse

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def account():
    """20 cards with 50 transactions each."""
    with Emulator(seed="synthetic", cards=20, transactions=50, management_rate=0) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def airflow(account, tmp_path_factory):
    """The one that ``make airflow`` starts."""
    spec = importlib.util.spec_from_file_location("airflow_live", ROOT / "scripts" / "airflow_live.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["airflow_live"] = module
    spec.loader.exec_module(module)
    home = tmp_path_factory.mktemp("airflow")
    with module.LiveAirflow(home, account.url, account.api_key, account.management_key) as live:
        yield live


def truth(account):
    """Id and amount of every row of a card."""
    rows = account.state("ledger")["ledger"]
    return sorted((row["id"], Decimal(row["amount"])) for row in rows if row["card"] is not None)


def test_the_hourly_load_runs_three_times_with_new_baskets_between(account, airflow, postgres_url, tmp_path):
    """DuckDB and PostgreSQL equal the truth each time."""
    for _ in range(3):
        for url in (f"duckdb:///{tmp_path}/w.duckdb", postgres_url):
            run = airflow.run("talon_one_hourly_load", {"warehouse_url": url})
            assert "success" == run["state"]
            with open_warehouse(url) as warehouse:
                found = warehouse.query("SELECT id, amount FROM talon_one.loyalty_card_transactions ORDER BY id")
            assert truth(account) == [(number, Decimal(amount)) for number, amount in found]
        account.add_transactions({"program": 1, "card": f"card-{n % 20 + 1:06}", "amount": "2.50"} for n in range(30))


def test_a_segment_waits_for_a_person(account, airflow, tmp_path):
    """The plan is approved over the REST API; then it is pushed and verified."""
    warehouse = f"duckdb:///{tmp_path}/w.duckdb"
    assert "success" == airflow.run("talon_one_hourly_load", {"warehouse_url": warehouse})["state"]
    airflow.wait_for_dag("talon_one_segments")
    airflow.request("PATCH", "/api/v2/dags/talon_one_segments", {"is_paused": False})
    conf = {"warehouse_url": warehouse, "store": str(tmp_path / "s.duckdb"), "points": 1}
    run = airflow.request("POST", "/api/v2/dags/talon_one_segments/dagRuns", {"logical_date": None, "conf": conf})
    path = f"/api/v2/dags/talon_one_segments/dagRuns/{run['dag_run_id']}"
    until = time.monotonic() + 150
    waiting = []
    # A person answers when the task has gone to wait; Airflow does not see an answer that comes while it still runs.
    while not waiting or waiting[0]["task_instance"]["state"] not in ("awaiting_input", "deferred"):
        assert time.monotonic() < until
        waiting = airflow.request("GET", f"{path}/hitlDetails")["hitl_details"]
    assert "20 to add" in waiting[0]["body"]
    assert [] == account.state("memberships")["memberships"]
    airflow.request(
        "PATCH", f"{path}/taskInstances/approve/-1/hitlDetails", {"chosen_options": ["Approve"], "params_input": {}}
    )
    while run["state"] in ("queued", "running") and time.monotonic() < until:
        run = airflow.request("GET", path)
    assert "success" == run["state"]
    assert 20 == len(account.state("memberships")["memberships"])


def test_planted_keys_are_nowhere(account, airflow, postgres_url, tmp_path):
    """Not in task logs, rendered templates, answers for the connection, OpenLineage events."""
    run = airflow.run("talon_one_hourly_load", {"warehouse_url": f"duckdb:///{tmp_path}/w.duckdb"})
    assert "success" == run["state"]
    body = {
        "connection_id": "planted",
        "conn_type": "talon_one",
        "host": account.url,
        "password": account.api_key,
        "extra": json.dumps({"management_api_key": account.management_key}),
    }
    airflow.request("POST", "/api/v2/connections", body)
    answers = [
        airflow.request("GET", "/api/v2/connections/planted"),
        airflow.request("GET", f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances/load"),
    ]
    until = time.monotonic() + 60
    while not (airflow.home / "openlineage.jsonl").exists():  # written by a process of its own
        assert time.monotonic() < until
    files = [*airflow.home.rglob("*.log"), airflow.home / "openlineage.jsonl"]
    assert len(files) > 2
    text = json.dumps(answers) + "".join(path.read_text(errors="replace") for path in files)
    for secret in (account.api_key, account.management_key):
        assert secret not in text
    events = [json.loads(line) for line in (airflow.home / "openlineage.jsonl").read_text().splitlines()]
    outputs = [one for event in events for one in event["outputs"] if "loyalty_card_transactions" in one["name"]]
    assert any("rowCount" in json.dumps(one) for one in outputs)
