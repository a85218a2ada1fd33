"""PostgreSQL's SQL."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from talon_one_storage.errors import StorageLockedError
from talon_one_storage.postgresql_session import KEEP_ALIVE, lock_session
from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.dialects.base import Dialect
from talon_one_warehouse.errors import (
    RowError,
    TableError,
    WarehouseConfigError,
    WarehouseError,
    WarehouseFullError,
    WarehouseLockedError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from talon_one_warehouse.adbc.connection import ADBCConnection
    from talon_one_warehouse.arrow.columns import Column, Kind, TableSpec
    from talon_one_warehouse.warehouse import MergeCounts

# https://www.postgresql.org/docs/current/errcodes-appendix.html
MEANINGS: Mapping[str, type[WarehouseError]] = {
    "53100": WarehouseFullError,
    "No space left": WarehouseFullError,
    "55P03": WarehouseLockedError,
    "28": WarehouseConfigError,
    "42501": WarehouseConfigError,
    "25006": WarehouseConfigError,
    "22": TableError,
    "54": TableError,
}

_LONGEST_NAME = 63  # bytes; PostgreSQL cuts a longer name without an error
_SESSION = ("SET TimeZone = 'UTC'", "SET application_name = 'talon-one-connector'", *KEEP_ALIVE)


class PostgreSQL(Dialect["ADBCConnection"]):
    """PostgreSQL 12 and later."""

    types: Mapping[Kind, str] = {
        "string": "text",
        "integer": "bigint",
        "number": "numeric(38,18)",
        "boolean": "boolean",
        "instant": "timestamp with time zone",
        # jsonb would keep neither blanks nor the order of names, and refuses \u0000.
        "json": "json",
    }

    def open(self, connection: ADBCConnection, schema: str) -> None:
        """See Dialect. The session holds the lock, which ends with the connection, however the connection ends."""
        for statement in _SESSION:
            connection.run(statement)
        with suppress(WarehouseError):  # not in PostgreSQL 13, nor on every system
            connection.run("SET client_connection_check_interval = '1s'")
        _lock(connection, schema)
        # IF NOT EXISTS needs the right to create schemas even if this one exists.
        if not connection.rows(f"SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {literal(schema)}"):  # noqa: S608 - quoted
            connection.run(f"CREATE SCHEMA {quoted(schema)}")
        connection.run(f"SET search_path TO {quoted(schema)}")

    def columns(self, connection: ADBCConnection, schema: str, table: str) -> dict[str, str]:
        """See Dialect."""
        found = connection.rows(
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute "  # noqa: S608 - quoted
            f"WHERE attrelid = {self._regclass(schema, table)} AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        return dict(found)

    def key(self, connection: ADBCConnection, schema: str, table: str) -> list[str]:
        """See Dialect."""
        found = connection.rows(
            "SELECT a.attname::text FROM pg_catalog.pg_index AS i "  # noqa: S608 - names are quoted
            "CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place) "
            "JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum "
            f"WHERE i.indrelid = {self._regclass(schema, table)} AND i.indisprimary ORDER BY k.place"
        )
        return [name for (name,) in found]

    def stage(self, schema: str, name: str) -> str:
        """See Dialect."""
        del schema
        return quoted("pg_temp", name)

    def check(self, table: TableSpec) -> None:
        """See Dialect."""
        for name in (table.name, *(column.name for column in table.columns)):
            if len(name.encode()) > _LONGEST_NAME:
                raise TableError(
                    f"the name {name!r} of table {table.name!r} is longer than the {_LONGEST_NAME} bytes that "
                    "PostgreSQL takes; leave it out or rename it"
                )

    def check_rows(self, table: TableSpec, rows: pa.Table) -> None:
        """See Dialect. PostgreSQL's text holds every character except NUL."""
        for column in table.columns:
            if column.kind == "string":
                row = pc.index(pc.match_substring(rows[column.name], "\0"), True).as_py()
                if row >= 0:
                    raise _has_nul(table, column, rows.slice(row, 1).to_pylist()[0])

    def ingest(self, connection: ADBCConnection, schema: str, table: TableSpec, stage: str, rows: pa.Table) -> None:
        """See Dialect."""
        del schema
        self.check_rows(table, rows)
        connection.ingest(stage, rows)

    def merge(self, connection: ADBCConnection, schema: str, table: TableSpec, stage: str) -> MergeCounts:
        """See Dialect."""
        # Without statistics the planner assumes that a new table is small.
        connection.run(f"ANALYZE {self.stage(schema, stage)} ({self.names(table.key)})")
        return super().merge(connection, schema, table, stage)

    def analyze(self, connection: ADBCConnection, schema: str, seen: str) -> None:
        """See Dialect. Autovacuum does not see temporary tables."""
        connection.run(f"ANALYZE {self.stage(schema, seen)}")

    def value(self, column: Column) -> str:
        """See Dialect."""
        return super().value(column) + ("::json" if column.kind == "json" else "")

    def stored(self, column: Column) -> str:
        """See Dialect. The type json has no comparison."""
        return super().stored(column) + ("::text" if column.kind == "json" else "")

    def _regclass(self, schema: str, table: str) -> str:
        return f"to_regclass({literal(self.target(schema, table))})"


def _lock(connection: ADBCConnection, schema: str) -> None:
    try:
        lock_session(connection, schema, f"the schema {schema} of {connection.where}")
    except StorageLockedError as error:
        raise WarehouseLockedError(f"{error}; one process loads into a schema at a time") from None


def _has_nul(table: TableSpec, column: Column, row: Mapping[str, object]) -> RowError:
    return RowError(
        "holds the character NUL, which PostgreSQL's text cannot hold",
        table=table.name,
        column=column.name,
        value=json.dumps(row[column.name], ensure_ascii=False),
        key={name: str(row[name]) for name in table.key},
    )
