"""Pushes from Airflow connections of databases that are read by their own client."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from airflow_provider_talon_one.locations.client_connections import UnsupportedConnectionError, client_connection
from airflow_provider_talon_one.locations.sources import opened_source, query_ids
from talon_one_warehouse import WarehouseConfigError
from talon_one_warehouse.connections import bigquery, mysql, snowflake
from tests.servers import PASSWORD

pytestmark = pytest.mark.usefixtures("database", "connection", "folder")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder for the stores of the pushes."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def put(monkeypatch):
    """Return a function that sets the connection ``w``."""
    return lambda **given: monkeypatch.setenv("AIRFLOW_CONN_W", json.dumps(given))


@pytest.fixture
def snowflake_connection(put, snowflake_url, monkeypatch):
    """A connection of type snowflake to a database with three customers."""
    rest = snowflake_url.partition("://")[2]
    with snowflake.connect(rest) as opened, opened.cursor() as cursor:
        cursor.execute("CREATE TABLE vips (customer_id varchar, n integer)")
        cursor.execute("INSERT INTO vips VALUES ('a', 1), ('b', 2), ('c', 3)")
    monkeypatch.delenv("SNOWFLAKE_PASSWORD")
    place, _, query = rest.partition("?")
    extra = {"account": "account", "database": place.split("/")[1]} | dict(one.split("=") for one in query.split("&"))
    put(conn_type="snowflake", login="tester", password=PASSWORD, schema="public", extra=extra)


@pytest.fixture
def bigquery_connection(put, bigquery_url):
    """A connection of type google_cloud_platform to a project with three customers."""
    client = bigquery.connect(bigquery_url.partition("://")[2])
    client.query("CREATE TABLE vips (customer_id STRING, n INT64)").result()
    client.query("INSERT INTO vips VALUES ('a', 1), ('b', 2), ('c', 3)").result()
    client.close()
    put(conn_type="google_cloud_platform", extra={"project": client.project})
    return SimpleNamespace(table=f"{bigquery_url.rpartition('/')[2]}.vips")


@pytest.fixture
def mysql_connection(put, mysql_server, mysql_url):
    """A connection of type mysql to a database with three customers."""
    with mysql.connect(mysql_url.partition("://")[2], {"autocommit": True}) as opened, opened.cursor() as cursor:
        cursor.execute("CREATE TABLE vips (customer_id varchar(9), n integer)")
        cursor.execute("INSERT INTO vips VALUES ('a', 1), ('b', 2), ('c', 3)")
    port = int(mysql_server.rpartition(":")[2])
    name = mysql_url.rpartition("/")[2]
    put(conn_type="mysql", host="127.0.0.1", login="tester", password=PASSWORD, port=port, schema=name)


@pytest.fixture
def members(emu):
    """Return a function that returns the members of all audiences."""

    def found():
        state = emu.state("memberships", "profiles")
        names = {row["id"]: row["integration_id"] for row in state["profiles"]}
        return {names[row["profile"]] for row in state["memberships"]}

    return found


@pytest.mark.slow
@pytest.mark.usefixtures("snowflake_connection")
def test_a_push_reads_a_connection_of_type_snowflake(push_members, members):
    """A push reads a table of Snowflake, whose columns are in upper case, and every row becomes a member."""
    push_members(source_conn_id="w", table="vips", key="customer_id")
    assert {"a", "b", "c"} == members()


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["sql", "table"])
def test_a_push_reads_a_connection_of_type_google_cloud_platform(push_members, members, bigquery_connection, verb):
    """A push reads a table or a query of BigQuery, and every row becomes a member."""
    table = bigquery_connection.table
    push_members(
        source_conn_id="w", key="customer_id", **{verb: table if verb == "table" else f"SELECT * FROM {table}"}
    )
    assert {"a", "b", "c"} == members()


@pytest.mark.usefixtures("mysql_connection")
def test_a_push_reads_a_connection_of_type_mysql(push_members, members):
    """A push reads a table of MySQL, and every row becomes a member."""
    push_members(source_conn_id="w", table="vips", key="customer_id")
    assert {"a", "b", "c"} == members()


@pytest.mark.usefixtures("mysql_connection")
def test_ids_of_a_load_may_come_from_a_client():
    """The ids that a load reads may come from a query of MySQL."""
    assert ["1", "2"] == query_ids(None, "w", "SELECT n FROM vips WHERE n < 3 ORDER BY n", "main")


def test_a_push_reads_a_connection_of_type_redshift(put, redshift_url, push_members, members):
    """A push reads a query of Redshift through its own client."""
    place = redshift_url.partition("://")[2].partition("?")[0].rpartition("@")[2]
    host, _, name = place.partition("/")
    port = int(host.rpartition(":")[2])
    given = {"host": "127.0.0.1", "port": port, "schema": name, "login": "reader", "password": PASSWORD}
    put(conn_type="redshift", **given, extra={"ssl": False})
    push_members(source_conn_id="w", sql="SELECT 'a' AS customer_id", key="customer_id")
    assert {"a"} == members()


@pytest.mark.parametrize("kind", ["databricks", "mssql"])
def test_connections_that_cannot_be_read_say_what_to_do_instead(put, kind):
    """The error of an unsupported type is one line that names Parquet files as the way."""
    put(conn_type=kind, host="h", password="planted-secret")
    with (
        pytest.raises(
            UnsupportedConnectionError, match=r"w is of type .* Parquet files .* give the folder as source_url"
        ) as caught,
        opened_source(conn_id="w", url=None, sql="SELECT 1", table=None),
    ):
        pass
    assert "planted-secret" not in str(caught.value)


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret of the key")).decode()


@pytest.mark.parametrize("content", [PEM, base64.b64encode(PEM.encode()).decode()])
def test_a_key_pair_of_snowflake_needs_no_file(put, content):
    """The key in the extra is decrypted with the connection's password, which is not sent as a password."""
    put(conn_type="snowflake", password="secret of the key", extra={"account": "a", "private_key_content": content})
    found = client_connection("w")
    assert KEY.private_numbers() == found.options["private_key"].private_numbers()
    assert "password" not in found.options
    assert "secret of the key" not in repr(found)


def test_a_key_that_is_none_is_reported_without_it(put):
    """The message does not repeat the content of the key."""
    put(conn_type="snowflake", extra={"account": "a", "private_key_content": "planted+secret"})
    with pytest.raises(ValueError, match="private_key_content of the connection cannot be read") as caught:
        client_connection("w")
    assert "planted" not in str(caught.value)


def test_tls_settings_that_are_not_json_are_reported(put):
    """The message names the setting of the connection."""
    put(conn_type="mysql", extra={"ssl": "{"})
    with pytest.raises(ValueError, match="ssl in the extra of the connection is not JSON"):
        client_connection("w")


def test_a_service_account_that_is_not_json_is_reported_without_it(put):
    """The message names what is wrong, and does not repeat the content of the file."""
    put(conn_type="google_cloud_platform", extra={"project": "p", "keyfile_dict": "planted-secret"})
    with (
        pytest.raises(WarehouseConfigError, match="the content of the service account file is not JSON") as caught,
        opened_source(conn_id="w", url=None, sql="SELECT 1", table=None),
    ):
        pass
    assert "planted-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "url", "options"),
    [
        (
            {
                "conn_type": "snowflake",
                "login": "u",
                "password": "p",
                "schema": "s",
                "extra": {"account": "a-b", "role": "r", "database": "d"},
            },
            "snowflake://a-b/d/s",
            {"user": "u", "password": "p", "role": "r"},
        ),
        (
            {
                "conn_type": "snowflake",
                "login": "u",
                "password": "p",
                "extra": {"extra__snowflake__account": "a", "private_key_file": "/k"},
            },
            "snowflake://a/",
            {"user": "u", "private_key_file": "/k", "private_key_file_pwd": "p"},
        ),
        (
            {"conn_type": "gcpbigquery", "extra": {"project": "p", "key_path": "/k", "impersonation_chain": ["me@x"]}},
            "bigquery://p",
            {"credentials_file": "/k", "impersonate": "me@x"},
        ),
        (
            {"conn_type": "google-cloud-platform", "extra": {"keyfile_dict": '{"project_id": "q"}'}},
            "bigquery://",
            {"keyfile": '{"project_id": "q"}'},
        ),
        (
            {
                "conn_type": "mysql",
                "host": "h",
                "login": "u@v",
                "password": "p",
                "schema": "d b",
                "extra": {"ssl": {"ca": "/ca"}},
            },
            "mysql://h:3306/d%20b",
            {"user": "u@v", "password": "p", "ssl_ca": "/ca"},
        ),
        (
            {"conn_type": "redshift", "host": "h", "schema": "d", "extra": {"cluster_identifier": "c", "profile": "x"}},
            "redshift://h:5439/d",
            {"user": None, "password": None, "cluster_identifier": "c", "profile": "x"},
        ),
    ],
)
def test_the_fields_of_a_connection_become_settings_of_the_client(put, given, url, options):
    """Every field and extra of a connection reaches the client under its own name."""
    put(**given)
    found = client_connection("w")
    assert url == found.url
    assert options == {name: value for name, value in found.options.items() if value is not None or name in options}


@pytest.mark.parametrize(
    "given",
    [
        {"conn_type": "snowflake", "extra": {"account": "a", "refresh_token": "t"}},
        {"conn_type": "google_cloud_platform", "extra": {"project": "p", "key_secret_name": "k"}},
        {"conn_type": "mysql", "extra": {"iam": True}},
        {"conn_type": "mysql", "extra": {"ssl": {"ca": "/ca", "cipher": "AES256"}}},
        {"conn_type": "mysql", "extra": {"ssl": '{"capath": "/certificates"}'}},
        {"conn_type": "mysql", "extra": {"ssl": True}},
        {"conn_type": "oracle"},
    ],
)
def test_settings_that_only_a_hook_knows_are_left_to_it(put, given):
    """A connection with another way of authentication is read by its hook, as before."""
    put(**given)
    assert client_connection("w") is None
