"""SQLite's SQL. SQLite has neither decimals nor timestamps, so both are text, which compares by its characters.

https://www.sqlite.org/datatype3.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.dialects.base import Dialect
from talon_one_warehouse.errors import TableError, WarehouseConfigError, WarehouseFullError, WarehouseLockedError
from talon_one_warehouse.warehouse import DEFAULT_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_warehouse.adbc.connection import ADBCConnection
    from talon_one_warehouse.arrow.columns import Kind, TableSpec
    from talon_one_warehouse.errors import WarehouseError

MEANINGS: Mapping[str, type[WarehouseError]] = {
    "database is locked": WarehouseLockedError,
    "disk is full": WarehouseFullError,
    "not a database": WarehouseConfigError,
    "readonly database": WarehouseConfigError,
    "too big": TableError,
}
# The driver takes the column types of a query from its first batch, so let the batch be large.
READ_OPTIONS: Mapping[str, str] = {"adbc.sqlite.query.batch_rows": "65536"}

_LOCK_WAIT_MS = 2000
# A one, followed by as many zeros as a number can have digits before the point.
_PADDING = pa.scalar(Decimal(10**20), pa.decimal256(40, 18))


class SQLite(Dialect["ADBCConnection"]):
    """SQLite 3.33 and later."""

    # A type name with the word TEXT keeps text unchanged; the words before it describe the text to readers.
    types: Mapping[Kind, str] = {
        "string": "TEXT",
        "integer": "INTEGER",
        "number": "DECIMAL TEXT",
        "boolean": "BOOLEAN",
        "instant": "TIMESTAMP TEXT",
        "json": "JSON TEXT",
    }
    distinct = "IS NOT"

    def open(self, connection: ADBCConnection, schema: str) -> None:
        """See Dialect. The file is locked until the process ends, however it ends."""
        del schema  # SQLite has none
        connection.run(f"PRAGMA busy_timeout = {_LOCK_WAIT_MS}")
        connection.run("PRAGMA locking_mode = EXCLUSIVE")
        connection.run("BEGIN EXCLUSIVE")
        connection.run("COMMIT")

    def columns(self, connection: ADBCConnection, schema: str, table: str) -> dict[str, str]:
        """See Dialect."""
        return dict(connection.rows(f"SELECT name, type {self._catalog(schema, table)} ORDER BY cid"))

    def key(self, connection: ADBCConnection, schema: str, table: str) -> list[str]:
        """See Dialect."""
        return [n for (n,) in connection.rows(f"SELECT name {self._catalog(schema, table)} WHERE pk > 0 ORDER BY pk")]

    def target(self, schema: str, table: str) -> str:
        """See Dialect. A schema other than the default is a prefix of the table's name."""
        return quoted("main", _name(schema, table))

    def stage(self, schema: str, name: str) -> str:
        """See Dialect."""
        del schema
        return quoted("temp", name)

    def ingest(self, connection: ADBCConnection, schema: str, table: TableSpec, stage: str, rows: pa.Table) -> None:
        """See Dialect."""
        del schema
        for index, column in enumerate(table.columns):
            if column.kind == "number":
                rows = rows.set_column(index, column.name, decimal_texts(rows[column.name]))
            elif column.kind == "instant":
                rows = rows.set_column(index, column.name, instant_texts(rows[column.name]))
        connection.ingest(stage, rows)

    def unseen(self, schema: str, table: TableSpec, seen: str) -> str:
        """See Dialect. The keys of NOT IN are sorted once, those of NOT EXISTS are looked through for each row."""
        key = ", ".join(f"t.{quoted(name)}" for name in table.key)
        return f"({key}) NOT IN (SELECT {self.names(table.key)} FROM {self.stage(schema, seen)})"  # noqa: S608 - names are quoted

    def changed(self, connection: ADBCConnection, statement: str) -> int:
        """See Dialect. The driver does not report the number."""
        connection.run(statement)
        return int(connection.rows("SELECT changes()")[0][0])

    def _catalog(self, schema: str, table: str) -> str:
        return f"FROM pragma_table_info({literal(_name(schema, table))}, 'main')"


def decimal_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return decimals as texts, one text per value: ``1.5``, ``-0.0000001``, ``0``; never with an exponent."""
    wide = column.cast(pa.decimal256(39, 18))
    digits = pc.add(pc.abs(wide), _PADDING).cast(pa.string())
    trimmed = pc.replace_substring_regex(digits, r"^10{0,19}(\d+)\.(\d*?)0*$", r"\1.\2")
    sign = pc.if_else(pc.less(column, pa.scalar(Decimal(0), column.type)), "-", "")
    return pc.binary_join_element_wise(sign, pc.utf8_rtrim(trimmed, "."), "")


def instant_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return instants as ISO 8601 in UTC with microseconds: ``2024-01-31T12:00:00.000000Z``."""
    return pc.replace_substring(column.cast(pa.string()), " ", "T", max_replacements=1)


def _name(schema: str, table: str) -> str:
    return table if schema == DEFAULT_SCHEMA else f"{schema}__{table}"
