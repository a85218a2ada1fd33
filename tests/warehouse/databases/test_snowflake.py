"""Loads into Snowflake by its own connector, against a server of its protocol (fakesnow)."""

from __future__ import annotations

import time

import pytest

from talon_one_warehouse import MergeCounts, WarehouseConfigError, WarehouseError, open_warehouse, table_spec, to_arrow
from talon_one_warehouse.connections import snowflake
from talon_one_warehouse.dialects.snowflake import folded, unfolded

TABLE = table_spec("t", {"properties": {"id": {"type": "integer"}, "a": {"type": ["string", "null"]}}}, ["id"])
ROW = {"t": [to_arrow(TABLE, [b'{"id":1,"a":"x"}'])]}


@pytest.fixture
def url(snowflake_url):
    """The URL of an empty database, without a schema."""
    return snowflake_url.replace("/public", "")


@pytest.fixture
def execute(url):
    """Return a function that runs a statement and returns its rows."""
    with snowflake.connect(url.partition("://")[2]) as connection, connection.cursor() as cursor:
        yield lambda statement: cursor.execute(statement).fetchall()


@pytest.mark.slow
def test_tables_are_found_by_names_without_quotes(url, execute):
    """Snowflake folds names without quotes to upper case, and the tables have such names."""
    with open_warehouse(url) as warehouse:
        warehouse.prepare(TABLE)
        warehouse.merge(ROW)
    assert [(1, "x")] == execute("SELECT id, a FROM talon_one.t")


@pytest.mark.slow
def test_the_schema_of_the_url_holds_the_tables(url, execute):
    """A schema in the URL takes the place of the default."""
    with open_warehouse(url.replace("?", "/loyalty?")) as warehouse:
        warehouse.prepare(TABLE)
        warehouse.merge(ROW)
    assert [(1, "x")] == execute("SELECT id, a FROM loyalty.t")


@pytest.mark.slow
def test_a_url_without_a_database_is_refused(snowflake_server, monkeypatch):
    """The message says that the URL names no database, and shows one that does."""
    monkeypatch.setenv("SNOWFLAKE_PASSWORD", "planted-secret")
    with pytest.raises(WarehouseConfigError, match="names no database, or one that the role cannot use") as caught:
        open_warehouse(f"snowflake://tester@account?{snowflake_server}")
    assert "planted-secret" not in str(caught.value)


@pytest.mark.slow
def test_a_merge_that_fails_leaves_the_state_before_it(url, execute):
    """Tables are merged before the state: after a failure the rows come again, and change nothing where they are."""
    lost = table_spec("lost", {"properties": {"id": {"type": "integer"}}}, ["id"])
    with open_warehouse(url) as warehouse:
        for table in (TABLE, lost):
            warehouse.prepare(table)
        warehouse.merge({}, {"run": {"at": 1}})
        execute("DROP TABLE talon_one.lost")
        batches = {**ROW, "lost": [to_arrow(lost, [b'{"id":2}'])]}
        with pytest.raises(WarehouseError, match=r"(?i)lost"):
            warehouse.merge(batches, {"run": {"at": 2}})
        assert {"at": 1} == warehouse.state("run")
        warehouse.prepare(lost)
        assert MergeCounts(1, 0) == warehouse.merge(batches, {"run": {"at": 3}})
        assert {"at": 3} == warehouse.state("run")


@pytest.mark.slow
def test_staging_tables_end_with_their_merge(url, execute):
    """No staging table is left after a merge."""
    with open_warehouse(url) as warehouse:
        warehouse.prepare(TABLE)
        warehouse.merge(ROW, {"run": {}})
    found = execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'TALON_ONE'")
    assert {"T", "_TALON_ONE_STATE"} == {name for (name,) in found}


@pytest.mark.slow
def test_staging_tables_of_killed_loads_are_dropped_after_a_day(url, execute):
    """The next load drops staging tables that are older than a day, and no others."""
    open_warehouse(url).close()
    now = int(time.time())
    old, new = (f"_TALON_ONE_STAGE_{at:x}_0_0".upper() for at in (now - 90_000, now - 80_000))
    for name in (old, new):
        execute(f'CREATE TRANSIENT TABLE talon_one."{name}" (c0 TEXT)')
    open_warehouse(url).close()
    found = execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'TALON_ONE'")
    assert {new, "_TALON_ONE_STATE"} == {name for (name,) in found}


@pytest.mark.parametrize("name", ["ledger", "_loaded_at", "a1$", 'we"ird', "ünï", "a b", "1a"])
def test_a_name_of_the_catalog_is_read_back(name):
    """Folding and unfolding a name gives the name."""
    assert name == unfolded(folded(name))


def test_a_server_that_does_not_answer_is_reported_in_one_line(monkeypatch):
    """An unreachable server is an error that may go away, without the password."""
    monkeypatch.setenv("SNOWFLAKE_PASSWORD", "planted-secret")
    with pytest.raises(WarehouseError, match="cannot open snowflake://account/db: ") as caught:
        open_warehouse("snowflake://u@account/db?host=127.0.0.1&port=9&protocol=http")
    assert "planted-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
