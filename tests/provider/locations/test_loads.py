"""Loads through Airflow connections of databases that are loaded by their own client."""

from __future__ import annotations

import json
import sys

import pytest

from airflow_provider_talon_one.locations.loads import load_location
from talon_one_warehouse.connections import snowflake
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
        ({"conn_type": "databricks"}, "is of type databricks; give a connection of type postgres"),
        (
            {"conn_type": "google_cloud_platform"},
            "is of type google_cloud_platform; give a connection of type postgres",
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


def test_a_client_that_is_not_installed_is_named(put, monkeypatch):
    """Without Snowflake's connector, the message names the extra to install."""
    monkeypatch.setitem(sys.modules, "snowflake", None)
    put(conn_type="snowflake", extra={"account": "a"})
    with pytest.raises(ValueError, match=r"pip install 'talon-one-connector\[snowflake\]'"):
        load_location(None, "w")
