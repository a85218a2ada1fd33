"""The SQL that databases have in common. Every name is quoted."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Generic, TypeVar

from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.arrow.columns import DELETED_AT, LOADED_AT
from talon_one_warehouse.databases.connection import DatabaseConnection
from talon_one_warehouse.merging import STATES
from talon_one_warehouse.warehouse import MergeCounts, MergePace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from talon_one_warehouse.arrow.columns import Column, Kind, TableSpec

# Names of staging tables, and of tables of seen keys. The second since 1970 at which they were made follows, in
# hexadecimal digits.
STAGE_PREFIX, SEEN_PREFIX = "_talon_one_stage_", "_talon_one_seen_"
Connection = TypeVar("Connection", bound=DatabaseConnection)


class Dialect(Generic[Connection]):
    """The SQL of a database; each subclass overrides what its database does differently.

    Attributes:
        types: the column type of each kind, as the database's catalog names it.
        distinct: the operator that compares two values, nulls included.
        states: the table of states; the text of a state comes back unchanged.
        pace: how much a load should merge at a time.
        beta: the database and a page about it, if its statements were never run there; each load logs it.
    """

    types: Mapping[Kind, str]
    distinct = "IS DISTINCT FROM"
    states: TableSpec = STATES
    pace = MergePace()
    beta: tuple[str, str] | None = None

    def open(self, connection: Connection, schema: str) -> None:
        """Create the schema, and keep other loads out if the database can.

        Raises:
            WarehouseLockedError: another process loads into the schema.
        """
        raise NotImplementedError

    def columns(self, connection: Connection, schema: str, table: str) -> dict[str, str]:
        """Return the column types of a table by name, "" for an unknown type; empty if there is no such table."""
        raise NotImplementedError

    def key(self, connection: Connection, schema: str, table: str) -> list[str] | None:
        """Return the columns of a table's primary key; None if the database does not report it."""
        raise NotImplementedError

    def name(self, *parts: str) -> str:
        """Return a quoted name in SQL; its parts may contain any character."""
        return quoted(*parts)

    def literal(self, text: str) -> str:
        """Return a text as a literal in SQL."""
        return literal(text)

    def names(self, columns: Iterable[str]) -> str:
        """Return a list of quoted names."""
        return ", ".join(map(self.name, columns))

    def target(self, schema: str, table: str) -> str:
        """Return a table's name in SQL."""
        return self.name(schema, table)

    def stage(self, schema: str, name: str) -> str:
        """Return a staging table's name in SQL."""
        del schema  # temporary tables have none
        return self.name(name)

    def check(self, table: TableSpec) -> None:
        """Raise TableError if the database cannot have such a table."""

    def check_rows(self, table: TableSpec, rows: pa.Table) -> None:
        """Raise RowError for the first value that the database cannot hold."""

    def ingest(self, connection: Connection, schema: str, table: TableSpec, stage: str, rows: pa.Table) -> None:
        """Create a staging table of the rows.

        Raises:
            RowError: a value that the database cannot hold.
        """
        raise NotImplementedError

    def drop_stage(self, connection: Connection, schema: str, stage: str) -> None:
        """Drop a staging table, if it exists."""
        connection.run(f"DROP TABLE IF EXISTS {self.stage(schema, stage)}")

    def create_table(self, schema: str, table: TableSpec) -> str:
        """Return CREATE TABLE with the key as primary key."""
        columns = ", ".join(self._definition(column) for column in table.columns)
        return f"CREATE TABLE {self.target(schema, table.name)} ({columns}, PRIMARY KEY ({self.names(table.key)}))"

    def add_column(self, schema: str, table: TableSpec, column: Column) -> str:
        """Return ALTER TABLE ADD COLUMN."""
        return f"ALTER TABLE {self.target(schema, table.name)} ADD COLUMN {self._definition(column)}"

    def merge_all(
        self, connection: Connection, schema: str, stages: Sequence[tuple[TableSpec, str]]
    ) -> list[MergeCounts]:
        """Merge staging tables into their tables, one after the other; that of the states is the last."""
        return [self.merge(connection, schema, table, stage) for table, stage in stages]

    def merge(self, connection: Connection, schema: str, table: TableSpec, stage: str) -> MergeCounts:
        """Update existing rows whose values differ from the stage's, and insert new rows."""
        # INSERT ... ON CONFLICT DO UPDATE would not count new and changed rows apart.
        updated = self.changed(connection, self.update(schema, table, stage)) if table.compared else 0
        return MergeCounts(self.changed(connection, self.insert(schema, table, stage)), updated)

    def end_read(self, connection: Connection, schema: str, table: TableSpec, at: datetime | None, where: str) -> int:
        """Mark rows that have no mark yet, or delete them; return their number.

        Args:
            connection: the connection.
            schema: the schema of the table.
            table: the table.
            at: the instant of the mark; None: delete the rows.
            where: the condition that rows ``t`` have to fulfill.
        """
        return self.changed(connection, self.remove(schema, table, at, where))

    def remove(self, schema: str, table: TableSpec, at: datetime | None, where: str) -> str:
        """Return the statement of ``end_read``."""
        target = f"{self.target(schema, table.name)} AS t"
        if at is None:
            return f"DELETE FROM {target} WHERE {where}"  # noqa: S608 - names are quoted
        sets = ", ".join(f"{self.name(column.name)} = {self.instant(at)}" for column in (DELETED_AT, LOADED_AT))
        there = f"t.{self.name(DELETED_AT.name)} IS NULL"
        return f"UPDATE {target} SET {sets} WHERE {there} AND {where}"  # noqa: S608 - names are quoted

    def analyze(self, connection: Connection, schema: str, seen: str) -> None:
        """Update the statistics of a table of seen keys, if the database does not do so by itself."""

    def create_seen(self, schema: str, table: TableSpec, seen: str, stage: str) -> str:
        """Return CREATE TABLE of seen keys, with those of a stage."""
        return f"CREATE TEMPORARY TABLE {self.stage(schema, seen)} AS {self.keys(schema, table, stage)}"

    def add_seen(self, schema: str, table: TableSpec, seen: str, stage: str) -> str:
        """Return INSERT of the keys of a stage into a table of seen keys."""
        return f"INSERT INTO {self.stage(schema, seen)} {self.keys(schema, table, stage)}"

    def unseen(self, schema: str, table: TableSpec, seen: str) -> str:
        """Return the condition that the key of a row ``t`` is not in a table of seen keys."""
        return f"NOT EXISTS (SELECT 1 FROM {self.stage(schema, seen)} AS s WHERE {self.same_key(table)})"  # noqa: S608 - quoted

    def keys(self, schema: str, table: TableSpec, stage: str) -> str:
        """Return SELECT of the keys of a stage."""
        columns = [column for column in table.columns if column.name in table.key]
        selected = ", ".join(f"{self.value(column)} AS {self.name(column.name)}" for column in columns)
        return f"SELECT {selected} FROM {self.stage(schema, stage)} AS s"  # noqa: S608 - names are quoted

    def instant(self, at: datetime) -> str:
        """Return an instant as a literal."""
        return literal(at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))

    def changed(self, connection: Connection, statement: str) -> int:
        """Run a statement; return the number of rows that it changed."""
        return connection.run(statement)

    def update(self, schema: str, table: TableSpec, stage: str) -> str:
        """Return UPDATE with the rows of the stage whose values differ."""
        sets = ", ".join(f"{self.name(column.name)} = {self.value(column)}" for column in values(table))
        source = f"{self.target(schema, table.name)} AS t SET {sets} FROM {self.stage(schema, stage)} AS s"
        return f"UPDATE {source} WHERE {self.same_key(table)} AND ({self.differ(table)})"

    def insert(self, schema: str, table: TableSpec, stage: str) -> str:
        """Return INSERT of the rows of the stage whose key is new."""
        target, selected = self.target(schema, table.name), ", ".join(map(self.value, table.columns))
        absent = f"NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {self.same_key(table)})"  # noqa: S608 - names are quoted
        columns = self.names(column.name for column in table.columns)
        source = f"{self.stage(schema, stage)} AS s WHERE {absent}"
        return f"INSERT INTO {target} ({columns}) SELECT {selected} FROM {source}"  # noqa: S608

    def differ(self, table: TableSpec) -> str:
        """Return the condition that rows ``t`` and ``s`` of one key have different values."""
        compared = [column for column in table.columns if column.name in table.compared]
        return " OR ".join(f"{self.stored(c)} {self.distinct} s.{self.name(c.name)}" for c in compared)

    def value(self, column: Column) -> str:
        """Return a value of the stage in the type of the table's column."""
        return f"s.{self.name(column.name)}"

    def stored(self, column: Column) -> str:
        """Return a value of the table in a type that can be compared with the stage's."""
        return f"t.{self.name(column.name)}"

    def same_key(self, table: TableSpec) -> str:
        """Return the condition that rows ``t`` and ``s`` have the same key."""
        return " AND ".join(f"t.{self.name(name)} = s.{self.name(name)}" for name in table.key)

    def merge_statement(self, schema: str, table: TableSpec, source: str, *, all_differ: bool = False) -> str:
        """Return MERGE of a source ``s``, which updates rows whose values differ and inserts new ones.

        Args:
            schema: the schema of the table.
            table: the table.
            source: a table's name, or a subquery.
            all_differ: the source has no row that is equal to one of the table.
        """
        sets = ", ".join(f"{self.name(column.name)} = s.{self.name(column.name)}" for column in values(table))
        condition = "" if all_differ else f" AND ({self.differ(table)})"
        update = f"WHEN MATCHED{condition} THEN UPDATE SET {sets} " if table.compared else ""
        inserted = ", ".join(f"s.{self.name(column.name)}" for column in table.columns)
        columns = self.names(column.name for column in table.columns)
        insert = f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({inserted})"  # noqa: S608 - names are quoted
        both = f"{self.target(schema, table.name)} AS t USING {source} AS s ON {self.same_key(table)}"
        return f"MERGE INTO {both} {update}{insert}"

    def _definition(self, column: Column) -> str:
        return f"{self.name(column.name)} {self.types[column.kind]}"


def values(table: TableSpec) -> list[Column]:
    """Return the columns that are not part of the key."""
    return [column for column in table.columns if column.name not in table.key]
