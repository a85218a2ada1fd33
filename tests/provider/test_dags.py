"""The DAGs of ``dags/``: they load without a deprecated import, and each runs against the emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.usefixtures("database", "connection")

DAGS = Path(__file__).resolve().parent.parent.parent / "dags"
NAMES = sorted(path.stem for path in DAGS.glob("*.py"))


def test_every_file_is_a_dag_of_its_name(dag_bag):
    """Every DAG has a description, tags and a start date."""
    assert [] == [name for name in NAMES if name not in dag_bag.dags]
    assert all(dag_bag.dags[name].description and dag_bag.dags[name].tags for name in NAMES)


def test_every_dag_is_stored_as_it_is(dag_bag, stored_dags):
    """The serialized DAG has all tasks in their order."""
    for name, dag in dag_bag.dags.items():
        stored = stored_dags[name]
        assert {one.task_id: one.downstream_task_ids for one in dag.tasks} == {
            one.task_id: one.downstream_task_ids for one in stored.tasks
        }


def test_a_person_is_asked_where_airflow_can(dag_bag, airflow_version):
    """The approval exists from Airflow 3.1 on; before that the plan is pushed."""
    asks = {"ask", "approve"} if airflow_version >= (3, 1) else set()
    assert {"plan", "push", "verify"} | asks == set(dag_bag.dags["talon_one_segments"].task_ids)


PARSE = """
import os, runpy, socket, sys, traceback, warnings
import airflow.providers.common.compat.sdk
import airflow.exceptions, airflow.utils.deprecation_tools
for place in (airflow.exceptions, airflow.utils.deprecation_tools):
    for name in ("RemovedInAirflow3Warning", "RemovedInAirflow4Warning", "DeprecatedImportWarning"):
        if hasattr(place, name): warnings.simplefilter("error", getattr(place, name))
def refuse(*_): raise AssertionError("a DAG file has used the network")
socket.socket.connect = refuse
for path in sys.argv[1:]:
    if os.fork():
        print("PARSED", path, os.wait()[1], flush=True)
        continue
    try:
        runpy.run_path(path)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def parsed(tmp_path_factory):
    """Parse each DAG file in a process of its own, which Airflow was imported into; return the failures by name."""
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path_factory.mktemp("home"))}
    command = [sys.executable, "-c", PARSE, *(str(DAGS / f"{name}.py") for name in NAMES)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    found = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("PARSED")]
    return {Path(path).stem: "" if code == "0" else done.stderr[-4000:] for path, code in found}


@pytest.mark.parametrize("name", NAMES)
def test_a_dag_file_imports_nothing_deprecated_and_sends_nothing(parsed, name):
    """A deprecation warning or a network connection fails the parsing of a DAG file."""
    assert "" == parsed[name]


@pytest.fixture
def ledger(emu):
    """20 cards with 50 transactions each, in the program of cards."""
    emu.reset("synthetic", cards=20, transactions=50)
    return emu


def rows(path, sql):
    """Return the rows of a DuckDB file."""
    with duckdb.connect(str(path), read_only=True) as db:
        return db.execute(sql).fetchall()


def test_the_hourly_load_brings_what_is_new(ledger, run_dag, tmp_path):
    """After each of three runs with new baskets in between, the warehouse equals the emulator."""
    path = tmp_path / "w.duckdb"
    for turn in range(3):
        run = run_dag("talon_one_hourly_load", warehouse_url=f"duckdb:///{path}", requests_at_once=4)
        assert "success" == run.state
        there = sum(row["card"] is not None for row in ledger.state("ledger")["ledger"])
        assert [(there, there)] == rows(
            path, "SELECT count(*), count(DISTINCT id) FROM talon_one.loyalty_card_transactions"
        )
        new = run.xcom("load")["streams"]["loyalty_card_transactions"]["inserted"]
        assert (1000 if turn == 0 else 30) == new
        ledger.add_transactions({"program": 1, "card": f"card-{n % 20 + 1:06}", "amount": "1.25"} for n in range(30))


def test_the_nightly_snapshot_is_of_the_instant_it_is_for(ledger, run_dag, tmp_path):
    """A backfill of a day loads the balances of that day."""
    path = tmp_path / "b.duckdb"
    for day in ("2025-06-01", "2025-06-02"):
        run = run_dag("talon_one_nightly_balances", warehouse_url=f"duckdb:///{path}", as_of=f"{day}T00:00:00Z")
        assert "success" == run.state
    found = rows(
        path, "SELECT as_of::DATE::VARCHAR, count(*) FROM talon_one.loyalty_card_balances GROUP BY 1 ORDER BY 1"
    )
    assert ["2025-06-01", "2025-06-02"] == [day for day, _ in found]


def members(emu):
    """Return the members of an audience."""
    state = emu.state("memberships", "profiles")
    names = {row["id"]: row["integration_id"] for row in state["profiles"]}
    return {names[row["profile"]] for row in state["memberships"]}


def test_a_segment_is_planned_pushed_and_verified(ledger, run_dag, tmp_path):
    """The segment of the loaded ledger is pushed without an approval."""
    warehouse = f"duckdb:///{tmp_path}/w.duckdb"
    assert "success" == run_dag("talon_one_hourly_load", warehouse_url=warehouse).state
    conf = {"warehouse_url": warehouse, "store": str(tmp_path / "s.duckdb"), "points": 1, "needs_approval": False}
    run = run_dag("talon_one_segments", **conf)
    assert "success" == run.state
    assert {f"card-{n:06}" for n in range(1, 21)} == members(ledger)
    assert 20 == run.xcom("plan")["adds"]
    assert 0 == run.xcom("push")["refused"]
    assert "equal" == run.xcom("verify")["verdict"]


def test_a_catalog_is_filled_once(emu, run_dag, tmp_path):
    """A second run sends nothing."""
    conf = {"file": str(tmp_path / "p.duckdb"), "store": str(tmp_path / "s.duckdb"), "catalog_id": 1}
    sent = [run_dag("talon_one_catalog", **conf).xcom("push")["sent"] for _ in range(2)]
    assert [2500, 0] == sent
    assert 2500 == len(emu.state("items")["items"])


def test_customers_are_erased(emu, run_dag):
    """The named customers are deleted, and no others."""
    emu.add("profiles", *({"integrationId": name} for name in ("a", "b", "c")))
    assert "success" == run_dag("talon_one_erase", customers=["a", "b", "a"]).state
    assert ["c"] == [row["integration_id"] for row in emu.state("profiles")["profiles"]]


def test_parts_of_the_cards_are_loaded_apart(ledger, run_dag, tmp_path):
    """All shards together hold every row once."""
    assert "success" == run_dag("talon_one_sharded_load", shards=3, folder=f"{tmp_path}/lake").state
    ids = []
    for part in (tmp_path / "lake").iterdir():
        files = f"{part}/talon_one/loyalty_card_transactions/**/*.parquet"
        ids += [row[0] for row in duckdb.sql(f"SELECT id FROM read_parquet('{files}')").fetchall()]
    assert 1000 == len(ids) == len(set(ids))
