"""A real Airflow: scheduler, dag processor, triggerer and API server, with the LocalExecutor."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import duckdb
import psutil
import pytest

from talon_one_emulator import Emulator
from talon_one_warehouse import open_warehouse
from target_talon_one.store.opening import open_store
from tests.receiver.merged import merge_tier
from tests.target.store_content import acknowledged_keys

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def account():
    """20 cards with 50 transactions each."""
    with Emulator(seed="synthetic", cards=20, transactions=50, management_rate=0) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def airflow(account, tmp_path_factory):
    """Return the Airflow that ``make airflow`` starts."""
    spec = importlib.util.spec_from_file_location("airflow_live", ROOT / "scripts" / "airflow_live.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["airflow_live"] = module
    spec.loader.exec_module(module)
    home = tmp_path_factory.mktemp("airflow")
    dags = {"AIRFLOW__CORE__DAGS_FOLDER": os.environ["AIRFLOW__CORE__DAGS_FOLDER"]}
    dags["NOTIFICATIONS_OF_TESTS"] = f"duckdb:///{home}/notifications.duckdb"
    with module.LiveAirflow(home, account.url, account.api_key, account.management_key, dags) as live:
        yield live


def truth(account):
    """Return id and amount of every row of a card."""
    rows = account.state("ledger")["ledger"]
    return sorted((row["id"], Decimal(row["amount"])) for row in rows if row["card"] is not None)


def test_the_hourly_load_runs_three_times_with_new_baskets_between(account, airflow, postgres_url, tmp_path):
    """After each run, DuckDB and PostgreSQL equal the emulator."""
    for _ in range(3):
        for url in (f"duckdb:///{tmp_path}/w.duckdb", postgres_url):
            run = airflow.run("talon_one_hourly_load", {"warehouse_url": url})
            assert "success" == run["state"]
            with open_warehouse(url) as warehouse:
                found = warehouse.query("SELECT id, amount FROM talon_one.loyalty_card_transactions ORDER BY id")
            assert truth(account) == [(number, Decimal(amount)) for number, amount in found]
        account.add_transactions({"program": 1, "card": f"card-{n % 20 + 1:06}", "amount": "2.50"} for n in range(30))


def test_a_segment_waits_for_a_person(account, airflow, tmp_path):
    """The plan is approved over the REST API and then pushed and verified."""
    warehouse = f"duckdb:///{tmp_path}/w.duckdb"
    assert "success" == airflow.run("talon_one_hourly_load", {"warehouse_url": warehouse})["state"]
    airflow.wait_for_dag("talon_one_segments")
    airflow.request("PATCH", "/api/v2/dags/talon_one_segments", {"is_paused": False})
    conf = {"warehouse_url": warehouse, "store": str(tmp_path / "s.duckdb"), "points": 1}
    run = airflow.request("POST", "/api/v2/dags/talon_one_segments/dagRuns", {"logical_date": None, "conf": conf})
    path = f"/api/v2/dags/talon_one_segments/dagRuns/{run['dag_run_id']}"
    until = time.monotonic() + 150
    waiting = []
    while not waiting or waiting[0]["task_instance"]["state"] not in ("awaiting_input", "deferred"):
        assert time.monotonic() < until
        waiting = airflow.request("GET", f"{path}/hitlDetails")["hitl_details"]
    airflow.wait_for_answerable("approve")
    assert "20 to add" in waiting[0]["body"]
    assert [] == account.state("memberships")["memberships"]
    airflow.request(
        "PATCH", f"{path}/taskInstances/approve/-1/hitlDetails", {"chosen_options": ["Approve"], "params_input": {}}
    )
    while run["state"] in ("queued", "running") and time.monotonic() < until:
        run = airflow.request("GET", path)
    assert "success" == run["state"]
    assert 20 == len(account.state("memberships")["memberships"])


def test_notifications_start_a_dag(airflow):
    """Rows that come into a watched table start the DAG of the asset, which reads how many there are."""
    airflow.wait_for_dag("notified")
    airflow.request("PATCH", "/api/v2/dags/notified", {"is_paused": False})
    for rows in (1, 2):
        merge_tier(f"duckdb:///{airflow.home}/notifications.duckdb", f"profile-{rows}")
        until = time.monotonic() + 150
        runs = []
        while len(runs) < rows:
            assert time.monotonic() < until
            time.sleep(0.5)
            runs = airflow.request("GET", "/api/v2/dags/notified/dagRuns?order_by=run_after")["dag_runs"]
        run = airflow.ended(runs[-1])
        assert ("success", "asset_triggered") == (run["state"], run["run_type"])
        (payload,) = airflow.xcom(run, "note")
        assert rows == payload["tables"]["notifications_tiers"]["rows"]


def test_planted_keys_are_nowhere(account, airflow, postgres_url, tmp_path):
    """No key appears in task logs, rendered templates, responses about the connection or OpenLineage events."""
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


SEGMENT = {f"customer-{n:05}" for n in range(20_000)}
LISTS = "update_customer_profile_audiences"


@pytest.fixture
def slow_push(account, airflow, tmp_path):
    """Start a push of 20,000 members, one request at a time, and return its run when some are acknowledged."""
    account.reset("empty")
    with duckdb.connect(str(tmp_path / "w.duckdb")) as db:
        db.execute("CREATE TABLE vip AS SELECT format('customer-{:05d}', n) AS id FROM range(20000) AS t (n)")
    account.fault(LISTS, "latency", count=0, seconds=0.2)
    airflow.wait_for_dag("push_slowly")
    airflow.request("PATCH", "/api/v2/dags/push_slowly", {"is_paused": False})

    def start(store):
        conf = {"folder": str(tmp_path), "store": store}
        run = airflow.request("POST", "/api/v2/dags/push_slowly/dagRuns", {"logical_date": None, "conf": conf})
        until = time.monotonic() + 120
        while sent(account) < 8:
            assert time.monotonic() < until
        return f"/api/v2/dags/push_slowly/dagRuns/{run['dag_run_id']}"

    yield start
    account.clear_faults()


def sent(account):
    """Return the number of requests for members."""
    return account.counters().get(LISTS, {"requests": 0})["requests"]


def members(account):
    """Return the members of the audience."""
    state = account.state("memberships", "profiles")
    names = {row["id"]: row["integration_id"] for row in state["profiles"]}
    return {names[row["profile"]] for row in state["memberships"]}


def ended(airflow, path, seconds=120):
    """Return the state in which a run ends."""
    until = time.monotonic() + seconds
    while (run := airflow.request("GET", path))["state"] in ("queued", "running"):
        assert time.monotonic() < until
    return run["state"]


def test_what_was_acknowledged_before_a_kill_is_not_sent_again(account, airflow, slow_push, postgres_url, tmp_path):
    """After SIGKILL, Airflow's task state store knows the acknowledged rows although the store was never saved."""
    path = slow_push(postgres_url)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert "success" == ended(airflow, path)
    assert SEGMENT == members(account)
    assert sent(account) <= 20 + 2  # the one in flight, and one whose answer came while it was noted


def test_a_task_that_is_asked_to_end_notes_what_it_did(account, airflow, slow_push, tmp_path):
    """A task that is marked as failed ends after the request in flight, and the next run sends the rest."""
    store = str(tmp_path / "s.duckdb")
    path = slow_push(store)
    process = int((tmp_path / "pid").read_text())
    account.clear_faults()
    account.fault(LISTS, "latency", count=0, seconds=2)  # each is less than Airflow waits for the end, all are more
    airflow.request("PATCH", f"{path}/taskInstances/push", {"new_state": "failed"})
    until = time.monotonic() + 60
    while Path(f"/proc/{process}").exists():
        assert time.monotonic() < until
    count = sent(account)
    assert count < 20
    with open_store(store) as there:
        assert 1 == len(there.destinations.identities())
        assert acknowledged_keys(there) == members(account)
        assert "failed" == there.runs.find()[0]["status"]
    account.clear_faults()
    conf = {"folder": str(tmp_path), "store": store}
    assert "success" == airflow.run("push_slowly", conf)["state"]
    assert SEGMENT == members(account)
    assert 20 == sent(account)


def test_make_airflow_ends_all_that_it_started(tmp_path):
    """All processes end, also when the command is stopped by something other than Ctrl-C."""
    command = [sys.executable, ROOT / "scripts" / "airflow_live.py", tmp_path / "home"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = iter(process.stdout.readline, "")
        assert any("Ctrl-C ends both" in line for line in lines)
        started = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        assert "stopped" == process.stdout.read().strip()
    assert len(started) > 5
    assert [] == psutil.wait_procs(started, timeout=10)[1]
    assert 0 == process.returncode
