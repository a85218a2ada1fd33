"""Loads into BigQuery by its own client, against a server of its REST API (bqemulator)."""

from __future__ import annotations

import pytest
from google.cloud.bigquery import Table

from talon_one_warehouse import (
    Column,
    MergeCounts,
    TableError,
    TableSpec,
    WarehouseConfigError,
    WarehouseError,
    WarehouseLockedError,
    open_warehouse,
    table_spec,
    to_arrow,
)
from talon_one_warehouse.connections import bigquery
from talon_one_warehouse.dialects.bigquery import BigQuery

TABLE = table_spec("t", {"properties": {"id": {"type": "integer"}, "a": {"type": ["string", "null"]}}}, ["id"])
ROW = {"t": [to_arrow(TABLE, [b'{"id":1,"a":"x"}'])]}


@pytest.fixture
def client(bigquery_url):
    """A client of the project of an empty dataset ``public``."""
    with bigquery.connect(bigquery_url.partition("://")[2]) as opened:
        yield opened


def names(client, dataset):
    """The tables of a dataset."""
    return {table.table_id for table in client.list_tables(dataset)}


@pytest.mark.slow
def test_the_dataset_of_the_url_holds_the_tables(bigquery_url, client):
    """A dataset in the URL takes the place of the default, and no staging table is left in it after a merge."""
    with open_warehouse(bigquery_url) as warehouse:
        warehouse.prepare(TABLE)
        assert MergeCounts(1, 0) == warehouse.merge(ROW, {"run": {}})
    assert [(1, "x")] == [tuple(row.values()) for row in client.query("SELECT id, a FROM public.t").result()]
    assert {"t", "_talon_one_state", "_talon_one_lock"} == names(client, "public")


@pytest.mark.slow
def test_a_missing_dataset_is_created(bigquery_url, client):
    """Without a dataset in the URL, the tables are in the dataset of the schema, which is created."""
    open_warehouse(bigquery_url.removesuffix("/public"), schema="loyalty").close()
    assert {"_talon_one_state", "_talon_one_lock"} == names(client, "loyalty")


@pytest.mark.slow
def test_every_merge_updates_the_lock(bigquery_url, client):
    """The lock has one row, which each merge updates."""
    found = []
    with open_warehouse(bigquery_url) as warehouse:
        for number in range(2):
            warehouse.merge({}, {"run": {"at": number}})
            found += [tuple(row.values()) for row in client.query("SELECT * FROM public._talon_one_lock").result()]
    (first,), (second,) = found
    assert first < second


@pytest.mark.parametrize("name", ["my dataset", "a-b", "ü", "a.b"])
def test_a_dataset_that_cannot_be_is_an_error_of_the_settings(monkeypatch, name):
    """A name that BigQuery refuses is refused before anything is sent."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    with pytest.raises(WarehouseConfigError, match=f"BigQuery takes no dataset with the name '{name}'"):
        open_warehouse("bigquery://project", schema=name)


@pytest.mark.parametrize("name", ["we.ird", "a`b", "a\\b", "a\nb", "", "x" * 301, "_PARTITIONTIME", "_table_x"])
def test_a_column_that_bigquery_cannot_have_is_refused(name):
    """A name of a column that BigQuery refuses is refused before anything is created."""
    with pytest.raises(TableError, match="BigQuery takes no column with the name"):
        BigQuery().check(TableSpec("t", (Column(name, "id", "string"),), (name,)))


def test_the_lock_is_no_table_for_rows():
    """The name of the lock cannot be used for rows."""
    with pytest.raises(TableError, match="reserved for the lock of merges"):
        BigQuery().check(TableSpec("_talon_one_lock", TABLE.columns, TABLE.key))


class WithTable:
    """A connection to a dataset with one table, as BigQuery's API describes it."""

    def __init__(self, **about):
        place = {"projectId": "p", "datasetId": "d", "tableId": "t"}
        self.found = Table.from_api_repr({"tableReference": place, **about})

    def table_named(self, _schema, _name):
        """The table."""
        return self.found


def test_types_are_those_of_sql():
    """The API's names of types become those of SQL; a BIGNUMERIC without a precision holds what ours holds."""
    given = {
        "INTEGER": {},
        "BOOLEAN": {},
        "BIGNUMERIC": {},
        "NUMERIC": {"precision": "10", "scale": "2"},
        "STRING": {"mode": "REPEATED"},
        "TIMESTAMP": {},
    }
    fields = [{"name": kind, "type": kind, **more} for kind, more in given.items()]
    found = BigQuery().columns(WithTable(schema={"fields": fields}), "d", "t")
    assert ["INT64", "BOOL", "BIGNUMERIC(38, 18)", "NUMERIC(10, 2)", "ARRAY<STRING>", "TIMESTAMP"] == list(
        found.values()
    )


def test_a_key_is_read_and_none_is_unknown():
    """The columns of a key are in its order; a table without a key is not refused, as BigQuery enforces none."""
    assert ["b", "a"] == BigQuery().key(WithTable(tableConstraints={"primaryKey": {"columns": ["b", "a"]}}), "d", "t")
    assert BigQuery().key(WithTable(), "d", "t") is None


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Transaction is aborted due to concurrent update against table p:d._talon_one_lock", WarehouseLockedError),
        ("Quota exceeded", WarehouseError),
    ],
)
def test_two_merges_at_a_time_are_an_error_that_names_the_other_load(words, kind):
    """BigQuery aborts one of two transactions that update the lock; other errors stay what they are."""

    class Failing:
        @staticmethod
        def rows(_statement):
            raise WarehouseError(f"bigquery://p/d: {words}")

    with pytest.raises(WarehouseError, match=words) as caught:
        BigQuery().merge_all(Failing(), "d", [(TABLE, "stage")])
    assert kind is type(caught.value)


def test_a_server_that_does_not_answer_is_reported_in_one_line(monkeypatch):
    """An unreachable server is an error that may go away."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr("talon_one_warehouse.databases.bigquery._FIRST_ANSWER_S", 1)
    with pytest.raises(WarehouseError, match="bigquery://project/d: ") as caught:
        open_warehouse("bigquery://project/d")
    assert WarehouseError is type(caught.value)
    assert "\n" not in str(caught.value)
