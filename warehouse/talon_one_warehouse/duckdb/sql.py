"""The SQL of the DuckDB warehouse. Every name is quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.arrow.columns import DELETED_AT, LOADED_AT
from talon_one_warehouse.warehouse import STATE_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from talon_one_warehouse.arrow.columns import Column, Kind, TableSpec

TYPES: Mapping[Kind, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DECIMAL(38,18)",
    "boolean": "BOOLEAN",
    "instant": "TIMESTAMP WITH TIME ZONE",
    "json": "JSON",
}


def create_table(schema: str, table: TableSpec) -> str:
    """Return CREATE TABLE with the key as primary key."""
    columns = ", ".join(_definition(column) for column in table.columns)
    return f"CREATE TABLE {quoted(schema, table.name)} ({columns}, PRIMARY KEY ({_list(table.key)}))"


def add_column(schema: str, table: TableSpec, column: Column) -> str:
    """Return ALTER TABLE ADD COLUMN."""
    return f"ALTER TABLE {quoted(schema, table.name)} ADD COLUMN {_definition(column)}"


def update(schema: str, table: TableSpec, stage: str) -> str | None:
    """Return UPDATE of the rows whose values in ``stage`` differ; None if no column is compared."""
    if not table.compared:
        return None
    sets = ", ".join(f"{quoted(name)} = s.{quoted(name)}" for name in table.values)
    differ = " OR ".join(f"t.{quoted(name)} IS DISTINCT FROM s.{quoted(name)}" for name in table.compared)
    source = f"{quoted(schema, table.name)} AS t SET {sets} FROM {quoted(stage)} AS s"
    return f"UPDATE {source} WHERE {_same_key(table)} AND ({differ})"


def insert_all(schema: str, table: TableSpec, stage: str) -> str:
    """Return INSERT of all rows of ``stage``, which fails if one of their keys exists."""
    columns = _list(column.name for column in table.columns)
    return f"INSERT INTO {quoted(schema, table.name)} ({columns}) SELECT {columns} FROM {quoted(stage)}"  # noqa: S608


def insert(schema: str, table: TableSpec, stage: str) -> str:
    """Return INSERT of the rows of ``stage`` whose key is new."""
    target, columns = quoted(schema, table.name), _list(column.name for column in table.columns)
    absent = f"{quoted(stage)} AS s ANTI JOIN {target} AS t ON {_same_key(table)}"
    return f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {absent}"  # noqa: S608 - names are quoted


def mark(schema: str, table: str, unseen: str, at: datetime) -> str:
    """Return UPDATE that marks the rows ``t`` without a mark for which ``unseen`` is true."""
    columns = (DELETED_AT.name, LOADED_AT.name)
    sets = ", ".join(f"{quoted(name)} = TIMESTAMPTZ {literal(at.isoformat())}" for name in columns)
    there = f"t.{quoted(DELETED_AT.name)} IS NULL"
    return f"UPDATE {quoted(schema, table)} AS t SET {sets} WHERE {there} AND {unseen}"  # noqa: S608 - names are quoted


def delete(schema: str, table: str, unseen: str) -> str:
    """Return DELETE of the rows ``t`` for which ``unseen`` is true."""
    return f"DELETE FROM {quoted(schema, table)} AS t WHERE {unseen}"  # noqa: S608 - names are quoted


def create_state(schema: str) -> str:
    """Return CREATE TABLE of the table of states."""
    columns = "state_name VARCHAR PRIMARY KEY, state JSON, updated_at TIMESTAMP WITH TIME ZONE"
    return f"CREATE TABLE IF NOT EXISTS {quoted(schema, STATE_TABLE)} ({columns})"


def keep_state(schema: str) -> str:
    """Return the statement that saves a state; its parameters are the name and the JSON text."""
    target = quoted(schema, STATE_TABLE)
    return (
        f"INSERT INTO {target} VALUES (?, ?, now()) "  # noqa: S608 - names are quoted
        "ON CONFLICT DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at"
    )


def read_state(schema: str) -> str:
    """Return the query for a state; its parameter is the name."""
    return f"SELECT state FROM {quoted(schema, STATE_TABLE)} WHERE state_name = ?"  # noqa: S608 - names are quoted


# Parameters: schema and table.
COLUMNS = (
    "SELECT column_name, data_type FROM duckdb_columns() "
    "WHERE database_name = current_database() AND schema_name = ? AND table_name = ?"
)
KEY = (
    "SELECT constraint_column_names FROM duckdb_constraints() WHERE database_name = current_database() "
    "AND schema_name = ? AND table_name = ? AND constraint_type = 'PRIMARY KEY'"
)


def _definition(column: Column) -> str:
    return f"{quoted(column.name)} {TYPES[column.kind]}"


def _same_key(table: TableSpec) -> str:
    return " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in table.key)


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(quoted, names))
