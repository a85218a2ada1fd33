"""What every warehouse does alike. To add one, add its name and what is special about it to ``PLACES``."""

import json
import random
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import pytest

from talon_one_warehouse import (
    Column,
    MergeCounts,
    RowError,
    Span,
    TableError,
    TableSpec,
    WarehouseError,
    WarehouseLockedError,
    open_warehouse,
    table_spec,
    to_arrow,
)
from talon_one_warehouse.arrow.load_time import with_load_time, with_no_mark

QUOTING = "adbc on postgresql"  # its driver quotes names of keys, so that a key with blanks or quotes is refused
# By name: the URL in a directory. The server of PostgreSQL is a fixture.
PLACES = {
    "duckdb": "duckdb:///{}/x.duckdb",
    "lake": "file://{}/lake",
    "postgresql": None,
    "sqlite": "sqlite:///{}/x.db",
    "adbc": "adbc+duckdb://{}/x.duckdb",
    QUOTING: None,
    "snowflake": None,
    "redshift": None,
    "databricks": None,
    "bigquery": None,
}
# What needs a server of its own, and takes longer.
CLIENTS = ["snowflake", "redshift", "databricks", "bigquery"]
# With transactions of several statements, and tables that can be dropped behind a loader's back.
DATABASES = ["duckdb", "postgresql", "sqlite", "adbc", QUOTING, "redshift", "bigquery"]
TYPED = ["duckdb", "postgresql", "sqlite", "lake", *CLIENTS]  # that tell the types of their columns
PLAIN = re.compile(r"[a-z_]+")
_PROCESS = [sys.executable, str(Path(__file__).with_name("merging_process.py"))]


class Place:
    """A kind of warehouse, and how a test opens one."""

    def __init__(self, name, url):
        self.name, self.url = name, url

    def open(self, schema="talon_one"):
        """Open the warehouse."""
        return open_warehouse(self.url, schema=schema)

    def target(self, table, schema="talon_one"):
        """A table's name in SQL."""
        if self.name == "sqlite":
            return quoted(table if schema == "talon_one" else f"{schema}__{table}")
        return f"{self.quoted(schema)}.{self.quoted(table)}"

    def quoted(self, name):
        """A name in SQL; Snowflake's plain names are in upper case, and those of two others in backticks."""
        if self.name in ("bigquery", "databricks"):
            return f"`{name}`"
        return quoted(name.upper() if self.name == "snowflake" and PLAIN.fullmatch(name) else name)

    def read(self, warehouse, table, schema="talon_one"):
        """All rows by key, their values as Python's, whatever the warehouse keeps them as."""
        columns = ", ".join(map(self.column, table.columns))
        key = ", ".join(map(self.quoted, table.key))
        found = warehouse.query(f"SELECT {columns} FROM {self.target(table.name, schema)} ORDER BY {key}")
        return [tuple(map(self.value_of, table.columns, row)) for row in found]

    def column(self, column):
        """A column in a query; instants as text where the client or fakesnow, which sends 1970 for null, lacks some."""
        name = self.quoted(column.name)
        text = {"snowflake": "TEXT", "databricks": "STRING"}.get(self.name) if column.kind == "instant" else None
        return f"CAST({name} AS {text})" if text else name

    def value_of(self, column, value):
        """A value as Python has it."""
        if value is None:
            return None
        if column.kind == "number":
            return Decimal(value)
        if column.kind == "instant":
            return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)
        if column.kind == "json":
            return self.json(value)
        return bool(value) if column.kind == "boolean" else value

    def json(self, text):
        """JSON as the warehouse keeps it: its text, or in Snowflake its values."""
        return json.loads(text, parse_float=Decimal) if self.name == "snowflake" else text


def quoted(name):
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def spec(name="t", key=("id",), **types):
    """A table with an integer id; ``at`` is a point in time."""
    properties = {"id": {"type": "integer"}} | {k: {"type": v} for k, v in types.items()}
    if "at" in properties:
        properties["at"]["format"] = "date-time"
    return table_spec(name, {"properties": properties}, key)


def marked(names):
    """The names as parameters; tests of those with a server of their own are slow."""
    return [pytest.param(name, marks=pytest.mark.slow) if name in CLIENTS else name for name in names]


@pytest.fixture(params=marked(PLACES))
def place(request, tmp_path):
    """One kind of warehouse after the other, empty."""
    if "adbc" in request.param or request.param == "sqlite":
        pytest.importorskip("adbc_driver_manager")
    url = PLACES[request.param]
    if request.param in CLIENTS:
        fixture = "redshift_load_url" if request.param == "redshift" else f"{request.param}_url"
        url = request.getfixturevalue(fixture).replace("/public", "")
    elif url is None:
        url = request.getfixturevalue("postgres_url")
        url = f"adbc://postgresql?{urlencode({'uri': url})}" if "adbc" in request.param else url
    return Place(request.param, url.format(tmp_path))


def only(*names):
    """Marks a test of some kinds of warehouses."""
    return pytest.mark.parametrize("place", marked(names), indirect=True)


def test_every_kind_arrives_exactly(place, table):
    """Every kind of column arrives exactly, and null as null."""
    row = b'{"id":1,"text":"a","amount":12345678901234.56,"at":"2024-01-31T12:00:00.123456Z","flag":true,'
    row += b'"attributes":{"b":  1.50, "a": [1e-7, "\\u0000"], "b": 2}}'
    with place.open() as warehouse:
        warehouse.prepare(table)
        warehouse.merge({"ledger": [to_arrow(table, [row, b'{"id":2}', b'{"id":3,"flag":false,"text":""}'])]})
        moment = datetime(2024, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
        attributes = place.json('{"b":  1.50, "a": [1e-7, "\\u0000"], "b": 2}')
        full = (1, "a", Decimal("12345678901234.56"), moment, True, attributes)
        empty, blank = (2, None, None, None, None, None), (3, "", None, None, False, None)
        assert [full, empty, blank] == place.read(warehouse, table)


def test_merging_the_same_rows_again_does_nothing(place, table):
    """The counts tell new, changed and untouched rows apart."""
    rows = [b'{"id":%d,"amount":1.5,"attributes":{"a":1},"at":"2024-01-01T00:00:00Z"}' % i for i in range(10)]
    same = b'{"id":3,"amount":1.50,"attributes":{"a":1},"at":"2024-01-01T01:00:00+01:00"}'
    changed = [same, b'{"id":4,"amount":2}', b'{"id":5}', b'{"id":10}']
    with place.open() as warehouse:
        warehouse.prepare(table)
        counts = [warehouse.merge({"ledger": [to_arrow(table, part)]}) for part in (rows, rows, changed, changed)]
        assert [MergeCounts(10, 0), MergeCounts(0, 0), MergeCounts(1, 2), MergeCounts(0, 0)] == counts
        found = [row[2] for row in place.read(warehouse, table)[3:6]]
    assert [Decimal("1.5"), Decimal(2), None] == found


MORNING, NOON = datetime(2024, 1, 1, 6, tzinfo=UTC), datetime(2024, 1, 1, 12, 0, 0, 1, tzinfo=UTC)


def test_the_instant_of_a_load_is_that_of_the_last_change(place):
    """A new or changed row gets the instant of its load; a row that is loaded again unchanged keeps its own."""
    table = spec(a="string")
    loaded = table.with_loaded_at()
    first, second = (to_arrow(table, [b'{"id":1,"a":"x"}', row]) for row in (b'{"id":2}', b'{"id":2,"a":"y"}'))
    third = to_arrow(table, [b'{"id":3}'])
    with place.open() as warehouse:
        warehouse.prepare(loaded)
        counts = [
            warehouse.merge({"t": with_load_time(batches, at)})
            for batches, at in (([first], MORNING), ([first], NOON), ([second, third], NOON))
        ]
        assert [(1, "x", MORNING), (2, "y", NOON), (3, None, NOON)] == place.read(warehouse, loaded)
    assert [MergeCounts(2, 0), MergeCounts(0, 0), MergeCounts(1, 1)] == counts


def test_a_key_and_the_instant_of_its_load_may_be_all_there_is(place):
    """Rows that consist of their key are never changed, so they keep the instant at which they came."""
    table = table_spec("keys", {"properties": {"id": {"type": "integer"}}}, ["id"])
    with place.open() as warehouse:
        warehouse.prepare(table.with_loaded_at())
        for at in (MORNING, NOON):
            warehouse.merge({"keys": with_load_time([to_arrow(table, [b'{"id":1}'])], at)})
        assert [(1, MORNING)] == place.read(warehouse, table.with_loaded_at())


def test_a_table_of_an_earlier_version_gets_the_instant_of_its_next_change(place):
    """Rows that were loaded before the column existed have no instant until they change."""
    table = spec(a="string")
    with place.open() as warehouse:
        warehouse.prepare(table)
        warehouse.merge({"t": [to_arrow(table, [b'{"id":1,"a":"x"}', b'{"id":2,"a":"x"}'])]})
        warehouse.prepare(table.with_loaded_at())
        again = to_arrow(table, [b'{"id":1,"a":"x"}', b'{"id":2,"a":"y"}'])
        assert MergeCounts(0, 1) == warehouse.merge({"t": with_load_time([again], NOON)})
        assert [(1, "x", None), (2, "y", NOON)] == place.read(warehouse, table.with_loaded_at())


PAIRS = table_spec(
    "pairs", {"properties": {"owner": {"type": "integer"}, "name": {"type": "string"}}}, ["owner", "name"]
)
MARKED = PAIRS.with_loaded_at().with_deleted_at()


def read(warehouse, pairs, at, **end):
    """Read these pairs and no others, in merges of two rows; return how many others were marked."""
    warehouse.begin_read("pairs")
    for first in range(0, len(pairs), 2):
        rows = [b'{"owner":%d,"name":%s}' % (owner, json_text(name)) for owner, name in pairs[first : first + 2]]
        warehouse.merge({"pairs": with_no_mark(with_load_time([to_arrow(PAIRS, rows)], at))})
    return warehouse.end_read("pairs", at, **end)


EVERY = [(1, "a"), (1, "it's"), (1, ""), (2, "a"), (2, "ü"), (3, "a")]


def test_a_read_marks_what_it_does_not_find(place):
    """Rows that a read does not find get its instant, and keep it until a read finds them again."""
    with place.open() as warehouse:
        warehouse.prepare(MARKED)
        counts = [read(warehouse, EVERY, MORNING), read(warehouse, EVERY[::2], NOON), read(warehouse, EVERY[::2], NOON)]
        half = place.read(warehouse, MARKED)
        counts += [read(warehouse, EVERY[1:], MORNING)]
        after = place.read(warehouse, MARKED)
    assert [0, 3, 0, 1] == counts
    gone = {pair: (MORNING, None) if pair in EVERY[::2] else (NOON, NOON) for pair in EVERY}
    assert {pair: gone[pair] for pair in EVERY} == {row[:2]: row[2:] for row in half}
    # What is found again is loaded again; what was there all the time was not written.
    assert {EVERY[0]: MORNING} == {row[:2]: row[3] for row in after if row[3]}


def test_a_read_deletes_what_it_does_not_find(place):
    """With ``delete`` the rows that a read does not find are deleted, also those that were marked before."""
    with place.open() as warehouse:
        warehouse.prepare(MARKED)
        read(warehouse, EVERY, MORNING)
        counts = [read(warehouse, EVERY[:4], NOON), read(warehouse, EVERY[:3], NOON, delete=True)]
        assert sorted(EVERY[:3]) == [row[:2] for row in place.read(warehouse, MARKED)]
    assert [2, 3] == counts


def test_a_read_may_be_about_some_rows_only(place):
    """Rows with other integers than those of ``within`` are left alone, and without any, all are."""
    with place.open() as warehouse:
        warehouse.prepare(MARKED)
        read(warehouse, EVERY, MORNING)
        counts = [
            read(warehouse, EVERY[:1], NOON, within={"owner": []}),
            read(warehouse, EVERY[:1], NOON, within={"owner": [1, 3]}),
        ]
        marked = [row[:2] for row in place.read(warehouse, MARKED) if row[3]]
    assert [0, 3] == counts
    assert sorted([EVERY[1], EVERY[2], EVERY[5]]) == marked


def test_a_read_may_be_about_a_span_of_instants(place):
    """Rows with an instant outside of the span, or without one, are left alone; the span has its start, not its end."""
    table = spec(at="string").with_loaded_at().with_deleted_at()
    instants = [MORNING, NOON, NOON - timedelta(microseconds=1), datetime(1, 1, 1, tzinfo=UTC)]
    rows = [b'{"id":%d,"at":"%s"}' % (n, at.isoformat().encode()) for n, at in enumerate(instants)] + [b'{"id":9}']
    with place.open() as warehouse:
        warehouse.prepare(table)
        warehouse.merge({"t": with_no_mark(with_load_time([to_arrow(spec(at="string"), rows)], MORNING))})
        marked = []
        for span in (Span(MORNING, NOON), Span(None, NOON), Span(None, datetime(9999, 1, 1, tzinfo=UTC))):
            warehouse.begin_read("t")
            count = warehouse.end_read("t", NOON, within={"id": [0, 1, 2, 3, 9], "at": span})
            marked.append((count, {row[0] for row in place.read(warehouse, table) if row[3]}))
    assert [(2, {0, 2}), (1, {0, 2, 3}), (1, {0, 1, 2, 3})] == marked


def test_a_read_without_rows_marks_all_of_them(place):
    """A read that finds nothing marks every row; one that has not ended marks none."""
    with place.open() as warehouse:
        warehouse.prepare(MARKED)
        assert [0, 0] == [read(warehouse, [], MORNING), read(warehouse, [], MORNING, delete=True)]
        read(warehouse, EVERY, MORNING)
        warehouse.begin_read("pairs")
        assert [] == [row for row in place.read(warehouse, MARKED) if row[3]]
        assert len(EVERY) == warehouse.end_read("pairs", NOON)
        assert {(MORNING if at is None else NOON) for *_, at in place.read(warehouse, MARKED)} == {NOON}
        assert 0 == read(warehouse, EVERY, NOON)
        assert [] == [row for row in place.read(warehouse, MARKED) if row[3]]


def test_a_table_of_an_earlier_version_gets_marks(place):
    """A table that was loaded before the column existed gets it, and its rows are marked like others."""
    with place.open() as warehouse:
        warehouse.prepare(PAIRS.with_loaded_at())
        rows = [b'{"owner":%d,"name":%s}' % (owner, json_text(name)) for owner, name in EVERY]
        warehouse.merge({"pairs": with_load_time([to_arrow(PAIRS, rows)], MORNING)})
        warehouse.prepare(MARKED)
        assert 1 == read(warehouse, EVERY[1:], NOON)
        assert [EVERY[0]] == [row[:2] for row in place.read(warehouse, MARKED) if row[3]]


def test_of_rows_with_one_key_the_last_wins(place, table):
    """The last row of a key wins, within a batch and over the batches of a merge."""
    first = to_arrow(table, [b'{"id":1,"text":"a"}', b'{"id":2,"text":"b"}', b'{"id":1,"text":"c"}'])
    with place.open() as warehouse:
        warehouse.prepare(table)
        assert MergeCounts(2, 0) == warehouse.merge({"ledger": [first, to_arrow(table, [b'{"id":2,"text":"d"}'])]})
        assert [(1, "c"), (2, "d")] == [row[:2] for row in place.read(warehouse, table)]


def test_a_key_may_have_several_columns_and_be_all_there_is(place):
    """A table may consist of its key, and then there is nothing to update."""
    pairs = table_spec(
        "pairs", {"properties": {"cardId": {"type": "string"}, "n": {"type": "number"}}}, ["cardId", "n"]
    )
    rows = [b'{"cardId":"%s","n":%s}' % (card, n) for card in (b"a", b"b") for n in (b"1.5", b"2", b"1.50")]
    with place.open() as warehouse:
        warehouse.prepare(pairs)
        counts = [warehouse.merge({"pairs": [to_arrow(pairs, rows)]}) for _ in range(2)]
    assert [MergeCounts(4, 0), MergeCounts(0, 0)] == counts


def test_a_new_column_is_added_and_an_old_one_stays(place):
    """Existing rows keep the values of columns that are not merged."""
    old, new, both = spec(a="string"), spec(b="number"), spec(a="string", b="number")
    with place.open() as warehouse:
        warehouse.prepare(old)
        warehouse.merge({"t": [to_arrow(old, [b'{"id":1,"a":"x"}'])]})
    with place.open() as warehouse:
        warehouse.prepare(new)
        counts = warehouse.merge({"t": [to_arrow(new, [b'{"id":1,"b":2.5}', b'{"id":2,"b":3}'])]})
        assert MergeCounts(1, 1) == counts
        assert [(1, "x", Decimal("2.5")), (2, None, Decimal(3))] == place.read(warehouse, both)


@only(*TYPED)
def test_a_column_of_another_type_is_refused(place):
    """A column of another type is refused, and the existing table stays as it is."""
    with place.open() as warehouse:
        warehouse.prepare(spec(a="string"))
        with pytest.raises(TableError, match=r"talon_one\.t\.a exists as .* instead of .*; "):
            warehouse.prepare(spec(a="number", b="string"))
        with pytest.raises(WarehouseError):
            warehouse.query(f"SELECT t.{place.quoted('b')} FROM {place.target('t')} AS t")


@only(*(name for name in PLACES if name != "bigquery"))  # bqemulator has no keys; see databases/test_bigquery.py
def test_another_key_is_refused(place):
    """Another key is refused, because rows of one key would become rows of another."""
    with place.open() as warehouse:
        warehouse.prepare(spec(a="string"))
        with pytest.raises(TableError, match=r"exists with the key \(id\) instead of \(a\)"):
            warehouse.prepare(spec(a="string", key=("a",)))


@only(*(name for name in PLACES if name != QUOTING))
@pytest.mark.parametrize("name", ['we"ird', "select", "a b.c", "ünï 日本", "x;--", "'", "100% %s $1 ?"])
def test_any_name_is_quoted(place, name):
    """Any character is allowed in the names of a schema, a table and a column."""
    schema = name
    if place.name == "snowflake":
        schema = "talon_one"  # fakesnow's COPY quotes no schema; test_statements.py has such names of schemas
        if name == "'":
            pytest.skip("fakesnow cannot create a table with such a column")
    table = TableSpec(name, (Column(name, "key", "string"), Column("n", "n", "number")), (name,))
    if place.name == "databricks" and set(name) & set(" .;"):
        with place.open(schema) as warehouse, pytest.raises(TableError, match="that Databricks does not take or keep"):
            warehouse.prepare(table)
        return
    if place.name == "bigquery":
        schema = "talon_one"  # datasets have plain names
        if name == "ünï 日本":
            pytest.skip("bqemulator refuses names of tables that BigQuery takes")
        if name != "select":
            with place.open() as warehouse, pytest.raises(TableError, match="BigQuery takes no table with the name"):
                warehouse.prepare(table)
            return
    with place.open(schema) as warehouse:
        for value in (b"1", b"2"):
            warehouse.prepare(table)
            warehouse.merge({name: [to_arrow(table, [b'{"key":"k","n":' + value + b"}"])]}, {name: {"at": name}})
        assert [("k", Decimal(2))] == place.read(warehouse, table, schema)
        assert {"at": name} == warehouse.state(name)


def test_schemas_keep_their_tables_and_states_apart(place):
    """Tables and states of one name are kept apart by their schemas."""
    for schema, value in (("one", b"1"), ("two", b"2"), ("talon_one", b"3")):
        with place.open(schema) as warehouse:
            assert warehouse.state("run") is None
            warehouse.prepare(spec(n="integer"))
            row = b'{"id":1,"n":' + value + b"}"
            assert MergeCounts(1, 0) == warehouse.merge({"t": [to_arrow(spec(n="integer"), [row])]}, {"run": {}})


def test_a_table_that_was_not_prepared_takes_back_the_others_and_the_state(place, table):
    """A merge with a table that was not prepared leaves no row and no state."""
    with place.open() as warehouse:
        warehouse.prepare(table)
        warehouse.merge({"ledger": [to_arrow(table, [b'{"id":1}'])]}, {"run": {"at": 1}})
        batch = to_arrow(table, [b'{"id":2}'])
        with pytest.raises(TableError, match="the table 'unprepared' was not prepared"):
            warehouse.merge({"ledger": [batch], "unprepared": [batch]}, {"run": {"at": 2}})
        assert [1] == [row[0] for row in place.read(warehouse, table)]
        assert {"at": 1} == warehouse.state("run")


@only(*DATABASES)
def test_a_merge_that_fails_in_the_database_leaves_neither_rows_nor_state(place, table):
    """A merge that fails in the database leaves nothing, and the next merge works."""
    lost = spec("lost")
    with place.open() as warehouse:
        for one in (table, lost):
            warehouse.prepare(one)
        warehouse.merge({"ledger": [to_arrow(table, [b'{"id":1}'])]}, {"run": {"at": 1}})
        warehouse.query(f"DROP TABLE {place.target('lost')}")
        batches = {"ledger": [to_arrow(table, [b'{"id":2}'])], "lost": [to_arrow(lost, [b'{"id":2}'])]}
        with pytest.raises(WarehouseError, match="lost"):
            warehouse.merge(batches, {"run": {"at": 2}})
        assert ([1], {"at": 1}) == ([row[0] for row in place.read(warehouse, table)], warehouse.state("run"))
        warehouse.prepare(lost)
        assert MergeCounts(2, 0) == warehouse.merge(batches, {"run": {"at": 3}})


def test_states_live_under_their_names(place):
    """States are kept by name, and outlive the connection."""
    with place.open() as warehouse:
        assert warehouse.state("a") is None
        warehouse.merge({}, {"a": {"x": [1, "ü'\0"]}, "b": {}})
        warehouse.merge({}, {"b": {"y": None}})
        assert {"y": None} == warehouse.state("b")
    with place.open() as warehouse:
        assert ({"x": [1, "ü'\0"]}, {"y": None}) == (warehouse.state("a"), warehouse.state("b"))


def test_the_table_of_states_is_no_table_for_rows(place):
    """The name of the table of states cannot be used for rows."""
    with place.open() as warehouse, pytest.raises(TableError, match="reserved for the table of states"):
        warehouse.prepare(spec("_talon_one_state"))


NUMBERS = [
    "0.30000000000000004", "0.1", "1.10", "12345678901234567890.123456789012345678", "-0", "-0.0", "0", "1e-7", "1E+3",
    "-99999999999999999999.999999999999999999", "0.000000000000000001", "-1e-18", "100", "9007199254740993",
    "123456789012345678.123456789012345678", "-1.5E-3", "10000000000000000000", "0.000001",
]  # fmt: skip


def test_a_number_keeps_its_digits(place):
    """A number is never converted to a float between its text and the value that is read."""
    table = spec(n="number")
    rows = [f'{{"id":{i},"n":{text}}}'.encode() for i, text in enumerate(NUMBERS)]
    with place.open() as warehouse:
        warehouse.prepare(table)
        warehouse.merge({"t": [to_arrow(table, rows)]})
        assert list(map(Decimal, NUMBERS)) == [n for _, n in place.read(warehouse, table)]
        assert MergeCounts(0, 0) == warehouse.merge({"t": [to_arrow(table, rows)]})
        text = "STRING" if place.name == "bigquery" else "VARCHAR"
        found = warehouse.query(f"SELECT CAST(n AS {text}) FROM {place.target('t')} WHERE id = 0")
    assert "0.30000000000000004" == found[0][0].rstrip("0")


INSTANTS = {
    "2024-03-31T01:59:59+01:00": datetime(2024, 3, 31, 0, 59, 59, tzinfo=UTC),
    "2024-03-31T03:00:00+02:00": datetime(2024, 3, 31, 1, tzinfo=UTC),
    "2024-10-27T02:30:00+02:00": datetime(2024, 10, 27, 0, 30, tzinfo=UTC),
    "2024-10-27T02:30:00+01:00": datetime(2024, 10, 27, 1, 30, tzinfo=UTC),
    "9999-12-31T23:59:59.999999Z": datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    "0001-01-01T00:00:00Z": datetime(1, 1, 1, tzinfo=UTC),
    "1969-12-31T23:59:59.999999Z": datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
}


def test_an_instant_keeps_its_microseconds(place):
    """The hour that a clock shows twice in autumn is two hours, as values and as keys."""
    table = spec(at="string", key=("at",))
    rows = [f'{{"id":{i},"at":"{text}"}}'.encode() for i, text in enumerate(INSTANTS)]
    with place.open() as warehouse:
        warehouse.prepare(table)
        counts = [warehouse.merge({"t": [to_arrow(table, rows)]}) for _ in range(2)]
        found = place.read(warehouse, table)
    assert [MergeCounts(len(INSTANTS), 0), MergeCounts(0, 0)] == counts
    assert sorted((at, i) for i, at in enumerate(INSTANTS.values())) == [(at, i) for i, at in found]


def test_instants_beyond_pythons_datetime_are_kept(place, table):
    """Instants of year 0 and year 10000 in UTC are kept, or refused with their row where the database has none."""
    rows = [b'{"id":1,"at":"0001-01-01T00:00:00+05:00"}', b'{"id":2,"at":"9999-12-31T23:59:59-05:00"}']
    with place.open() as warehouse:
        warehouse.prepare(table)
        if place.name in ("bigquery", "redshift"):
            warehouse.prepare(table.with_loaded_at())  # checked rows do not have this instant yet
            for row, text in zip(rows, ("0000-12-31 19:00:00.000000Z", "10000-01-01 04:59:59.000000Z"), strict=True):
                with pytest.raises(RowError, match=f"ledger.at: {text} is outside the years 1 to 9999 in UTC"):
                    warehouse.check_rows("ledger", to_arrow(table, [b'{"id":0}', row]))
            return
        counts = [warehouse.merge({"ledger": [to_arrow(table, rows)]}) for _ in range(2)]
        at = place.column(Column("at", "at", "instant"))
        assert 2 == len(warehouse.query(f"SELECT {at} FROM {place.target('ledger')}"))
    assert [MergeCounts(2, 0), MergeCounts(0, 0)] == counts


def test_texts_come_back_unchanged(place):
    """Empty and long texts, any alphabet, and characters with a meaning in SQL come back unchanged."""
    table = spec(s="string", j="object")
    texts = ["", " ", "😀 ünï 日本 \u202e", "'; DROP TABLE t; --", '"\\', "a\tb\r\nc", "NULL", "\\N"]
    texts.append("x" * (65_535 if place.name == "redshift" else 100_000))
    rows = [b'{"id":%d,"s":%s}' % (i, json_text(text)) for i, text in enumerate(texts)]
    with place.open() as warehouse:
        warehouse.prepare(table)
        counts = [warehouse.merge({"t": [to_arrow(table, rows)]}) for _ in range(2)]
        assert [(i, text, None) for i, text in enumerate(texts)] == place.read(warehouse, table)
    assert [MergeCounts(len(texts), 0), MergeCounts(0, 0)] == counts


def test_a_literal_is_its_text(place):
    """A text with any character is read back from a literal in a query."""
    texts = ["", "it's", 'a "b" c', "back\\slash \\' \\n", "two\nlines\r\n", "ünï 日本 %s $1 ?"]
    with place.open() as warehouse:
        selected = ", ".join(f"{warehouse.literal(text)} AS c{index}" for index, text in enumerate(texts))
        assert [tuple(texts)] == warehouse.query(f"SELECT {selected}")


def json_text(text):
    """A string in JSON."""
    return json.dumps(text).encode()


@only(*(name for name in PLACES if name != "redshift"))  # refused; see dialects/test_redshift.py
def test_json_of_ten_megabytes_comes_back_unchanged(place):
    """JSON of ten megabytes comes back unchanged beside small rows."""
    table = spec(j="object")
    big = '{"blank":  "' + "ü" * 5_000_000 + '"}'
    rows = [f'{{"id":1,"j":{big}}}'.encode(), b'{"id":2,"j":{}}']
    with place.open() as warehouse:
        warehouse.prepare(table)
        warehouse.merge({"t": [to_arrow(table, rows)]})
        assert [(1, place.json(big)), (2, place.json("{}"))] == place.read(warehouse, table)


def test_the_character_nul_is_kept_or_refused_with_its_row(place):
    """NUL is kept, or refused with its row where the database cannot hold it; nothing is cut silently."""
    table = spec(s="string")
    batch = to_arrow(table, [b'{"id":1,"s":"a"}', b'{"id":2,"s":"a\\u0000b"}'])
    with place.open() as warehouse:
        warehouse.prepare(table)
        if place.name in (names := {"postgresql": "PostgreSQL", "redshift": "Redshift"}):
            with pytest.raises(RowError) as caught:
                warehouse.merge({"t": [batch]}, {"run": {}})
            who = names[place.name]
            reason = f't.s: "a\\u0000b" holds the character NUL, which {who}\'s text cannot hold (row id=2)'
            assert (reason, []) == (str(caught.value), place.read(warehouse, table))
            assert warehouse.state("run") is None
        elif place.name == QUOTING:
            with pytest.raises(WarehouseError, match="0x00"):
                warehouse.merge({"t": [batch]}, {"run": {}})
            assert ([], None) == (place.read(warehouse, table), warehouse.state("run"))
        else:
            warehouse.merge({"t": [batch]})
            assert [(1, "a"), (2, "a\0b")] == place.read(warehouse, table)


def start(url):
    """A process that merges, after its first merge."""
    process = subprocess.Popen([*_PROCESS, url], stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def kill(process):
    """Kill a process; return the merges that it reported."""
    process.kill()
    reported = process.stdout.read().split()
    process.stdout.close()
    process.wait()
    return [int(line) for line in reported if line.isdigit()]


def killed_at_random(place, times, seed):
    """Kills and looks, again and again."""
    rng = random.Random(seed)
    for _ in range(times):
        process = start(place.url)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=rng.uniform(0.01, 0.4))
        reported = kill(process)
        with place.open() as warehouse:
            first = f"(SELECT text FROM {place.target('ledger')} WHERE id = 0)"
            state = f"(SELECT state FROM {place.target('_talon_one_state')} WHERE state_name = 'loop')"
            # In one query: what the killed process has sent may be done at any moment.
            ((*found, text),) = warehouse.query(
                f"SELECT count(*), count(DISTINCT id), max(id), {first}, {state} FROM {place.target('ledger')}"
            )
        merge = json.loads(text)["merge"]
        rows = (merge + 1) * 100
        assert [rows, rows, merge * 100 + 99, str(merge)] == found
        assert merge >= max(reported[:-1], default=0)


@only("postgresql", "sqlite")
def test_a_killed_process_leaves_rows_and_state_that_agree(place):
    """A process killed at three random moments leaves every merge that it reported as done."""
    killed_at_random(place, 3, 7)


@pytest.mark.slow
@only("postgresql", "sqlite", "redshift", "bigquery")
def test_twenty_killed_processes_leave_rows_and_state_that_agree(place):
    """A process killed at twenty random moments leaves rows and state that agree."""
    killed_at_random(place, 20, 8)


@pytest.mark.slow
@only("snowflake", "databricks")
def test_twenty_killed_processes_leave_no_state_without_its_rows(place):
    """Where tables are merged before the state, the rows of one merge may be there without their state, never less."""
    rng = random.Random(9)
    for _ in range(20):
        process = start(place.url)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=rng.uniform(0.01, 2))
        reported = kill(process)
        with place.open() as warehouse:
            merge = warehouse.state("loop")["merge"]
            first = f"(SELECT text FROM {place.target('ledger')} WHERE id = 0)"
            (found,) = warehouse.query(
                f"SELECT count(*), count(DISTINCT id), max(id), {first} FROM {place.target('ledger')}"
            )
        assert found in [((m + 1) * 100, (m + 1) * 100, m * 100 + 99, str(m)) for m in (merge, merge + 1)]
        assert merge >= max(reported[:-1], default=0)


@only("duckdb", "postgresql", "sqlite")
def test_a_second_loader_is_refused_in_one_line(place):
    """A second load is refused in one line while the first one runs, and works after its end."""
    process = start(place.url)
    try:
        with pytest.raises(WarehouseLockedError, match="is in use by") as caught:
            place.open()
    finally:
        kill(process)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    place.open().close()
