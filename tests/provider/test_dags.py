"""The example DAGs: they load without a deprecated import, and each runs against the emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from airflow_provider_talon_one import example_dags
from airflow_provider_talon_one.assets import named_asset

pytestmark = pytest.mark.usefixtures("database", "connection")

DAGS = Path(example_dags.__file__).parent
DAY = datetime(2026, 11, 2, tzinfo=UTC)
NAMES = sorted(path.stem for path in DAGS.glob("talon_one_*.py"))


def test_every_file_is_a_dag_of_its_name(dag_bag):
    """Every DAG has a description, a text for its page, tags and a start date."""
    assert [] == [name for name in NAMES if name not in dag_bag.dags]
    dags = [dag_bag.dags[name] for name in NAMES]
    assert all(dag.description and dag.doc_md and dag.tags and dag.start_date for dag in dags)


def test_the_asset_of_a_load_has_a_name(dag_bag, airflow_version):
    """Airflow 3 shows the name, which is the same in the DAG that updates the asset and in that which waits for it."""
    (outlet,) = dag_bag.dags["talon_one_hourly_load"].get_task("load").outlets
    if airflow_version >= (3, 0):
        assert "Talon.One loyalty data in the warehouse" == outlet.name
    assert named_asset("Talon.One loyalty data in the warehouse", "x-warehouse://talon_one/loyalty") == outlet


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


def test_the_hourly_load_brings_what_is_new(ledger, run_dag_at, tmp_path):
    """After each of three runs with new baskets in between, the warehouse equals the emulator."""
    path = tmp_path / "w.duckdb"
    for turn in range(3):
        when = None if turn else datetime(2026, 6, 1, tzinfo=UTC)
        run = run_dag_at("talon_one_hourly_load", when, warehouse_url=f"duckdb:///{path}", requests_at_once=4)
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


def test_a_nightly_snapshot_without_an_instant_is_of_its_interval_or_of_now(ledger, run_dag_at, tmp_path):
    """A run for a day has the balances of its end, and a run without a date those of now."""
    path = tmp_path / "b.duckdb"
    for day in (datetime(2026, 6, 2, tzinfo=UTC), None):
        run = run_dag_at("talon_one_nightly_balances", day, warehouse_url=f"duckdb:///{path}", as_of=None)
        assert "success" == run.state
    sql = "SELECT DISTINCT as_of::DATE FROM talon_one.loyalty_card_balances ORDER BY 1"
    found = [day for (day,) in rows(path, sql)]
    assert [date(2026, 6, 2)] == found[:1]
    assert 2 == len(found)
    assert datetime.now(UTC).date() - timedelta(days=1) <= found[1]


def test_days_are_loaded_in_any_order_and_again(emu, run_dag_at, tmp_path, airflow_version):
    """A day before those that were loaded is read, a day that is loaded again is merged, and no row is twice."""
    path = tmp_path / "l.duckdb"
    emu.add("cards", {"program": 1, "identifier": "card-1"})
    days = [datetime(2026, 11, number, 12, tzinfo=UTC) for number in (1, 2, 3)]

    def add(day):
        emu.add_transactions([{"program": 1, "card": "card-1", "amount": "1", "created": day.isoformat()}])

    def load(day):
        when = None if day is None else day + timedelta(hours=12)
        run = run_dag_at("talon_one_daily_ledger", when, warehouse_url=f"duckdb:///{path}")
        assert "success" == run.state
        count = rows(path, "SELECT count(*), count(DISTINCT id) FROM talon_one.loyalty_card_transactions")
        return run.xcom("load")["streams"]["loyalty_card_transactions"]["read"], *count[0]

    for day in days:
        add(day)
    assert (1, 1, 1) == load(days[1])
    assert (1, 2, 2) == load(days[2])
    assert (1, 3, 3) == load(days[0])
    add(days[1])
    assert (2, 4, 4) == load(days[1])
    add(days[2] + timedelta(days=1))
    if airflow_version >= (3, 0):  # Airflow 2 has no run without a data interval
        assert (1, 5, 5) == load(None)


@pytest.mark.parametrize(
    "interval",
    [
        pytest.param({}, id="absent"),
        pytest.param({"data_interval_start": None, "data_interval_end": None}, id="none"),
        pytest.param({"data_interval_start": DAY, "data_interval_end": DAY}, id="empty"),
    ],
)
def test_a_run_without_an_interval_or_with_an_empty_one_loads_what_is_new(dag_bag, interval):
    """Neither of the two dates is given: a load refuses dates that are equal."""
    dag = dag_bag.dags["talon_one_daily_ledger"]
    load = dag.get_task("load")
    found = load.render_template(load.settings, {"dag": dag, **interval}, dag.get_template_env())
    assert {"start_date": "None", "end_date": "None"} == found


def members(emu):
    """Return the members of an audience."""
    state = emu.state("memberships", "profiles")
    names = {row["id"]: row["integration_id"] for row in state["profiles"]}
    return {names[row["profile"]] for row in state["memberships"]}


def test_a_segment_is_planned_pushed_and_verified(ledger, run_dag, run_dag_at, tmp_path):
    """The segment of the loaded ledger is pushed without an approval."""
    warehouse = f"duckdb:///{tmp_path}/w.duckdb"
    assert "success" == run_dag("talon_one_hourly_load", warehouse_url=warehouse).state
    conf = {"warehouse_url": warehouse, "store": str(tmp_path / "s.duckdb"), "points": 1, "needs_approval": False}
    run = run_dag_at("talon_one_segments", None, **conf)
    assert "success" == run.state
    assert {f"card-{n:06}" for n in range(1, 21)} == members(ledger)
    assert 20 == run.xcom("plan")["adds"]
    assert 0 == run.xcom("push")["refused"]
    assert "equal" == run.xcom("verify")["verdict"]


def test_a_catalog_is_filled_once(emu, run_dag_at, tmp_path):
    """A second run sends nothing."""
    conf = {"file": str(tmp_path / "p.duckdb"), "store": str(tmp_path / "s.duckdb"), "catalog_id": 1}
    dates = (datetime(2026, 6, 1, tzinfo=UTC), None)
    sent = [run_dag_at("talon_one_catalog", when, **conf).xcom("push")["sent"] for when in dates]
    assert [2500, 0] == sent
    assert 2500 == len(emu.state("items")["items"])


def test_customers_are_erased(emu, dag_bag, run_dag_at):
    """The named customers are deleted, and no others; the form says that this cannot be undone."""
    dag = dag_bag.dags["talon_one_erase"]
    assert "This cannot be undone" in dag.params.get_param("customers").description
    assert "cannot be undone" in dag.description
    emu.add("profiles", *({"integrationId": name} for name in ("a", "b", "c")))
    assert "success" == run_dag_at("talon_one_erase", None, customers=["a", "b", "a"]).state
    assert ["c"] == [row["integration_id"] for row in emu.state("profiles")["profiles"]]


def test_parts_of_the_cards_are_loaded_apart(ledger, run_dag_at, tmp_path):
    """All shards together hold every row once."""
    assert "success" == run_dag_at("talon_one_sharded_load", None, shards=3, folder=f"{tmp_path}/lake").state
    ids = []
    for part in (tmp_path / "lake").iterdir():
        files = f"{part}/talon_one/loyalty_card_transactions/**/*.parquet"
        ids += [row[0] for row in duckdb.sql(f"SELECT id FROM read_parquet('{files}')").fetchall()]
    assert 1000 == len(ids) == len(set(ids))
