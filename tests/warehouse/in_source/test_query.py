"""Hashes of source rows tell every two different rows apart, in each type of each database."""

from __future__ import annotations

from contextlib import closing
from itertools import chain

import pytest

from talon_one_singer.shards import Shard
from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.in_source.tables import SourceTables
from talon_one_warehouse.sources.spec import SourceSpec
from tests.target.source_databases import SERVERS

# By type: values of which no two are the same to a mapping, as SQL.
DUCKDB = {
    "VARCHAR": ["''", "'-'", "' '", "'a'", "'a '", "'A'", "'é'", "'e\u0301'", "'1:a'", "'a' || chr(0)", "'🎉'"],
    "BOOLEAN": ["true", "false"],
    "BIGINT": ["0", "1", "-1", "9223372036854775807", "-9223372036854775808"],
    "UBIGINT": ["0", "18446744073709551615"],
    "HUGEINT": ["0", "170141183460469231731687303715884105727"],
    "DOUBLE": ["0.1", "0.1::FLOAT", "0.3", "'0.30000000000000004'", "1e308", "5e-324", "'inf'", "'nan'", "'-0.0'", "0"],
    "FLOAT": ["0.1", "16777216", "16777218", "1.0000001", "1"],
    "DECIMAL(38, 18)": ["1", "1.000000000000000001", "-1", "99999999999999999999.999999999999999999"],
    "DATE": ["'2026-01-01'", "'0001-01-01'", "'9999-12-31'", "'infinity'", "'2026-01-01 (BC)'"],
    "TIMESTAMP": ["'2026-01-01 00:00:00'", "'2026-01-01 00:00:00.000001'"],
    "TIMESTAMP_NS": ["'2026-01-01 00:00:00'", "'2026-01-01 00:00:00.000000001'"],
    "TIMESTAMPTZ": ["'2026-10-25 00:30:00+00'", "'2026-10-25 01:30:00+00'", "'2026-10-25 00:30:00.000001+00'"],
    "TIME": ["'00:00:00'", "'00:00:00.000001'", "'24:00:00'"],
    "TIMETZ": ["'00:00:00+00'", "'00:00:00+01'", "'01:00:00+00'"],
    "INTERVAL": ["INTERVAL 1 MONTH", "INTERVAL 30 DAY", "INTERVAL 720 HOUR", "INTERVAL 1 MICROSECOND"],
    "UUID": ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
    "BLOB": ["''::BLOB", "'\\x00'::BLOB", "'\\x5Cx00'::BLOB", "'a'::BLOB", "'\\xFF'::BLOB"],
    "BIT": ["'0'", "'00'", "'1'", "'01'"],
    "JSON": ["'{\"a\":1}'", "'{\"a\":1.0}'", "'{\"a\":\"1\"}'", "'null'", "'[]'", "'\"\"'"],
    "ENUM ('a', 'b', '')": ["'a'", "'b'", "''"],
    "VARCHAR[]": ["[]", "[NULL]", "['NULL']", "['a, b']", "['a', 'b']", "['']", "['', '']", "['\"a\"']", "['''a''']"],
    "DOUBLE[]": ["[0.1]", "[0.1::FLOAT]", "['nan']", "['inf']", "[NULL]", "[1, 2]", "[12]"],
    "BLOB[]": ["['\\x00'::BLOB]", "['\\x5Cx00'::BLOB]", "['\\xFF'::BLOB]"],
    "INTEGER[2]": ["[1, 2]", "[2, 1]", "[NULL, 1]"],
    "STRUCT(a VARCHAR, b VARCHAR)": ["{'a': 'x, b: y', 'b': NULL}", "{'a': 'x', 'b': 'y'}", "{'a': NULL, 'b': ''}"],
    "MAP(VARCHAR, VARCHAR)": ["MAP {'a': 'b, c=d'}", "MAP {'a': 'b', 'c': 'd'}", "MAP {}", "MAP {'a': NULL}"],
    "UNION(n INTEGER, t VARCHAR)": ["1", "'1'", "union_value(t := 'x')", "2"],
}  # fmt: skip
POSTGRESQL = {
    "text": ["''", "'-'", "' '", "'a'", "'a '", "'A'", "'é'", "'e\u0301'", "'1:a'", "'🎉'"],
    "char(3)": ["''", "'a'", "'ab'", "' a'"],
    "boolean": ["true", "false"],
    "bigint": ["0", "1", "-1", "9223372036854775807"],
    "double precision": ["0.1", "0.1::real", "0.30000000000000004", "0.3", "'Infinity'", "'NaN'", "'-0'", "0"],
    "real": ["0.1", "16777216", "16777218", "1.0000001", "1"],
    "numeric": ["1", "1.000000000000000001", "'NaN'", "'Infinity'", "1e-30"],
    "money": ["1", "1.01", "-1"],
    "date": ["'2026-01-01'", "'2026-01-01 BC'", "'infinity'"],
    "timestamp": ["'2026-01-01'", "'2026-01-01 00:00:00.000001'"],
    "timestamptz": ["'2026-10-25 00:30:00+00'", "'2026-10-25 01:30:00+00'", "'2026-10-25 00:30:00.000001+00'"],
    "timetz": ["'00:00:00+00'", "'00:00:00+01'", "'01:00:00+00'"],
    "interval": ["'1 month'", "'30 days'", "'720 hours'", "'1 microsecond'"],
    "uuid": ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
    "bytea": ["''", "'\\x00'", "'\\x5c783030'", "'a'"],
    "bit varying": ["''", "B'0'", "B'00'", "B'1'"],
    "json": ["'{\"a\":1}'", "'{\"a\":1.0}'", "'{\"a\":\"1\"}'", "'null'", "'{\"a\":1,\"a\":2}'"],
    "jsonb": ["'{\"a\":1}'", "'{\"a\":1.0}'", "'{\"a\":\"1\"}'", "'null'", "'[]'"],
    "text[]": ["'{}'", "ARRAY[NULL]", "ARRAY['NULL']", "ARRAY['a,b']", "ARRAY['a', 'b']", "ARRAY['']", "'[2:2]={a}'"],
    "double precision[]": ["'{0.1}'", "ARRAY[0.1::real]", "'{1,2}'", "'{{1,2}}'", "'{{1},{2}}'"],
    "int4range": ["'[1,2)'", "'(1,3)'", "'empty'", "'[1,)'"],
    "inet": ["'10.0.0.1'", "'10.0.0.1/8'", "'::1'"],
    "xml": ["'<a/>'", "'<a></a>'"],
    "point": ["'(0,0)'", "'(0,1)'"],
    "tsvector": ["'a b'", "'a:1 b:2'"],
}  # fmt: skip
SNOWFLAKE = {
    "TEXT": ["''", "'-'", "' '", "'a'", "'a '", "'A'", "'é'", "'e\u0301'", "'1:a'", "'🎉'"],
    "BOOLEAN": ["true", "false"],
    "NUMBER(38, 0)": ["0", "1", "-1", "9223372036854775807"],  # fakesnow has 64 bits
    "NUMBER(38, 18)": ["1", "1.000000000000000001", "-1", "99999999999999999999.999999999999999999"],
    "FLOAT": ["0.1", "'0.30000000000000004'", "0.3", "1e308", "'inf'", "'nan'", "0"],
    "DATE": ["'2026-01-01'", "'0001-01-01'", "'9999-12-31'"],
    "TIME": ["'00:00:00'", "'00:00:00.000001'"],
    "TIMESTAMP_NTZ": ["'2026-01-01 00:00:00'", "'2026-01-01 00:00:00.000001'"],
    "TIMESTAMP_TZ": ["'2026-10-25 00:30:00+00'", "'2026-10-25 01:30:00+00'", "'2026-10-25 00:30:00.000001+00'"],
    "VARIANT": [f"PARSE_JSON('{one}')" for one in ('{"a":1}', '{"a":1.5}', '{"a":"1"}', "null", "[]", '""', '"1"', 1)],
}  # fmt: skip
BIGQUERY = {
    "STRING": ["''", "'-'", "' '", "'a'", "'a '", "'A'", "'é'", "'e\u0301'", "'1:a'", "'🎉'"],
    "BOOL": ["true", "false"],
    "INT64": ["0", "1", "-1", "9223372036854775807", "-9223372036854775808"],
    "NUMERIC": ["'1'", "'1.001'", "'-1'", "'123456789012.5'"],  # bqemulator casts to three digits after the point
    "BIGNUMERIC": ["'1'", "'1.001'", "'-1'", "'123456789012.5'"],
    "FLOAT64": ["0.1", "0.30000000000000004", "0.3", "1e308", "5e-324", "'inf'", "'nan'", "0"],
    "DATE": ["'2026-01-01'", "'0001-01-01'", "'9999-12-31'"],
    "TIME": ["'00:00:00'", "'00:00:00.000001'"],
    "DATETIME": ["'2026-01-01 00:00:00'", "'2026-01-01 00:00:00.000001'"],
    "TIMESTAMP": ["'2026-10-25 00:30:00+00'", "'2026-10-25 01:30:00+00'", "'2026-10-25 00:30:00.000001+00'"],
    "BYTES": ["b''", "FROM_HEX('00')", "b'00'", "b'a'", "FROM_HEX('ff')"],
    "JSON": [f"JSON '{one}'" for one in ('{"a":1}', '{"a":1.5}', '{"a":"1"}', "null", "[]", '""', '"1"', 1)],
    "ARRAY<STRING>": ["['a, b']", "['a', 'b']", "['']", "['', '']", "['\"a\"']"],
    "STRUCT<a STRING, b STRING>": ["STRUCT('x, b: y', NULL)", "STRUCT('x', 'y')", "STRUCT(NULL, '')"],
}  # fmt: skip
VALUES = {"duckdb": DUCKDB, "postgresql": POSTGRESQL, "snowflake": SNOWFLAKE, "bigquery": BIGQUERY}
MARKS = {kind: [pytest.mark.slow] for kind in ("snowflake", "bigquery")}
KINDS = [pytest.param(kind, marks=MARKS.get(kind, ())) for kind in VALUES]
TYPES = [pytest.param(kind, name, marks=MARKS.get(kind, ())) for kind, names in VALUES.items() for name in names]
PAIRS = [
    ("", ""), ("a", ""), ("", "a"), (None, ""), ("", None), (None, None), (None, "a"), ("a", None), ("-", ""),
    ("ab", ""), ("a", "b"), ("", "ab"), ("1:a", ""), ("1", ":a"), ("a1:b", ""), ("a", "1:b"), ("a1:", "b"), ("0:", ""),
]  # fmt: skip


@pytest.fixture
def tables_in(request, tmp_path):
    """Return a function that opens the store's tables in a kind of database."""
    opened = []

    def tables(kind):
        of_server = SERVERS.get(kind)
        url = request.getfixturevalue(of_server) if of_server else f"duckdb:///{tmp_path}/w.duckdb"
        if kind == "duckdb" and not opened:
            import duckdb

            duckdb.connect(f"{tmp_path}/w.duckdb").close()
        opened.append(SourceTables(url))
        return opened[-1]

    yield tables
    for one in opened:
        one.close()


def hashes(tables, sql, columns, *, salt="", **shard):
    """Return the hashes of all rows of a query."""
    query = tables.open(SourceSpec(tables.url, sql=sql))
    names = {name.lower(): name for name in query.columns}
    key = [names[name] for name in shard.pop("key", ())]
    query.hash_rows([names[name] for name in columns], salt, key=key, **shard)
    with closing(query.everything()) as blocks:
        return [one for _, found in blocks for one in found]


def table(names, rows):
    """A query of rows of expressions."""
    selected = (", ".join(f"{one} AS {name}" for one, name in zip(row, names, strict=True)) for row in rows)
    return f"SELECT * FROM ({' UNION ALL '.join(f'SELECT {one}' for one in selected)}) AS t"


def text(kind, value):
    """An expression of a text."""
    return f"CAST({value} AS {'STRING' if kind == 'bigquery' else 'VARCHAR'})"


@pytest.mark.parametrize(("kind", "name"), TYPES)
def test_no_two_values_have_one_hash(tables_in, kind, name):
    """Values that a mapping tells apart, and null, have different hashes, which are the same in each query."""
    values = [*VALUES[kind][name], "NULL"]
    tables = tables_in(kind)
    sql = table(["v"], [[f"CAST({one} AS {name})"] for one in values])
    found = hashes(tables, sql, ["v"])
    assert len(values) == len(set(found))
    assert sorted(found) == sorted(hashes(tables, sql, ["v"]))


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_rows_have_one_hash(tables_in, kind):
    """Rows whose texts are the same one after the other, but not column by column, have different hashes."""
    tables = tables_in(kind)
    rows = [[text(kind, "NULL" if one is None else repr(one)) for one in pair] for pair in PAIRS]
    sql = table(["a", "b"], rows)
    assert len(PAIRS) == len(set(hashes(tables, sql, ["a", "b"])))
    assert len({one for one, _ in PAIRS}) == len(set(hashes(tables, sql, ["a"])))


@pytest.mark.parametrize("kind", KINDS)
def test_another_salt_changes_every_hash(tables_in, kind):
    """With another salt no row keeps its hash."""
    tables = tables_in(kind)
    sql = table(["a"], [[text(kind, one)] for one in ("'x'", "NULL")])
    assert not set(hashes(tables, sql, ["a"], salt="one")) & set(hashes(tables, sql, ["a"], salt="two"))


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_is_in_one_shard(tables_in, kind):
    """The shards of a source are its rows, each once, and a null has a shard too."""
    tables = tables_in(kind)
    sql = table(["i", "t"], [[f"CAST({number} AS BIGINT)", text(kind, "NULL")] for number in range(30)])
    for key in (["i"], ["i", "t"], ["t"]):
        shards = [hashes(tables, sql, ["i"], key=key, shard=Shard(number, 3)) for number in (1, 2, 3)]
        assert sorted(hashes(tables, sql, ["i"])) == sorted(chain(*shards))


@pytest.mark.parametrize(("kind", "name"), [("duckdb", "DOUBLE"), ("postgresql", "char(3)")])
def test_a_key_whose_texts_differ_is_not_sharded(tables_in, kind, name):
    """A key of a type in which equal keys can have different texts is refused for shards."""
    tables = tables_in(kind)
    with pytest.raises(WarehouseConfigError, match="the column 'i' of the key is of type"):
        hashes(tables, f"SELECT CAST('1' AS {name}) AS i", ["i"], key=["i"], shard=Shard(1, 2))
