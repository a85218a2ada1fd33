"""Pushes through Airflow connections: what they send, what they leave, and how they fail."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import duckdb
import pytest

from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator, plan_shards
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import (
    WarehouseToAudienceOperator,
    WarehouseToCatalogOperator,
    WarehouseToTalonOneOperator,
)
from target_talon_one.sinks import import_sinks
from target_talon_one.sinks.sink_type import SinkType

pytestmark = pytest.mark.usefixtures("database", "connection")


def members(emu):
    """Return the members of an audience."""
    state = emu.state("memberships", "profiles")
    names = {row["id"]: row["integration_id"] for row in state["profiles"]}
    return {names[row["profile"]] for row in state["memberships"]}


@pytest.fixture
def sqlite(tmp_path, monkeypatch):
    """Create a SQLite file as the connection ``warehouse``, and return a function that runs statements in it."""
    path = tmp_path / "w.db"
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps({"conn_type": "sqlite", "host": str(path)}))

    def run(*statements):
        with sqlite3.connect(path) as db:
            for statement in statements:
                db.execute(statement)
        db.close()

    return run


@pytest.fixture
def push(run_dag, tmp_path):
    """Run ``push_vip`` for a query."""

    def run(sql="SELECT id FROM vip", conn="warehouse", dag="push_vip"):
        return run_dag(dag, conn=conn, sql=sql, store=str(tmp_path / "store.duckdb"))

    return run


def test_a_segment_in_sqlite_becomes_the_audience(emu, sqlite, push):
    """The second push sends only the difference."""
    sqlite("CREATE TABLE vip AS SELECT 'a' AS id UNION ALL SELECT 'b'")
    first = push()
    assert "success" == first.state
    assert {"a", "b"} == members(emu)
    done = first.xcom("push")
    assert 2 == done["sent"]
    assert 0 == done["refused"]
    assert done["rejects"] is None
    assert first.xcom("push", "talon_one_campaign_manager").startswith(emu.url)
    sqlite("INSERT INTO vip VALUES ('c')")
    assert 1 == push().xcom("push")["sent"]


def test_a_push_leaves_a_link_and_figures_on_its_asset(emu, sqlite, push, stored_dags):
    """The task has a link to Talon.One, and its asset event has the counts."""
    sqlite("CREATE TABLE vip AS SELECT 'a' AS id UNION ALL SELECT 'b'")
    run = push()
    assert emu.url == run.link(stored_dags["push_vip"].get_task("push"))
    assert [{"rows": 2, "refused": 0}] == run.asset_events("talonone://127.0.0.1/audiences/1")


@pytest.fixture
def postgresql(postgres_url, monkeypatch):
    """Create a database as the connection ``pg``, and return a function that runs statements in it."""
    from adbc_driver_postgresql import dbapi

    user, rest = postgres_url.removeprefix("postgresql://").split(":", 1)
    password, place = rest.rsplit("@", 1)
    host, _, schema = place.partition("/")
    name, port = host.split(":")
    value = {
        "conn_type": "postgres", "login": user, "password": password, "host": name, "port": int(port), "schema": schema,
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_PG", json.dumps(value))

    def run(*statements):
        with dbapi.connect(postgres_url, autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    return run


def test_a_segment_in_postgresql_streams(emu, push, postgresql):
    """A PostgreSQL connection is read by the Arrow driver."""
    postgresql("CREATE TABLE vip AS SELECT 'pg-' || n AS id FROM generate_series(1, 2500) AS n")
    assert "success" == push(conn="pg").state
    assert {f"pg-{n}" for n in range(1, 2501)} == members(emu)


def test_refused_rows_fail_the_task_and_are_in_xcom(emu, sqlite, push, tmp_path, monkeypatch):
    """XCom has the run and the folder of the rejects, which a notifier reports."""
    monkeypatch.setenv("TEST_SAID", str(tmp_path / "said"))
    emu.add("attributes", {"entity": "CustomerProfile", "name": "tier", "type": "number"})
    sqlite("CREATE TABLE profiles AS SELECT 'a' AS id, '1' AS tier UNION ALL SELECT 'b', 'gold'")
    run = push(dag="push_profiles")
    assert "failed" == run.state
    figures = run.xcom("push", "figures")
    assert 1 == figures["sent"]
    assert 1 == figures["refused"]
    lines = [line for path in Path(figures["rejects"]).iterdir() for line in path.read_text().splitlines()]
    assert ["b"] == [json.loads(line)["key"] for line in lines]
    where = f"in run {figures['run']}; see {figures['rejects']}"
    assert f"push_profiles.push: 1 rows were refused {where}" == (tmp_path / "said").read_text()


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT id AS customer FROM vip", "the source has no column 'id'"),
        ("SELECT id AS customer FROM vip", "airflow://warehouse has the columns 'customer'"),
        ("SELECT id FROM nowhere", "nowhere"),
        ("SELECT id FROM vip WHERE 1 = 0", "allow_empty"),
    ],
)
def test_what_no_retry_mends_fails_at_once_with_one_line(emu, sqlite, push, sql, words, task_logs):
    """A permanent error fails the task in the first try, and nothing is sent."""
    sqlite("CREATE TABLE vip AS SELECT 'a' AS id UNION ALL SELECT 'b'")
    push()
    emu.clear_requests()
    task_logs()
    run = push(sql)
    assert "failed" == run.state
    assert not [one for one in emu.requests() if one["method"] != "GET"]
    lines = [line for line in task_logs().splitlines() if line.startswith("airflow.") and words in line]
    assert 1 == len(lines)
    assert 1 == run.tries("push")


def test_only_a_whole_query_is_the_name_of_a_file(emu, run_dag, tmp_path, monkeypatch):
    """Tables, audiences, stores and lakes may be called ``x.sql``, and mapped tasks read query files."""
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute("CREATE TABLE vip AS SELECT 'card-a' AS id")
        db.execute("CREATE SCHEMA more; CREATE TABLE more.sql AS SELECT 'b' AS id")
    monkeypatch.setenv("AIRFLOW_CONN_IDS", json.dumps({"conn_type": "duckdb", "host": str(path)}))
    emu.add("cards", {"program": 1, "identifier": "card-a"})
    run = run_dag("sql_files", folder=str(tmp_path))
    assert {"query": "success", "table": "success", "load": "success"} == run.states()
    assert {"query.sql", "table.sql"} == {row["name"] for row in emu.state("audiences")["audiences"]}
    assert {"card-a", "b"} == members(emu)
    assert (tmp_path / "lake.sql").is_dir()


def test_a_missing_connection_fails_with_its_name(emu, push, task_logs):
    """The error names the connection, and nothing is sent."""
    assert "failed" == push(conn="nowhere").state
    assert "nowhere" in task_logs()
    assert not [one for one in emu.requests() if one["method"] != "GET"]


@pytest.mark.slow
@pytest.mark.each_airflow
def test_parts_of_a_segment_are_pushed_by_mapped_tasks(emu, sqlite, run_dag, tmp_path, task_logs):
    """Each member is pushed by one shard, which also removes it, and the number of shards cannot change."""
    with TalonOneHook().client as client:
        client.create_audience_v2({"name": "VIP"})
    sqlite("CREATE TABLE vip (id TEXT)", *(f"INSERT INTO vip VALUES ('c-{n}')" for n in range(100)))
    conf = {"conn": "warehouse", "store": str(tmp_path / "store.duckdb"), "parts": 4}
    assert "success" == run_dag("push_parts", **conf).state
    assert {f"c-{n}" for n in range(100)} == members(emu)
    assert 4 == len(list(tmp_path.glob("store-part-*-of-4.duckdb")))
    sqlite("DELETE FROM vip WHERE id LIKE 'c-1%'", "INSERT INTO vip VALUES ('new')")
    emu.clear_requests()
    assert "success" == run_dag("push_parts", **conf).state
    assert {f"c-{n}" for n in range(100) if not str(n).startswith("1")} | {"new"} == members(emu)
    assert 4 >= len(emu.requests("update_customer_profile_audiences"))
    task_logs()
    assert "failed" == run_dag("push_parts", **{**conf, "parts": 3}).state
    assert "has 4 shards, and this push has 3" in task_logs()


@pytest.mark.slow
@pytest.mark.each_airflow
def test_shards_keep_their_stores_in_the_database_of_the_source(emu, postgresql, sqlite, run_dag, tmp_path, task_logs):
    """Each shard has a table of what it has added, compares there, and sends only what differs."""
    with TalonOneHook().client as client:
        client.create_audience_v2({"name": "VIP"})
    postgresql("CREATE TABLE vip AS SELECT 'c-' || n AS id FROM generate_series(1, 100) AS n")
    conf = {"conn": "pg", "store": "", "in_source": True, "parts": 2}
    assert "success" == run_dag("push_parts", **conf).state
    assert {f"c-{n}" for n in range(1, 101)} == members(emu)
    tables = postgresql(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'talon_one_sync' AND tablename LIKE 'acknowledged_1_%_of_2'"
    )
    counts = (f"(SELECT count(*) FROM talon_one_sync.{one})" for (one,) in tables)
    assert (2, [(100,)]) == (len(tables), postgresql("SELECT " + " + ".join(counts)))
    postgresql("DELETE FROM vip WHERE id LIKE 'c-1%'", "INSERT INTO vip VALUES ('new')")
    assert "success" == run_dag("push_parts", **conf).state
    assert {f"c-{n}" for n in range(2, 100) if not str(n).startswith("1")} | {"new"} == members(emu)
    sqlite("CREATE TABLE vip AS SELECT 'a' AS id")
    for changes, words in (
        ({"store": str(tmp_path / "store")}, "give either store_in_source or a store"),
        ({"conn": "warehouse"}, "cannot compare rows; that is possible in DuckDB"),
    ):
        task_logs()
        assert "failed" == run_dag("push_parts", **(conf | changes)).state
        assert words in task_logs()


OF_CAMPAIGN = {"campaign_id": 1, "options": {"application_id": 1}}
MOVING_IN = {
    "loyalty_cards_import": (
        "'card-new' AS identifier, 'active' AS status, 'ann' AS \"customerProfileIds\"",
        {"loyalty_program_id": 1},
    ),
    "loyalty_points_import": (
        "'p-1' AS \"pointsId\", 'card-new' AS \"cardIdentifier\", '12.25' AS amount",
        {"loyalty_program_id": 1},
    ),
    "loyalty_tiers_import": (
        "'ann' AS \"customerProfileId\", 'Gold' AS \"tierName\"",
        {"loyalty_program_id": 2, "mode": "upsert"},
    ),
    "loyalty_join_dates_import": (
        "'ann' AS \"customerProfileId\", '2020-02-29' AS \"joinDate\"",
        {"loyalty_program_id": 2, "mode": "upsert"},
    ),
    "coupons_import": ("'ONE' AS value, 3 AS \"usageLimit\"", OF_CAMPAIGN),
    "referrals_import": ("'ANN-1' AS code, 'ann' AS \"advocateProfileIntegrationId\"", OF_CAMPAIGN),
    "collection_items": ("'x' AS item", {"mode": "mirror", "options": {"collection_id": 1}}),
    "campaign_collection_items": (
        "'y' AS item",
        {"mode": "mirror", "campaign_id": 1, "options": {"application_id": 1, "collection_id": 2}},
    ),
}


def test_a_program_moves_in_by_tasks(emu, sqlite, run_task, tmp_path):
    """A task of each import sink reads its table, and its row is at Talon.One; points are added once."""
    assert {one.name for one in vars(import_sinks).values() if isinstance(one, SinkType)} == MOVING_IN.keys()
    emu.add("profiles", {"integrationId": "ann"})
    emu.add("collections", {"name": "of the account"}, {"name": "of the campaign", "campaignId": 1})
    sqlite(*(f"CREATE TABLE {sink} AS SELECT {columns}" for sink, (columns, _) in MOVING_IN.items()))
    given = {"mode": "add", "allow_destructive": True, "source_conn_id": "warehouse", "store": str(tmp_path / "s.db")}
    given |= {"rejects_directory": str(tmp_path / "rejects"), "results_directory": str(tmp_path / "results")}

    def push(sink):
        arguments = {**given, "sink": sink, "table": sink, **MOVING_IN[sink][1]}
        return run_task(WarehouseToTalonOneOperator, **arguments).returned["sent"]

    assert dict.fromkeys(MOVING_IN, 1) == {sink: push(sink) for sink in MOVING_IN}
    assert 0 == push("loyalty_points_import")
    state = emu.state("cards", "ledger", "profile_tiers", "program_members", "coupons", "referrals", "collection_items")
    assert ["card-new"] == [row["identifier"] for row in state["cards"]]
    assert ["12.25"] == [row["amount"] for row in state["ledger"]]
    assert ["Gold"] == [row["tier"] for row in state["profile_tiers"]]
    assert 1 == len(state["program_members"])
    assert ["ONE"] == [row["value"] for row in state["coupons"]]
    assert ["ANN-1"] == [row["code"] for row in state["referrals"]]
    assert {(1, "x"), (2, "y")} == {(row["collection"], row["item"]) for row in state["collection_items"]}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: WarehouseToAudienceOperator(task_id="t", audience=1, key="id"), "source_conn_id or source_url"),
        (
            lambda: WarehouseToAudienceOperator(
                task_id="t", audience=1, key="id", source_url="x", store="y", store_in_source=True
            ),
            "give either store_in_source or a store",
        ),
        (
            lambda: WarehouseToAudienceOperator(task_id="t", audience=1, key="id", source_url="x", mode="insert_only"),
            "it has mirror, upsert, add, remove",
        ),
        (
            lambda: WarehouseToCatalogOperator(task_id="t", catalog_id=1, source_url="x", options={"max_delets": 5}),
            "did you mean 'max_deletes'?",
        ),
        (
            lambda: WarehouseToTalonOneOperator(task_id="t", sink="audience", mode="add", source_url="x"),
            "there is no sink 'audience'; did you mean 'audiences'?",
        ),
        (lambda: TalonOneToWarehouseOperator(task_id="t"), "warehouse_conn_id or warehouse_url"),
        (lambda: plan_shards(65), "1 to 64"),
        (
            lambda: WarehouseToAudienceOperator(task_id="t", audience=1, key="id", source_url="x", shard="4/3"),
            "shard must be like 3/16",
        ),
        (
            lambda: WarehouseToCatalogOperator(task_id="t", catalog_id=1, source_url="x", shard="1/3"),
            "catalog_items at a time; leave shard out",
        ),
    ],
)
def test_what_is_wrong_is_reported_when_the_dag_is_parsed(make, words):
    """A wrong argument is an error at parse time."""
    with pytest.raises(ValueError, match=words.replace("?", r"\?")):
        make()
