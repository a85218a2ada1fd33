"""Merging into DuckDB."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from talon_one_warehouse import (
    Column,
    MergeCounts,
    SourceSpec,
    TableError,
    TableSpec,
    open_source,
    open_warehouse,
    table_spec,
    to_arrow,
)


def spec(name="t", **types):
    """A table with the key id."""
    properties = {"id": {"type": "integer"}} | {k: {"type": v} for k, v in types.items()}
    return table_spec(name, {"properties": properties}, ["id"])


def test_every_kind_arrives_exactly(warehouse, table):
    """Every kind of column arrives exactly, as DECIMAL, TIMESTAMPTZ and JSON text among others."""
    row = b'{"id":1,"text":"a","amount":12345678901234.56,"at":"9999-12-31T23:59:59Z","flag":true,'
    row += b'"attributes":{"a": 1.50}}'
    warehouse.merge({"ledger": [to_arrow(table, [row])]})
    expected = (
        1,
        "a",
        Decimal("12345678901234.56"),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        True,
        '{"a": 1.50}',
    )
    assert [expected] == warehouse.query("SELECT * FROM ledger")


def test_the_columns_have_their_types(warehouse):
    """Every column has a type of its own, and none is text that has a better type."""
    types = ["BIGINT", "VARCHAR", "DECIMAL(38,18)", "TIMESTAMP WITH TIME ZONE", "BOOLEAN", "JSON"]
    found = warehouse.query("SELECT data_type FROM duckdb_columns() WHERE table_name = 'ledger' ORDER BY column_index")
    assert types == [kind for (kind,) in found]


def test_instants_beyond_pythons_datetime_are_kept(warehouse, table):
    """Instants of year 0 and year 10000 in UTC are kept, and read as text."""
    rows = [b'{"id":1,"at":"0001-01-01T00:00:00+05:00"}', b'{"id":2,"at":"9999-12-31T23:59:59-05:00"}']
    warehouse.merge({"ledger": [to_arrow(table, rows)]})
    assert [(True, True)] == warehouse.query(
        "SELECT min(ledger.at) < '0001-01-01 00:00:00Z', max(ledger.at) > '9999-12-31 23:59:59Z' FROM ledger"
    )
    assert 2 == len(warehouse.query('SELECT "at" FROM ledger'))


def test_merging_the_same_rows_again_does_nothing(warehouse, table):
    """The counts tell inserted, changed and untouched rows apart."""
    rows = [b'{"id":%d,"amount":1.5}' % i for i in range(10)]
    changed = [b'{"id":3,"amount":1.50}', b'{"id":4,"amount":2}', b'{"id":5}', b'{"id":10}']
    counts = [warehouse.merge({"ledger": [to_arrow(table, part)]}) for part in (rows, rows, changed)]
    assert [MergeCounts(10, 0), MergeCounts(0, 0), MergeCounts(1, 2)] == counts
    found = warehouse.query("SELECT id, amount FROM ledger WHERE id BETWEEN 3 AND 5 ORDER BY id")
    assert [(3, Decimal("1.5")), (4, Decimal(2)), (5, None)] == found


def test_of_rows_with_one_key_the_last_wins(warehouse, table):
    """The last row of a key wins, within a batch and over the batches of a merge."""
    first = to_arrow(table, [b'{"id":1,"text":"a"}', b'{"id":2,"text":"b"}', b'{"id":1,"text":"c"}'])
    second = to_arrow(table, [b'{"id":2,"text":"d"}'])
    assert MergeCounts(2, 0) == warehouse.merge({"ledger": [first, second]})
    assert [(1, "c"), (2, "d")] == warehouse.query("SELECT id, text FROM ledger ORDER BY id")


def test_a_key_may_have_several_columns_and_be_all_there_is(warehouse):
    """A table may consist of its key, and then there is nothing to update."""
    properties = {"cardId": {"type": "string"}, "asOf": {"type": "string", "format": "date-time"}}
    table = table_spec("pairs", {"properties": properties}, ["cardId", "asOf"])
    warehouse.prepare(table)
    rows = [
        b'{"cardId":"%s","asOf":"2024-01-0%dT00:00:00Z"}' % (card, day) for card in (b"a", b"b") for day in (1, 2, 1)
    ]
    counts = [warehouse.merge({"pairs": [to_arrow(table, rows)]}) for _ in range(2)]
    assert [MergeCounts(4, 0), MergeCounts(0, 0)] == counts


def test_a_new_column_is_added_and_an_old_one_stays(warehouse):
    """A new column is added, and existing rows keep the values of the old ones."""
    old, new = spec(a="string"), spec(b="number")
    warehouse.prepare(old)
    warehouse.merge({"t": [to_arrow(old, [b'{"id":1,"a":"x"}'])]})
    warehouse.prepare(new)
    warehouse.merge({"t": [to_arrow(new, [b'{"id":1,"b":2.5}', b'{"id":2,"b":3}'])]})
    assert [(1, "x", Decimal("2.5")), (2, None, Decimal(3))] == warehouse.query("SELECT id, a, b FROM t ORDER BY id")


def test_a_column_of_another_type_is_refused(warehouse):
    """A column of another type is refused, and the existing table stays as it is."""
    warehouse.prepare(spec(a="string"))
    with pytest.raises(TableError, match=r"talon_one\.t\.a exists as VARCHAR instead of DECIMAL\(38,18\)"):
        warehouse.prepare(spec(a="number", b="string"))
    assert [("id",), ("a",)] == warehouse.query(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = 't' ORDER BY column_index"
    )


def test_another_key_is_refused(warehouse):
    """Another key is refused, because rows of one key would become rows of another."""
    warehouse.prepare(spec(a="string"))
    other = table_spec("t", {"properties": {"id": {"type": "integer"}, "a": {"type": "string"}}}, ["a"])
    with pytest.raises(TableError, match=r"exists with the key \(id\) instead of \(a\)"):
        warehouse.prepare(other)


def test_all_tables_and_the_state_are_one_transaction(warehouse, table):
    """A failure in the second table rolls back the first one and the state."""
    warehouse.merge({"ledger": [to_arrow(table, [b'{"id":1}'])]}, {"run": {"at": 1}})
    batch = to_arrow(table, [b'{"id":2}'])
    with pytest.raises(TableError, match="the table 'unprepared' was not prepared"):
        warehouse.merge({"ledger": [batch], "unprepared": [batch]}, {"run": {"at": 2}})
    assert [(1,)] == warehouse.query("SELECT id FROM ledger")
    assert {"at": 1} == warehouse.state("run")


def test_rows_with_new_keys_and_rows_with_known_keys_may_follow_each_other(warehouse, table):
    """Rows are counted and written once, whether the rows before them had new keys or known ones."""
    rows = [
        [(1, 1), (2, 1)],
        [(3, 1)],
        [(2, 2), (4, 1)],
        [(1, 1)],
        [(5, 1)],
        [(6, 1), (7, 1)],
        [(7, 1), (7, 2), (1, 2)],
    ]
    batches = [[to_arrow(table, [b'{"id":%d,"amount":%d}' % row for row in part])] for part in rows]
    counts = [warehouse.merge({"ledger": batch}, {"run": {"at": at}}) for at, batch in enumerate(batches)]
    assert [(2, 0), (1, 0), (1, 1), (0, 0), (1, 0), (2, 0), (0, 2)] == counts
    found = [(1, 2), (2, 2), (3, 1), (4, 1), (5, 1), (6, 1), (7, 2)]
    assert found == warehouse.query("SELECT id, amount FROM ledger ORDER BY id")
    assert {"at": 6} == warehouse.state("run")


def test_a_known_key_in_the_second_table_does_not_write_the_first_one_twice(warehouse, table):
    """Rows of a table that was written before the other one turned out to have known keys are counted once."""
    other = replace(table, name="other")
    warehouse.prepare(other)
    warehouse.merge({"other": [to_arrow(other, [b'{"id":1}'])]})
    batch = [to_arrow(table, [b'{"id":1,"text":"a"}', b'{"id":2}'])]
    assert MergeCounts(3, 1) == warehouse.merge({"ledger": batch, "other": batch})
    assert [(1,), (2,)] == warehouse.query("SELECT id FROM ledger ORDER BY id")


def test_states_live_under_their_names(url, warehouse):
    """States are kept by name, and outlive the connection."""
    assert warehouse.state("a") is None
    warehouse.merge({}, {"a": {"x": [1, "ü"]}, "b": {}})
    warehouse.merge({}, {"b": {"y": None}})
    warehouse.close()
    with open_warehouse(url) as again:
        assert {"x": [1, "ü"]} == again.state("a")
        assert {"y": None} == again.state("b")


@pytest.mark.parametrize("name", ['we"ird', "select", "a b.c", "ünï", "x;--", "'"])
def test_any_name_is_quoted(url, name):
    """Any character is allowed in the names of a schema, a table and a column."""
    table = TableSpec(name, (Column(name, "key", "string"), Column("n", "n", "number")), (name,))
    with open_warehouse(url, schema=name) as warehouse:
        for value in (b"1", b"2"):
            warehouse.prepare(table)
            row = b'{"key":"k","n":' + value + b"}"
            warehouse.merge({name: [to_arrow(table, [row])]}, {name: {}})
        quoted = '"' + name.replace('"', '""') + '"'
        assert [("k", Decimal(2))] == warehouse.query(f"SELECT * FROM {quoted}.{quoted}")


def test_the_table_of_states_is_no_table_for_rows(warehouse):
    """The name of the table of states cannot be used for rows."""
    with pytest.raises(TableError, match="reserved for the table of states"):
        warehouse.prepare(spec("_talon_one_state"))


def test_a_file_may_be_named_like_the_schema(tmp_path, table):
    """A file may have the name of the schema, which DuckDB alone would refuse as ambiguous."""
    url = f"duckdb:///{tmp_path}/talon_one.duckdb"
    for _ in range(2):
        with open_warehouse(url) as warehouse:
            warehouse.prepare(table)
            warehouse.merge({"ledger": [to_arrow(table, [b'{"id":1}'])]}, {"s": {"a": 1}})
            assert [(1,)] == warehouse.query("SELECT id FROM talon_one.ledger")
            assert {"a": 1} == warehouse.state("s")
    with open_source(SourceSpec(url, table="talon_one.ledger")) as source:
        assert [1] == [row["id"] for part in source.rows() for row in part]
