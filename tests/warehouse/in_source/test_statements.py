"""Every statement of a comparison is one statement of each database, understood by a parser of its SQL."""

from __future__ import annotations

import inspect

import pytest
import sqlglot

from talon_one_singer.shards import Shard
from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.in_source.dialects.bigquery import BigQuery
from talon_one_warehouse.in_source.dialects.databricks import Databricks
from talon_one_warehouse.in_source.dialects.duckdb import DuckDB
from talon_one_warehouse.in_source.dialects.postgresql import PostgreSQL
from talon_one_warehouse.in_source.dialects.redshift import Redshift
from talon_one_warehouse.in_source.dialects.snowflake import Snowflake
from talon_one_warehouse.in_source.statements import DELTA, Statements

# By dialect of the parser: the dialect, and a type of each kind of text.
DIALECTS = {
    "duckdb": (DuckDB(), ("VARCHAR", "INTEGER[]", "STRUCT(a INTEGER)")),
    "postgres": (PostgreSQL(), ("text", "jsonb")),
    "snowflake": (Snowflake(), ("TEXT", "FIXED(0)", "REAL", "TIMESTAMP_TZ", "VARIANT")),
    "bigquery": (BigQuery(), ("STRING", "FLOAT", "JSON", "RECORD", "BYTES", "ARRAY<STRING>")),
    "redshift": (Redshift(), ("VARCHAR", "BOOLEAN", "SUPER", "VARBYTE")),
    "databricks": (Databricks(), ("STRING", "BINARY", "ARRAY<STRING>", "VARIANT")),
}
SCHEMA, STORE, TABLE = 'talon "one" `sync`', "part-1-of-2", "we'ird `name` \"of\\ a column"


def arguments(types):
    """Return by method what each statement is made with."""
    columns = {f"{TABLE}{number}": one for number, one in enumerate(types)}
    rows = "SELECT 1 AS n"
    return {
        "create_store": (),
        "stores": (),
        "files": (),
        "add_store": ("{}",),
        "parts": ("/a'b\\/c",),
        "part": ("/a'b\\/c", 7),
        "add_files": (),
        "replace_files": ("{}", '{"a": "/a\'b\\\\/c"}'),
        "remove_files": (["/a/b", "/a'b\\/c"],),
        "create_acknowledged": (1,),
        "known": (1,),
        "known_of": (1,),
        "write": (1, '{"a": "\'"}'),
        "rows": (rows, columns, "salt'"),
        "of_shard": (rows, columns, Shard(2, 3)),
        "has_rows": (rows,),
        "difference": (1, f"{rows} -- end"),
        "changed": (list(columns),),
        "everything": (list(columns), rows),
        "gone": (),
        "counts": (1,),
        "drop": (DELTA,),
    }


NAMES = {"acknowledged", "acknowledged_name", "temporary"}  # methods that return names


def statements(name):
    """Return all statements by the methods that make them."""
    dialect, types = DIALECTS[name]
    made_by = Statements(dialect, SCHEMA, STORE)
    found = {method: getattr(made_by, method)(*given) for method, given in arguments(types).items()}
    return {method: [one] if isinstance(one, str) else one for method, one in found.items()}


def test_the_statements_of_every_method_are_parsed():
    """No method is left out."""
    methods = {name for name, _ in inspect.getmembers(Statements, inspect.isfunction) if not name.startswith("_")}
    assert methods - NAMES == set(arguments(("text",)))


@pytest.mark.parametrize("name", DIALECTS)
def test_every_statement_parses_in_its_dialect(name):
    """Every statement is one statement of its dialect, understood and not passed on as text."""
    for found in statements(name).values():
        for statement in found:
            (parsed,) = sqlglot.parse(statement, read=name)
            assert not isinstance(parsed, sqlglot.exp.Command), statement


def test_a_copy_parses_in_its_dialect():
    """Rows of a Parquet file are copied into Snowflake by one statement."""
    statement = Snowflake().copy('"_DELTA"', {"key": "TEXT", "n": "NUMBER(38,0)"}, '@"S"."FILES"/a.parquet')
    (parsed,) = sqlglot.parse(statement, read="snowflake")
    assert isinstance(parsed, sqlglot.exp.Copy)


def test_a_temporary_table_of_bigquery_expires():
    """Tables for uploaded rows and for differences have the name of their run, and BigQuery deletes them."""
    dialect = BigQuery("of_run")
    difference = Statements(dialect, SCHEMA).difference(1, "SELECT 1 AS n")
    for statement in (difference, dialect.create_loaded(SCHEMA, DELTA, {"key": "STRING", "n": "INT64"})):
        parsed = sqlglot.parse_one(statement, read="bigquery")
        assert isinstance(parsed, sqlglot.exp.Create)
        assert parsed.find(sqlglot.exp.Table).name.endswith("_of_run")
        assert "expiration_timestamp" in statement


def text_in(parsed):
    """Return the text of a statement, of which a dialect may write characters as numbers."""
    found = parsed.find_all(sqlglot.exp.Literal, bfs=False)
    return "".join(one.this if one.is_string else chr(int(one.this)) for one in found)


def test_a_text_of_redshift_has_no_backslash():
    """What Redshift reads is the same, whether or not a backslash begins an escape on the server."""
    assert "'/a''b' || CHR(92) || '/c'" == Redshift().literal("/a'b\\/c")


@pytest.mark.parametrize("name", DIALECTS)
def test_every_name_and_text_arrives_as_it_is(name):
    """The parser finds the names and texts that were given, whatever their characters are."""
    found = {method: sqlglot.parse_one(one[0], read=name) for method, one in statements(name).items()}
    shown = {one.this for one in found["changed"].find_all(sqlglot.exp.Identifier)}
    assert {column for column in shown if column.startswith("we")} == {
        f"{TABLE}{number}" for number, _ in enumerate(DIALECTS[name][1])
    }
    assert "/a'b\\/c" == text_in(found["parts"])
    assert SCHEMA == found["stores"].find(sqlglot.exp.Table).db


@pytest.mark.parametrize("name", DIALECTS)
def test_one_statement_reads_both_sides(name):
    """The comparison joins the source and what was acknowledged, once, so that both are of one instant."""
    (difference,) = statements(name)["difference"]
    parsed = sqlglot.parse_one(difference, read=name)
    assert ["FULL"] == [join.side for join in parsed.find_all(sqlglot.exp.Join)]


def test_a_column_without_a_text_is_refused():
    """A type whose values no text tells apart is refused by its name."""

    class Wordless(DuckDB):
        def text_of(self, column, type_name):
            del column, type_name

    with pytest.raises(WarehouseConfigError, match="the column 'a' is of type POINT, whose values cannot be compared"):
        Statements(Wordless(), "s").rows("SELECT 1", {"a": "POINT"}, "")
