"""Every statement for a database that no test has is one that sqlglot parses in the dialect of that database."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlglot
from google.cloud.bigquery import SchemaField, Table

from talon_one_storage.sql_names import literal
from talon_one_warehouse import Column, Span, TableSpec, to_arrow
from talon_one_warehouse.databases.warehouse import DatabaseWarehouse
from talon_one_warehouse.dialects.bigquery import BigQuery
from talon_one_warehouse.dialects.snowflake import Snowflake, folded

AT = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("string", "integer", "number", "boolean", "instant", "json")
TABLES = [
    TableSpec("ledger", tuple(Column(f"a_{kind}", kind, kind) for kind in KINDS), ("a_integer",)),
    TableSpec("keys", (Column("cardId", "a", "string"), Column("n", "b", "number")), ("cardId", "n")),
]


# Types of columns of keys in the catalogs.
SNOWFLAKES = {"string": ("TEXT", None, None), "number": ("NUMBER", 38, 18), "integer": ("NUMBER", 38, 0)}
BIGQUERYS = {
    "string": {"type": "STRING"},
    "integer": {"type": "INTEGER"},
    "number": {"type": "BIGNUMERIC", "precision": "38", "scale": "18"},
}


class OfNothing:
    """A connection to a database without tables, or with one that has a column for each part of its key.

    It keeps the statements that it is given.
    """

    where = "x://account/db"

    def __init__(self, table=None):
        self.table, self.statements = table, []

    def opening(self):
        """Do nothing."""
        return nullcontext()

    def transaction(self):
        """Do nothing."""
        return nullcontext()

    def rows(self, statement):
        """Nothing."""
        self.statements.append(statement)
        return []

    def run(self, statement):
        """Change nothing."""
        self.statements.append(statement)
        return 0

    def close(self):
        """Do nothing."""

    @property
    def key(self):
        """The columns of the key of the table that is there."""
        return [column for column in self.table.columns if column.name in self.table.key]


class SnowflakeOfNothing(OfNothing):
    """As above, with a staging table of a killed load."""

    def rows(self, statement):
        """The tables, or the columns of a table, that are there."""
        self.statements.append(statement)
        if self.table and "information_schema.tables" in statement:
            return [("_TALON_ONE_STAGE_0_0_0",)]
        if self.table and f"table_name = {literal(folded(self.table.name))}" in statement:
            return [(folded(column.name), *SNOWFLAKES[column.kind]) for column in self.key]
        return []

    def records(self, statement):
        """The key of a table, or the counts of a merge."""
        self.statements.append(statement)
        if statement.startswith("SHOW"):
            names = {"schema_name": folded(self.table.name), "table_name": folded(self.table.name)}
            return [{**names, "column_name": folded(name), "key_sequence": 1} for name in self.table.key]
        return [{"number of rows inserted": "1"}]

    @contextmanager
    def parquet_file(self, _rows):
        """No file, by its name."""
        yield Path("/tmp/talon-one-1/0123456789abcdef.parquet")


class BigQueryOfNothing(OfNothing):
    """As above; definitions of tables come from the API, and a script is kept as its statements."""

    def open_dataset(self, _name):
        """Do nothing."""

    def table_named(self, _schema, name):
        """The table that is there."""
        if self.table is None or name != self.table.name:
            return None
        key = {"primaryKey": {"columns": list(self.table.key)}}
        fields = [{"name": column.name, **BIGQUERYS[column.kind]} for column in self.key]
        place = {"projectId": "p", "datasetId": "d", "tableId": "t"}
        return Table.from_api_repr({"tableReference": place, "schema": {"fields": fields}, "tableConstraints": key})

    def upload(self, _schema, _name, _rows, fields):
        """Take no rows."""
        assert all(isinstance(field, SchemaField) for field in fields)

    def rows(self, statement):
        """The counts of a merge."""
        self.statements += statement.split(";\n")
        return [(0, 1, 0), (1, 1, 0)] if "BEGIN" in statement else []


class Case(NamedTuple):
    """A dialect, named as sqlglot names it, its connection, how it has names, and a table with odd ones.

    The schema is named as the table, or as ``schema`` says.
    """

    dialect: object
    connection: type
    folded: object
    odd: TableSpec
    schema: str = ""


ODD = TableSpec('we"ird', (Column("select", "a", "string"), Column("a b.c", "j", "json")), ("select",))
CASES = {
    "snowflake": Case(Snowflake(), SnowflakeOfNothing, folded, ODD),
    "bigquery": Case(
        BigQuery(),
        BigQueryOfNothing,
        str,
        TableSpec("ünï 日本", (Column("select", "a", "string"), Column("it's a b&c", "j", "json")), ("select",)),
        "select",
    ),
}
ALL = [(name, table) for name, case in CASES.items() for table in (*TABLES, case.odd)]


def statements(name, table):
    """The statements of a first load of a table, and of another one that adds columns.

    Both mark the rows that they have not read, and delete them.
    """
    case, found = CASES[name], []
    table = table.with_deleted_at().with_loaded_at()
    for connection in (case.connection(), case.connection(table)):
        with DatabaseWarehouse(connection, case.dialect, schema=case.schema or table.name) as warehouse:
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


def of_every_table(test):
    """Run a test with each table in each dialect."""
    return pytest.mark.parametrize(("name", "table"), ALL, ids=[f"{name} {table.name}" for name, table in ALL])(test)


@of_every_table
def test_every_statement_parses_in_its_dialect(name, table):
    """Every statement of a load is one statement of its dialect, understood and not passed on as text."""
    for statement in statements(name, table):
        (parsed,) = sqlglot.parse(statement, read=name)
        assert not isinstance(parsed, sqlglot.exp.Command), statement


@of_every_table
def test_every_name_is_quoted(name, table):
    """No name of a schema, a table or a column is written without quotes, whatever its characters are."""
    found = {
        (identifier.this, identifier.quoted)
        for statement in statements(name, table)
        for identifier in sqlglot.parse_one(statement, read=name).find_all(sqlglot.exp.Identifier)
    }
    for one in (table.name, *(column.name for column in table.columns)):
        assert (CASES[name].folded(one), True) in found
        assert (CASES[name].folded(one), False) not in found


ALIKE = ["CREATE TABLE", "ALTER TABLE", "MERGE", "DROP TABLE", "SELECT", "INSERT", "UPDATE", "DELETE"]
FIRST = {
    "snowflake": ["CREATE SCHEMA", "USE", "CREATE TEMPORARY STAGE", "SHOW", "PUT", "COPY", "CREATE TRANSIENT TABLE"],
    "bigquery": ["BEGIN TRANSACTION", "CREATE TEMP TABLE", "COMMIT TRANSACTION", "CREATE TABLE IF NOT EXISTS"],
}


@pytest.mark.parametrize("name", CASES)
def test_a_load_has_statements_of_every_kind(name):
    """The statements that are parsed are those of every step of a load."""
    found = statements(name, TABLES[0])
    missing = [first for first in (*ALIKE, *FIRST[name]) if not any(one.startswith(first) for one in found)]
    assert [] == missing


def test_no_text_is_taken_for_null():
    r"""COPY would read the text \N as null by default, which fakesnow does not do."""
    (copy, *_) = (statement for statement in statements("snowflake", TABLES[0]) if statement.startswith("COPY"))
    assert "NULL_IF = ()" in copy


def test_every_transaction_of_bigquery_takes_the_lock_first():
    """Only updates of one table by two transactions conflict, so that each of them updates the lock before it reads."""
    found = statements("bigquery", TABLES[0])
    after = {found[index + 1] for index, statement in enumerate(found) if statement == "BEGIN TRANSACTION"}
    assert {"UPDATE `select`.`_talon_one_lock` SET `merged_at` = CURRENT_TIMESTAMP() WHERE TRUE"} == after
