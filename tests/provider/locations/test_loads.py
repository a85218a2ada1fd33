"""Loads through Airflow connections of databases that are loaded by their own client."""

from __future__ import annotations

import json
import os
import sys

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_talon_one.locations.loads import load_location
from airflow_provider_talon_one.reports.estimate import EstimateLoadOperator
from talon_one_warehouse.connections import bigquery, snowflake
from tests.servers import PASSWORD

pytestmark = pytest.mark.usefixtures("database", "connection")


@pytest.fixture
def put(monkeypatch):
    """Return a function that sets the connection ``w``."""
    return lambda **given: monkeypatch.setenv("AIRFLOW_CONN_W", json.dumps(given))


@pytest.fixture
def execute(put, snowflake_url, monkeypatch):
    """Return a function that runs a statement in the database of the connection ``w``, whose schema is public."""
    rest = snowflake_url.partition("://")[2]
    place, _, query = rest.partition("?")
    extra = {"account": "account", "database": place.split("/")[1]} | dict(one.split("=") for one in query.split("&"))
    put(conn_type="snowflake", login="tester", password=PASSWORD, schema="public", extra=extra)
    with snowflake.connect(rest) as opened, opened.cursor() as cursor:
        monkeypatch.delenv("SNOWFLAKE_PASSWORD")
        yield lambda statement: cursor.execute(statement).fetchall()


@pytest.mark.slow
def test_a_load_writes_into_a_connection_of_type_snowflake(emu, load, execute):
    """A load writes into the schema of its task, and not into that of the connection; a second one changes nothing."""
    emu.reset("synthetic", cards=20, transactions=50)
    first, second = (load(warehouse_conn_id="w", full_refresh=full) for full in (False, True))
    assert (1000, 0) == tuple(
        done.returned["streams"]["loyalty_card_transactions"]["inserted"] for done in (first, second)
    )
    assert [(1000, 1000)] == execute("SELECT count(*), count(DISTINCT id) FROM talon_one.loyalty_card_transactions")


@pytest.mark.slow
def test_ids_of_a_load_may_come_from_its_own_warehouse(emu, load, execute):
    """A query of ids runs with the connection of the load."""
    emu.reset("synthetic", cards=20, transactions=50)
    execute("CREATE TABLE vips (card varchar)")
    execute("INSERT INTO vips VALUES ('card-000001'), ('card-000002')")
    load(warehouse_conn_id="w", card_ids_sql="SELECT card FROM public.vips")
    found = execute("SELECT DISTINCT card_identifier FROM talon_one.loyalty_card_transactions ORDER BY 1")
    assert [("card-000001",), ("card-000002",)] == found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["google_cloud_platform", "gcpbigquery"])
def test_a_load_writes_into_a_connection_of_google_cloud(emu, put, load, bigquery_url, kind):
    """A load writes into the dataset of its task, in the project of the connection; a second one changes nothing."""
    emu.reset("synthetic", cards=20, transactions=50)
    place = bigquery_url.partition("://")[2].removesuffix("/public")
    put(conn_type=kind, extra={"project": place})
    first, second = (load(warehouse_conn_id="w", schema="loyalty", full_refresh=full) for full in (False, True))
    assert (1000, 0) == tuple(
        done.returned["streams"]["loyalty_card_transactions"]["inserted"] for done in (first, second)
    )
    with bigquery.connect(place) as client:
        rows = client.query("SELECT count(*), count(DISTINCT id) FROM loyalty.loyalty_card_transactions").result()
        assert [(1000, 1000)] == [tuple(row.values()) for row in rows]


def test_a_connection_of_google_cloud_is_a_project(put):
    """The URL names the project; the content of a service account file is an option, and in no representation."""
    put(conn_type="google_cloud_platform", extra={"project": "my-project", "keyfile_dict": '{"private_key":"planted"}'})
    found = load_location(None, "w")
    assert ("bigquery://my-project", {"keyfile": '{"private_key":"planted"}'}) == (found.url, found.options)
    assert "planted" not in repr(found)


def test_a_connection_of_type_snowflake_is_a_database(put):
    """The URL names the database, without the schema; keys are options, and in no representation."""
    put(conn_type="snowflake", login="u", password="hidden-key", schema="s", extra={"account": "a-b", "database": "d"})
    found = load_location(None, "w")
    assert "snowflake://a-b/d" == found.url
    assert ("u", "hidden-key") == (found.options["user"], found.options["password"])
    assert "hidden-key" not in repr(found)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"conn_type": "snowflake", "extra": {"account": "a", "refresh_token": "t"}},
            "has settings that only Airflow's hook knows; use a key pair, a token or a password",
        ),
        (
            {"conn_type": "redshift", "extra": {"iam": True}},
            "has settings that only Airflow's hook knows; use a password, cluster_identifier or a profile",
        ),
        (
            {"conn_type": "databricks", "login": "me@example.com"},
            "has settings that only Airflow's hook knows; use a token or a service principal",
        ),
        ({"conn_type": "mysql"}, "is of type mysql; give a connection of type postgres, .* or a warehouse_url: a lake"),
        ({"conn_type": "mssql"}, "is of type mssql; give a connection of type postgres, .* or a warehouse_url: a lake"),
        (
            {"conn_type": "google_cloud_platform", "extra": {"key_secret_name": "s"}},
            "has settings that only Airflow's hook knows; use a service account or application default credentials",
        ),
    ],
)
def test_other_connections_say_what_to_do_instead(put, given, words):
    """What a load cannot write to is refused in one line."""
    put(**given, password="planted-secret")
    with pytest.raises(ValueError, match=f"a load cannot write to the connection w, which {words}") as caught:
        load_location(None, "w")
    assert "planted-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("kind", "module"), [("snowflake", "snowflake"), ("redshift", "redshift_connector")])
def test_a_client_that_is_not_installed_is_named(put, monkeypatch, kind, module):
    """Without the client, the message names the extra to install."""
    monkeypatch.setitem(sys.modules, module, None)
    put(conn_type=kind, extra={"account": "a"} if kind == "snowflake" else {})
    with pytest.raises(ValueError, match=rf"pip install 'talon-one-connector\[{kind}\]'"):
        load_location(None, "w")


@pytest.mark.slow
def test_a_load_writes_into_a_connection_of_type_redshift(emu, load, put, redshift_load_url, s3, monkeypatch):
    """Files are staged with the keys of a connection of type aws; the ids come from the warehouse itself."""
    pytest.importorskip("airflow.providers.amazon", reason="apache-airflow-providers-amazon is not installed")
    emu.reset("synthetic", cards=5, transactions=20)
    place, _, _ = redshift_load_url.partition("://")[2].partition("?")
    host, _, name = place.rpartition("@")[2].partition("/")
    given = {"host": "127.0.0.1", "port": int(host.rpartition(":")[2]), "schema": name, "login": "loader"}
    put(conn_type="redshift", **given, password=PASSWORD, extra={"ssl": False})
    keys = {"conn_type": "aws", "login": "key", "password": "planted-secret-of-s3"}
    extra = {"endpoint_url": os.environ["AWS_ENDPOINT_URL"]}
    monkeypatch.setenv("AIRFLOW_CONN_STAGING", json.dumps({**keys, "extra": {**extra, "region_name": "us-east-1"}}))
    given = {"warehouse_conn_id": "w", "warehouse_options": {"staging": "s3://staging@bucket/files"}}
    done = load(**given)
    assert 100 == done.returned["streams"]["loyalty_card_transactions"]["inserted"]
    ids = "SELECT DISTINCT card_identifier FROM talon_one.loyalty_card_transactions WHERE card_identifier LIKE '%1'"
    again = load(**given, card_ids_sql=ids, full_refresh=True)
    assert 20 == again.returned["streams"]["loyalty_card_transactions"]["read"]
    assert [] == s3.find("bucket")


@pytest.mark.parametrize(
    ("staging", "words"),
    [
        ("s3://key:secret@bucket/x", "staging has the id of a connection before the @, and never keys"),
        ("s3://w@bucket/x", "the connection w is of type redshift; staging needs one of type aws"),
        ("", "needs a folder in S3 for staged files: the parameter staging"),
    ],
)
def test_a_place_of_staged_files_that_cannot_be_used_is_refused(load, put, staging, words):
    """The task fails at once in one line."""
    put(conn_type="redshift", host="127.0.0.1", login="loader", password="planted-secret")
    with pytest.raises(AirflowFailException, match=words) as caught:
        load(warehouse_conn_id="w", warehouse_options={"staging": staging})
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({"password": "planted", "extra": {"http_path": "/sql/1"}}, {"token": "planted", "http_path": "/sql/1"}),
        ({"login": "token", "password": "planted"}, {"token": "planted", "http_path": None}),
        ({"extra": {"token": "planted"}}, {"token": "planted", "http_path": None}),
        (
            {"login": "app", "password": "planted", "extra": {"service_principal_oauth": True}},
            {"client_id": "app", "client_secret": "planted", "http_path": None},
        ),
    ],
)
def test_a_connection_of_type_databricks_has_a_token_or_a_service_principal(put, given, options):
    """The login of the connection reaches the client under its own names, and is in no representation."""
    put(conn_type="databricks", host="https://adb-1.azuredatabricks.net/", **given)
    found = load_location(None, "w", {"catalog": "main"})
    assert "databricks://adb-1.azuredatabricks.net/" == found.url
    assert {**options, "catalog": "main"} == found.options
    assert "planted" not in repr(found)


def test_a_schema_of_another_deployment_is_refused_for_good(emu, connection, run_task, load, tmp_path):
    """Load, full refresh and estimate name both addresses; with former_base_url the load continues."""
    emu.reset("synthetic", cards=2, transactions=5)
    url, moved = f"duckdb:///{tmp_path}/w.duckdb", emu.url.replace("127.0.0.1", "localhost")
    load(warehouse_url=url)
    connection(host=moved)
    words = f"talon_one belongs to {emu.url}, but host is {moved}; nothing was read"
    for full_refresh in (False, True):
        with pytest.raises(AirflowFailException, match=words):
            load(warehouse_url=url, full_refresh=full_refresh)
    with pytest.raises(AirflowFailException, match=words):
        run_task(EstimateLoadOperator, streams=["loyalty_card_transactions"], warehouse_url=url)
    settings = {"loyalty_program_ids": [1], "settle_seconds": 0, "former_base_url": emu.url}
    assert 0 == load(warehouse_url=url, settings=settings).returned["streams"]["loyalty_card_transactions"]["read"]
