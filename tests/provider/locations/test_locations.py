"""Warehouses, sources and stores by connections, ``s3://connection@bucket`` and ObjectStoragePath."""

from __future__ import annotations

import json
import logging
import os
from itertools import count
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_talon_one.locations.connection_urls import connection_url
from airflow_provider_talon_one.locations.location import resolve_location
from airflow_provider_talon_one.locations.sources import opened_source
from talon_one_warehouse import WarehouseConfigError, open_warehouse
from tests.examples import SLOW_WITH_EACH_AIRFLOW, mostly_slow, slow

pytestmark = pytest.mark.usefixtures("database", "connection")

NUMBERS = count()
STREAM = "loyalty_card_transactions"


@pytest.fixture
def bucket(guarded_bucket, monkeypatch):
    """Return a bucket whose keys only the Airflow connection ``id`` has; ``fs`` reads it."""
    pytest.importorskip("airflow.providers.amazon", reason="apache-airflow-providers-amazon is not installed")
    # Airflow keeps the file system of a connection as long as the process lives.
    conn_id = f"lake_{next(NUMBERS)}"
    value = {
        "conn_type": "aws",
        "login": guarded_bucket.key,
        "password": guarded_bucket.secret,
        "extra": {"endpoint_url": guarded_bucket.server, "region_name": "us-east-1"},
    }
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(value))
    return SimpleNamespace(id=conn_id, secret=guarded_bucket.secret, fs=guarded_bucket.fs, value=value)


@pytest.fixture
def ledger(emu):
    """20 cards with 50 transactions each."""
    emu.reset("synthetic", cards=20, transactions=50)
    return emu


@pytest.fixture
def sent_audience(emu):
    """Return the members of the audience."""

    def members():
        state = emu.state("memberships", "profiles")
        names = {row["id"]: row["integration_id"] for row in state["profiles"]}
        return {names[row["profile"]] for row in state["memberships"]}

    return members


def rows_of(url, fs=None):
    """Return the number of transactions in a lake, and the number of different ones."""
    with open_warehouse(url, filesystem=fs) as lake:
        return lake.query(f"SELECT count(*), count(DISTINCT id) FROM {STREAM}")[0]


# Loads


WAYS = {
    "string": lambda conn: {"warehouse_url": f"s3://{conn}@bucket/lake"},
    "template": lambda conn: {"warehouse_url": "s3://{{ '" + conn + "' }}@bucket/lake"},
    "object": lambda conn: {"warehouse_url": ObjectStoragePath(f"s3://{conn}@bucket/lake")},
    "object with conn_id": lambda conn: {"warehouse_url": ObjectStoragePath("s3://bucket/lake", conn_id=conn)},
    "beside": lambda conn: {"warehouse_url": "s3://bucket/lake", "warehouse_conn_id": conn},
}


@pytest.mark.parametrize("way", mostly_slow(WAYS, ["string"], marks=SLOW_WITH_EACH_AIRFLOW))
def test_a_lake_is_written_with_the_keys_of_a_connection(ledger, bucket, load, way):
    """A load writes the lake, and the next run continues from its state."""
    load(**WAYS[way](bucket.id))
    assert (1000, 1000) == rows_of("s3://bucket/lake", bucket.fs)
    ledger.add_transactions({"program": 1, "card": "card-000001", "amount": "1.25"} for _ in range(7))
    again = load(**WAYS[way](bucket.id))
    assert 7 == again.returned["streams"][STREAM]["inserted"]
    assert (1007, 1007) == rows_of("s3://bucket/lake", bucket.fs)


BY_SCHEMA = {"schema": "bucket"}
BY_SERVICE = {"extra": {"service_config": {"s3": {"bucket_name": "bucket"}}}}


@pytest.mark.parametrize("extra", [slow(BY_SERVICE, marks=SLOW_WITH_EACH_AIRFLOW), BY_SCHEMA])
def test_a_connection_that_names_its_bucket_is_a_warehouse(ledger, bucket, load, monkeypatch, extra):
    """The bucket is read from the service configuration or from the schema."""
    value = {**bucket.value, **extra, "extra": {**bucket.value["extra"], **extra.get("extra", {})}}
    monkeypatch.setenv(f"AIRFLOW_CONN_{bucket.id.upper()}", json.dumps(value))
    load(warehouse_conn_id=bucket.id)
    assert (1000, 1000) == rows_of("s3://bucket", bucket.fs)


@pytest.mark.slow
@pytest.mark.each_airflow
def test_ids_come_from_the_lake_itself(ledger, bucket, load):
    """A query over the files of the lake selects the ids to load."""
    url = f"s3://{bucket.id}@bucket/lake"
    load(warehouse_url=url)
    sql = f"SELECT DISTINCT card_identifier FROM {STREAM} ORDER BY 1 LIMIT 3"
    load(warehouse_url=url, streams=["loyalty_card_balances"], card_ids_sql=sql)
    with open_warehouse("s3://bucket/lake", filesystem=bucket.fs) as lake:
        found = lake.query("SELECT DISTINCT card_identifier FROM loyalty_card_balances ORDER BY 1")
    assert [(f"card-{n:06}",) for n in (1, 2, 3)] == found


@pytest.mark.parametrize("strategy", ["auto", "per_entity"])
def test_a_query_without_ids_loads_nobody(ledger, load, tmp_path, caplog, strategy):
    """An empty query loads nothing instead of all customers."""
    url, stream = f"file://{tmp_path}/lake", "loyalty_card_balances"
    load(warehouse_url=url)
    settings = {"balances_strategy": strategy, "loyalty_program_ids": [1]}
    sql = f"SELECT card_identifier FROM {STREAM} WHERE false"
    done = load(warehouse_url=url, streams=[stream], card_ids_sql=sql, settings=settings)
    assert 0 == done.returned["streams"][stream]["inserted"]
    assert 0 == done.returned["streams"][stream]["read"]
    assert "there are no card ids, so nothing is read" in caplog.text


def test_a_local_path_of_airflow_is_a_lake(ledger, load, tmp_path):
    """An ObjectStoragePath without a connection is a local lake."""
    url = f"file://{tmp_path}/lake"
    load(warehouse_url=ObjectStoragePath(url))
    assert (1000, 1000) == rows_of(url)


# Pushes


FILES = {
    "vip.csv": b"id,n\na,1\nb,2\n",
    "vip.jsonl": b'{"id": "a"}\n{"id": "b"}\n',
    "vip.parquet": None,
}


def put(fs, name, names):
    """Write a Parquet file of ids."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with fs.open(f"bucket/{name}", "wb") as file:
        pq.write_table(pa.table({"id": list(names)}), file)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", [str, slow(ObjectStoragePath, marks=SLOW_WITH_EACH_AIRFLOW)])
def test_files_are_read_with_the_keys_of_a_connection(bucket, push_members, sent_audience, tmp_path, name, kind):
    """CSV, JSON Lines and Parquet files are read with the credentials of a connection."""
    if FILES[name]:
        bucket.fs.pipe_file(f"bucket/{name}", FILES[name])
    else:
        put(bucket.fs, name, "ab")
    push_members(source_url=kind(f"s3://{bucket.id}@bucket/{name}"), store=str(tmp_path / "store.duckdb"))
    assert {"a", "b"} == sent_audience()


STORES = {
    "string": lambda conn: {"store": f"s3://{conn}@bucket/store"},
    "object": lambda conn: {"store": ObjectStoragePath(f"s3://{conn}@bucket/store")},
    "beside": lambda conn: {"store": "s3://bucket/store", "store_conn_id": conn},
}


@pytest.mark.parametrize("way", mostly_slow(STORES, ["string"], marks=SLOW_WITH_EACH_AIRFLOW))
def test_a_store_is_kept_with_the_keys_of_a_connection(bucket, push_members, sent_audience, way):
    """The second push reads the store and sends only the difference."""
    put(bucket.fs, "vip.parquet", "ab")
    source = f"s3://{bucket.id}@bucket/vip.parquet"
    assert 2 == push_members(source_url=source, **STORES[way](bucket.id)).returned["sent"]
    put(bucket.fs, "vip.parquet", "abc")
    assert 1 == push_members(source_url=source, **STORES[way](bucket.id)).returned["sent"]
    assert {"a", "b", "c"} == sent_audience()
    assert bucket.fs.exists("bucket/store/dag.audience_members.VIP/manifest.json")


@pytest.fixture
def postgres(postgres_url, monkeypatch):
    """Return a function that creates a connection to PostgreSQL and returns its password."""
    user, rest = postgres_url.removeprefix("postgresql://").split(":", 1)
    password, place = rest.rsplit("@", 1)
    host, port, schema = place.replace("/", ":").split(":")

    def put(conn_id, conn_type="postgres", **extra):
        value = {"conn_type": conn_type, "login": user, "password": password, "host": host, "port": int(port)}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({**value, "schema": schema, "extra": extra}))
        return password

    return put


def test_a_store_is_in_the_database_of_a_connection(push_members, sent_audience, postgres, tmp_path):
    """The store in PostgreSQL works without a shared disk."""
    postgres("store_db")
    (tmp_path / "vip.csv").write_text("id\na\nb\n")
    given = {"source_url": str(tmp_path / "vip.csv"), "store_conn_id": "store_db"}
    assert 2 == push_members(**given).returned["sent"]
    (tmp_path / "vip.csv").write_text("id\na\nb\nc\n")
    assert 1 == push_members(**given).returned["sent"]
    assert {"a", "b", "c"} == sent_audience()


def test_libpq_receives_what_the_extra_of_a_connection_says(postgres):
    """The URL has the libpq parameters of the extra, and not those of Airflow's hook."""
    password = postgres("pg", sslmode="disable", application_name="the loads & more", cursor="dictcursor")
    url = connection_url("pg")
    assert url.endswith("?sslmode=disable&application_name=the%20loads%20%26%20more")
    assert password not in url  # it is encoded
    sql = "SELECT current_setting('application_name') AS name"
    with opened_source(conn_id="pg", url=None, sql=sql, table=None) as source:
        assert [[{"name": "the loads & more"}]] == list(source.rows())
    postgres("pg", sslmode="require")
    with pytest.raises(Exception, match="SSL"), opened_source(conn_id="pg", url=None, sql=sql, table=None):
        pass


# Secrets


@pytest.fixture
def everything_logged(caplog):
    """Return all log texts, before Airflow masks them."""
    caplog.set_level(logging.DEBUG)
    for name in ("airflow", "botocore", "aiobotocore", "s3fs", "fsspec", "talon_one_warehouse"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def test_no_secret_is_left_by_a_load_or_a_push(
    bucket, ledger, run_dag, everything_logged, postgres, capfd, tmp_path, sent_audience
):
    """Logs, XCom, rendered templates, objects and environment hold no secret."""
    secrets = [bucket.secret, postgres("store_db")]
    put(bucket.fs, "vip.parquet", "ab")
    before = set(os.environ)
    place = f"s3://{bucket.id}@bucket"
    conf = {"lake": f"{place}/lake", "segment": f"{place}/vip.parquet", "store_conn_id": "store_db"}
    run = run_dag("load_and_push_at_locations", **conf, folder=str(tmp_path))
    assert "success" == run.state
    assert {"a", "b"} == sent_audience()
    assert (1000, 1000) == rows_of("s3://bucket/lake", bucket.fs)
    said = capfd.readouterr()
    found = [said.out, said.err, everything_logged.text, str(run.everything())]
    assert bucket.id in found[-1]
    assert [] == [secret for secret in secrets for text in found if secret in text]
    assert [] == [
        name for name in os.environ if any(s in os.environ[name] for s in secrets) and "AIRFLOW_CONN_" not in name
    ]
    assert [] == [name for name in set(os.environ) - before if name.startswith("AWS")]
    assert [] == [one for one in bucket.fs.find("bucket") if bucket.secret.encode() in bucket.fs.cat_file(one)]


def test_no_secret_is_in_a_task_or_its_lineage(bucket, ledger, load, push_members, postgres):
    """A finished task and its lineage print no secret."""
    secrets = [bucket.secret, postgres("store_db")]
    put(bucket.fs, "vip.parquet", "ab")
    ended = [
        load(warehouse_url=ObjectStoragePath(f"s3://{bucket.id}@bucket/lake")),
        push_members(source_url=ObjectStoragePath(f"s3://{bucket.id}@bucket/vip.parquet"), store_conn_id="store_db"),
    ]
    lineage = [one.task.get_openlineage_facets_on_complete(None) for one in ended]
    datasets = [lineage[0].outputs[0], lineage[1].inputs[0]]
    names = ["lake/talon_one/loyalty_card_transactions", "vip.parquet"]
    assert [("s3://bucket", name) for name in names] == [(one.namespace, one.name) for one in datasets]
    found = str([(one.task.__dict__, repr(one.task), one.returned) for one in ended] + lineage)
    assert [] == [secret for secret in secrets if secret in found]


def test_a_secret_that_somebody_logs_is_masked(bucket, monkeypatch):
    """The password and the secrets of the extra are masked, percent-encoded ones too."""
    from airflow_provider_talon_one.airflow_compat.masking import redact

    value = {
        **bucket.value,
        "password": "veiled/password",
        "extra": {**bucket.value["extra"], "aws_session_token": "veiled-token", "nested": {"a_secret": "veiled-too"}},
    }
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(value))
    location = resolve_location("s3://other@bucket/lake")
    assert "Location()" == repr(location)
    for secret in ("veiled/password", "veiled%2Fpassword", "veiled-token", "veiled-too"):
        assert "it is *** there" == redact(f"it is {secret} there")


@pytest.mark.parametrize("scheme", ["mysql+pymysql", "mssql", "databricks", "duckbd", "postgress"])
@pytest.mark.parametrize("query", [(None, None), ("SELECT 1", None), (None, "t")])
def test_a_source_url_that_no_source_has_is_refused_as_in_a_sync_file(scheme, query):
    """The error names source_url and the kinds that there are, without the password."""
    sql, table = query
    url = f"{scheme}://u:planted-key@host/db"
    with (
        pytest.raises((WarehouseConfigError, ValueError)) as caught,
        opened_source(conn_id=None, url=url, sql=sql, table=table),
    ):
        pass
    assert f"source_url: {scheme}:// is not supported" in str(caught.value)
    assert "planted-key" not in str(caught.value)
