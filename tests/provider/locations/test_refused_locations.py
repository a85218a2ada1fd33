"""Locations that cannot be used: one line, when the DAG is parsed or before anything is sent."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_talon_one.locations.connection_urls import connection_url
from airflow_provider_talon_one.locations.location import Location, local_folder, resolve_location
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToAudienceOperator

pytestmark = pytest.mark.usefixtures("database", "connection")


@contextmanager
def fails_at_once(words):
    """Check that a task fails at once in one line with these words, and return the line."""
    with pytest.raises(AirflowFailException) as caught:
        yield caught
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"host": "db", "schema": "w"}, "postgresql://:@db:5432/w"),
        ({"login": "a/b", "password": "p@:%&", "port": 1}, "postgresql://a%2Fb:p%40%3A%25%26@localhost:1/a%2Fb"),
        ({"host": "::1", "schema": "w h?"}, "postgresql://:@[::1]:5432/w%20h%3F"),
        ({"host": "/run/postgresql", "schema": "w"}, "postgresql://:@%2Frun%2Fpostgresql:5432/w"),
        ({"conn_type": "postgres", "extra": {"iam": True}}, None),
        ({"conn_type": "duckdb", "host": "/data/w.duckdb"}, "duckdb:////data/w.duckdb"),
        ({"conn_type": "duckdb", "host": "/data/a b%20c.duckdb"}, "duckdb:////data/a%20b%2520c.duckdb"),
        ({"conn_type": "sqlite", "schema": "w.db"}, "sqlite:///w.db"),
        ({"conn_type": "snowflake", "extra": {"account": "a"}}, None),
    ],
)
def test_a_connection_is_a_url(monkeypatch, given, url):
    """Every special character of a connection is percent-encoded in its URL."""
    monkeypatch.setenv("AIRFLOW_CONN_W", json.dumps({"conn_type": "postgres", **given}))
    assert url == connection_url("w")


def test_wrong_keys_fail_in_one_line(guarded_bucket, load, monkeypatch):
    """Wrong credentials fail the task at once, and the message does not show them."""
    pytest.importorskip("airflow.providers.amazon", reason="apache-airflow-providers-amazon is not installed")
    extra = {"endpoint_url": guarded_bucket.server, "region_name": "us-east-1"}
    value = {"conn_type": "aws", "login": guarded_bucket.key, "password": "planted-wrong-secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_WRONG_KEYS", json.dumps(value))
    with fails_at_once("s3://bucket/lake may not be read and written") as caught:
        load(warehouse_url="s3://wrong_keys@bucket/lake")
    assert "planted-wrong-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"warehouse_url": "s3://KEY:planted-key@bucket/lake"}, "has the id of a connection before the @, and never"),
        ({"warehouse_url": "s3://@bucket/lake"}, "has the id of a connection before the @"),
        ({"warehouse_url": "s3://nowhere@bucket/lake"}, "nowhere"),
        ({"warehouse_url": "s3://db@bucket/lake"}, "db is of type mysql; s3:// needs one of type aws"),
        ({"warehouse_url": "gs://db@bucket/lake"}, "pip install 'apache-airflow-providers-google'"),
        ({"warehouse_url": "s3://db@bucket/lake", "warehouse_conn_id": "db"}, "names a connection already"),
        (
            {"warehouse_url": "{{ 'duckdb:///w.duckdb' }}", "warehouse_conn_id": "db"},
            "only s3, gs, abfs URLs",
        ),
        ({"warehouse_conn_id": "db"}, "connection db, which is of type mysql; give a connection of type postgres"),
        ({"warehouse_conn_id": "iam"}, "connection iam, which takes its password from a token"),
        ({"warehouse_conn_id": "no_bucket"}, "names no bucket; give a URL, like s3://no_bucket@bucket/lake"),
        ({"warehouse_url": "{{ '' }}"}, "neither a URL nor a connection"),
    ],
)
def test_what_cannot_be_a_warehouse_is_reported_in_one_line(emu, load, monkeypatch, arguments, words):
    """The message says what to use instead, and does not repeat keys of a URL."""
    for name, given in (
        ("db", {"conn_type": "mysql", "password": "planted-key"}),
        ("iam", {"conn_type": "postgres", "extra": {"iam": True}}),
        ("no_bucket", {"conn_type": "aws"}),
    ):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(given))
    with fails_at_once(words) as caught:
        load(**arguments)
    assert "planted-key" not in str(caught.value)
    assert [] == emu.requests()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"source_url": "w.csv", "source_conn_id": "x"}, "either source_conn_id or source_url; only s3, gs, abfs URLs"),
        ({"source_url": "w.csv", "store": "s.duckdb", "store_conn_id": "x"}, "either store_conn_id or store; only s3"),
    ],
)
def test_a_connection_beside_a_path_is_refused_when_the_dag_is_parsed(arguments, words):
    """A connection beside a local path is refused, because it would not be used."""
    with pytest.raises(ValueError, match=words):
        WarehouseToAudienceOperator(task_id="t", audience=1, key="id", **arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"source_url": "s3://bucket/vip", "source_conn_id": "x", "sql": "SELECT 1"}, "a file takes neither sql nor"),
        ({"source_conn_id": "talon_one_default", "sql": "SELECT 1"}, "is not a database"),
        ({"source_conn_id": "nothing", "sql": "SELECT 1"}, "the connection nothing cannot be used"),
        ({"source_url": "vip.csv", "store_conn_id": "file"}, "the connection file cannot keep a store"),
        (
            {"source_url": "vip.csv", "rejects_directory": "s3://bucket/rejects"},
            "rejects_directory must be a folder",
        ),
    ],
)
def test_what_cannot_be_a_source_or_store_is_reported_in_one_line(
    emu, push_members, monkeypatch, tmp_path, arguments, words
):
    """The task fails before anything is sent."""
    for name, given in (
        ("x", {"conn_type": "aws", "login": "key", "password": "secret"}),
        ("nothing", {"conn_type": "of_nobody"}),
        ("file", {"conn_type": "sqlite", "host": "w.db"}),
    ):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(given))
    monkeypatch.chdir(tmp_path)
    with fails_at_once(words):
        push_members(**arguments)
    assert not [one for one in emu.requests() if one["method"] != "GET"]


def test_a_local_folder_can_be_a_file_url():
    """A folder is accepted as a path and as a file URL."""
    assert ["/data/rejects", "rejects"] == [local_folder(one, "rejects") for one in ("file:///data/rejects", "rejects")]


def test_a_container_of_azure_is_no_connection():
    """The part before the @ in Azure's own URLs is a container and not a connection."""
    url = "abfs://container@account.dfs.core.windows.net/lake"
    assert Location(url) == resolve_location(url)
