"""Every statement for a database that no test has is one that sqlglot parses in the dialect of that database."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlglot

from talon_one_storage.sql_names import literal
from talon_one_warehouse import Column, Span, TableSpec, to_arrow
from talon_one_warehouse.databases.warehouse import DatabaseWarehouse
from talon_one_warehouse.dialects.snowflake import Snowflake, folded

AT = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("string", "integer", "number", "boolean", "instant", "json")
TABLES = [
    TableSpec("ledger", tuple(Column(f"a_{kind}", kind, kind) for kind in KINDS), ("a_integer",)),
    TableSpec("keys", (Column("cardId", "a", "string"), Column("n", "b", "number")), ("cardId", "n")),
    TableSpec('we"ird', (Column("select", "a", "string"), Column("a b.c", "j", "json")), ("select",)),
]


class SnowflakeOfNothing:
    """A connection to a database without tables, or with a staging table of a killed load and one column missing.

    It keeps the statements that it is given.
    """

    where = "snowflake://account/db"

    def __init__(self, table=None):
        self.table, self.statements = table, []

    def opening(self):
        """Do nothing."""
        return nullcontext()

    def transaction(self):
        """Do nothing."""
        return nullcontext()

    def rows(self, statement):
        """The tables, or the columns of a table, that are there."""
        self.statements.append(statement)
        if self.table and "information_schema.tables" in statement:
            return [("_TALON_ONE_STAGE_0_0_0",)]
        if self.table and f"table_name = {literal(folded(self.table.name))}" in statement:
            key = [column for column in self.table.columns if column.name in self.table.key]
            return [(folded(column.name), *TYPES[column.kind]) for column in key]
        return []

    def records(self, statement):
        """The key of a table, or the counts of a merge."""
        self.statements.append(statement)
        if statement.startswith("SHOW"):
            names = {"schema_name": folded(self.table.name), "table_name": folded(self.table.name)}
            return [{**names, "column_name": folded(name), "key_sequence": 1} for name in self.table.key]
        return [{"number of rows inserted": "1"}]

    def run(self, statement):
        """Change nothing."""
        self.statements.append(statement)
        return 0

    @contextmanager
    def parquet_file(self, _rows):
        """No file, by its name."""
        yield Path("/tmp/talon-one-1/0123456789abcdef.parquet")

    def close(self):
        """Do nothing."""


# Types of columns of keys in the catalog, with their digits.
TYPES = {"string": ("TEXT", None, None), "number": ("NUMBER", 38, 18), "integer": ("NUMBER", 38, 0)}


def statements(table):
    """The statements of a first load of a table, and of another one that adds columns; the schema has its name.

    Both mark the rows that they have not read, and delete them.
    """
    table = table.with_deleted_at().with_loaded_at()
    found = []
    for connection in (SnowflakeOfNothing(), SnowflakeOfNothing(table)):
        with DatabaseWarehouse(connection, Snowflake(), schema=table.name) as warehouse:
            assert warehouse.state("run") is None
            warehouse.prepare(table)
            for delete in (False, True):
                warehouse.begin_read(table.name)
                for _ in range(2):
                    rows = [to_arrow(table, [b'{"a":"x","b":1,"integer":1}'])]
                    warehouse.merge({table.name: rows}, {"run": {"at": 1}})
                within = {table.key[0]: [1], "_loaded_at": Span(AT, AT)}
                warehouse.end_read(table.name, AT, delete=delete, within=within)
        found += connection.statements
    return found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_statement_parses_in_its_dialect(table):
    """Every statement of a load is one statement of its dialect, understood and not passed on as text."""
    for statement in statements(table):
        (parsed,) = sqlglot.parse(statement, read="snowflake")
        assert not isinstance(parsed, sqlglot.exp.Command), statement


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_name_is_quoted(table):
    """No name of a schema, a table or a column is written without quotes, whatever its characters are."""
    found = {
        (identifier.this, identifier.quoted)
        for statement in statements(table)
        for identifier in sqlglot.parse_one(statement, read="snowflake").find_all(sqlglot.exp.Identifier)
    }
    for name in (table.name, *(column.name for column in table.columns)):
        assert (folded(name), True) in found
        assert (folded(name), False) not in found


@pytest.mark.parametrize(
    "first",
    [
        "CREATE SCHEMA",
        "USE",
        "CREATE TABLE",
        "ALTER TABLE",
        "CREATE TEMPORARY STAGE",
        "SHOW",
        "PUT",
        "COPY",
        "MERGE",
        "DROP TABLE",
        "SELECT",
        "CREATE TRANSIENT TABLE",
        "INSERT",
        "UPDATE",
        "DELETE",
    ],
)
def test_a_load_has_statements_of_every_kind(first):
    """The statements that are parsed are those of every step of a load."""
    assert any(statement.startswith(first) for statement in statements(TABLES[0]))


def test_no_text_is_taken_for_null():
    r"""COPY would read the text \N as null by default, which fakesnow does not do."""
    (copy, *_) = (statement for statement in statements(TABLES[0]) if statement.startswith("COPY"))
    assert "NULL_IF = ()" in copy
