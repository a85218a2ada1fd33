"""Standard SQL, for databases known only through their ADBC driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_storage.sql_names import quoted
from talon_one_warehouse.arrow.columns import DELETED_AT
from talon_one_warehouse.dialects.base import Dialect
from talon_one_warehouse.warehouse import MergeCounts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pyarrow as pa

    from talon_one_warehouse.adbc.connection import ADBCConnection
    from talon_one_warehouse.arrow.columns import Kind, TableSpec


class Ansi(Dialect["ADBCConnection"]):
    """Merges with the standard's MERGE and counts rows with queries before it; takes no lock."""

    types: Mapping[Kind, str] = {
        "string": "VARCHAR",
        "integer": "BIGINT",
        "number": "DECIMAL(38,18)",
        "boolean": "BOOLEAN",
        "instant": "TIMESTAMP WITH TIME ZONE",
        "json": "VARCHAR",
    }

    def open(self, connection: ADBCConnection, schema: str) -> None:
        """See Dialect. A database without transactions is refused here: a merge would not be all or nothing."""
        with connection.transaction():
            connection.run(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")

    def columns(self, connection: ADBCConnection, schema: str, table: str) -> dict[str, str]:
        """See Dialect. The types are unknown: databases have too many names for them to compare."""
        found = connection.catalog(schema, table)
        return {column["column_name"]: "" for column in found["table_columns"]} if found else {}

    def key(self, connection: ADBCConnection, schema: str, table: str) -> list[str] | None:
        """See Dialect."""
        found = connection.catalog(schema, table) or {}
        keys = [c for c in found.get("table_constraints") or () if c["constraint_type"] == "PRIMARY KEY"]
        return list(keys[0]["constraint_column_names"]) if keys else None

    def ingest(self, connection: ADBCConnection, schema: str, table: TableSpec, stage: str, rows: pa.Table) -> None:
        """See Dialect."""
        del schema, table
        connection.ingest(stage, rows)

    def merge(self, connection: ADBCConnection, schema: str, table: TableSpec, stage: str) -> MergeCounts:
        """See Dialect."""
        target, source = f"{self.target(schema, table.name)} AS t", f"{self.stage(schema, stage)} AS s"
        both = connection.rows(f"SELECT count(*) FROM {source} JOIN {target} ON {self.same_key(table)}")  # noqa: S608
        everything = connection.rows(f"SELECT count(*) FROM {source}")  # noqa: S608 - names are quoted
        updated = 0
        if table.compared:
            differing = f"{source} JOIN {target} ON {self.same_key(table)} WHERE {self.differ(table)}"
            updated = int(connection.rows(f"SELECT count(*) FROM {differing}")[0][0])  # noqa: S608
        connection.run(self.merge_statement(schema, table, self.stage(schema, stage)))
        return MergeCounts(int(everything[0][0]) - int(both[0][0]), updated)

    def end_read(
        self, connection: ADBCConnection, schema: str, table: TableSpec, at: datetime | None, where: str
    ) -> int:
        """See Dialect. Drivers differ in whether they report the number of rows, so that they are counted."""
        before = self._rows(connection, schema, table, marked=at is not None)
        super().end_read(connection, schema, table, at, where)
        return before - self._rows(connection, schema, table, marked=at is not None)

    def instant(self, at: datetime) -> str:
        """See Dialect."""
        return f"CAST({super().instant(at)} AS {self.types['instant']})"

    def _rows(self, connection: ADBCConnection, schema: str, table: TableSpec, *, marked: bool) -> int:
        """Return the number of rows; with ``marked`` those that have no mark."""
        there = f"WHERE {quoted(DELETED_AT.name)} IS NULL" if marked else ""
        return int(connection.rows(f"SELECT count(*) FROM {self.target(schema, table.name)} {there}")[0][0])  # noqa: S608
