"""The SQL of Databricks, with tables of Unity Catalog.

Databricks does not merge several tables in one transaction, so each MERGE is a commit: tables first, the states last.

https://docs.databricks.com/aws/en/sql/language-manual/delta-merge-into
https://docs.databricks.com/aws/en/ingestion/file-upload/
"""

from __future__ import annotations

import re
import time
from datetime import UTC
from typing import TYPE_CHECKING

import pyarrow as pa

from talon_one_warehouse.databases.staged_files import file_name, is_left, parquet_file
from talon_one_warehouse.dialects.base import SEEN_PREFIX, Dialect
from talon_one_warehouse.errors import TableError
from talon_one_warehouse.warehouse import LARGE_MERGES, MergeCounts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from talon_one_warehouse.arrow.columns import Column, Kind, TableSpec
    from talon_one_warehouse.databases.databricks import DatabricksConnection

_SEEN = re.compile(rf"{SEEN_PREFIX}(?P<made_s>[0-9a-f]+)_.*")
_SEEN_LIVES_S = 30 * 86_400  # tables of seen keys are needed during a load
# What Delta tables do not take in names of columns, and Unity Catalog in names of tables.
_NO_COLUMN, _NO_TABLE = re.compile(r"[ ,;{}()\n\t=]"), re.compile(r"[ ./\x00-\x1f\x7fA-Z]")
_LONGEST_NAME = 255


class Databricks(Dialect["DatabricksConnection"]):
    """Databricks SQL: warehouses, and clusters of Unity Catalog.

    A staging table is a view of a Parquet file in a volume.
    """

    types: Mapping[Kind, str] = {
        "string": "string",
        "integer": "bigint",
        "number": "decimal(38,18)",
        "boolean": "boolean",
        "instant": "timestamp",
        "json": "string",
    }
    pace = LARGE_MERGES
    beta = ("Databricks", "docs/reference/databricks.md")

    def literal(self, text: str) -> str:
        """See Dialect. A backslash begins an escape."""
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def name(self, *parts: str) -> str:
        """See Dialect."""
        return ".".join(f"`{part.replace('`', '``')}`" for part in parts)

    def open(self, connection: DatabricksConnection, schema: str) -> None:
        """See Dialect. Databricks has no lock that ends with its holder, so a second load is not kept out."""
        # IF NOT EXISTS needs the right to create schemas even if this one exists.
        if not connection.rows(self.schemata(schema)):
            connection.run(f"CREATE SCHEMA IF NOT EXISTS {self.name(schema)}")
        for (name,) in connection.rows(self.tables(schema)):
            found = _SEEN.fullmatch(name)
            if found and int(found["made_s"], 16) < time.time() - _SEEN_LIVES_S:
                connection.run(f"DROP TABLE IF EXISTS {self.name(schema, name)}")
        for one in connection.records(f"LIST {_text(connection.folder)}"):
            if is_left(one["name"]):
                connection.run(self.remove_file(f"{connection.folder}/{one['name']}"))

    def columns(self, connection: DatabricksConnection, schema: str, table: str) -> dict[str, str]:
        """See Dialect."""
        return {name: kind.lower() for name, kind in connection.rows(self.describe(schema, table))}

    def key(self, connection: DatabricksConnection, schema: str, table: str) -> list[str]:
        """See Dialect."""
        return [name for (name,) in connection.rows(self.describe_key(schema, table))]

    def stage(self, schema: str, name: str) -> str:
        """See Dialect. Views of a session have no schema, tables of seen keys have one."""
        return self.name(schema, name) if name.startswith(SEEN_PREFIX) else self.name(name)

    def check(self, table: TableSpec) -> None:
        """See Dialect."""
        columns = [column.name for column in table.columns]
        wrong = [name for name in columns if _NO_COLUMN.search(name) or len(name) > _LONGEST_NAME]
        wrong += [table.name] if _NO_TABLE.search(table.name) or len(table.name) > _LONGEST_NAME else []
        if wrong:
            raise TableError(
                f"the name {wrong[0]!r} of table {table.name!r} is one that Databricks does not take or keep; "
                "leave it out or rename it"
            )

    def ingest(
        self, connection: DatabricksConnection, schema: str, table: TableSpec, stage: str, rows: pa.Table
    ) -> None:
        """See Dialect. The rows are uploaded to the volume as a Parquet file."""
        rows = rows.select([column.name for column in table.columns])
        for index, column in enumerate(table.columns):
            if column.kind == "instant":
                rows = rows.set_column(index, column.name, rows[column.name].cast(pa.int64()))
        rows = rows.rename_columns([_staged(index) for index in range(rows.num_columns)])
        path = _path(connection, stage)
        with parquet_file(rows, file_name(stage)) as file:
            connection.run(self.put(file.as_posix(), path))
        connection.run(self.create_stage(schema, table, stage, path))

    def drop_stage(self, connection: DatabricksConnection, schema: str, stage: str) -> None:
        """See Dialect."""
        connection.run(f"DROP VIEW IF EXISTS {self.stage(schema, stage)}")
        connection.run(self.remove_file(_path(connection, stage)))

    def merge(self, connection: DatabricksConnection, schema: str, table: TableSpec, stage: str) -> MergeCounts:
        """See Dialect."""
        (counts,) = connection.records(self.merge_statement(schema, table, self.stage(schema, stage)))
        return MergeCounts(int(counts["num_inserted_rows"]), int(counts["num_updated_rows"]))

    def changed(self, connection: DatabricksConnection, statement: str) -> int:
        """See Dialect."""
        (counts,) = connection.records(statement)
        return int(counts["num_affected_rows"])

    def create_table(self, schema: str, table: TableSpec) -> str:
        """See Dialect. Columns of a key have to be declared as not null."""
        columns = [
            self._definition(column) + (" NOT NULL" if column.name in table.key else "") for column in table.columns
        ]
        key = f"PRIMARY KEY ({self.names(table.key)})"
        return f"CREATE TABLE {self.target(schema, table.name)} ({', '.join(columns)}, {key})"

    def add_column(self, schema: str, table: TableSpec, column: Column) -> str:
        """See Dialect."""
        return f"ALTER TABLE {self.target(schema, table.name)} ADD COLUMNS ({self._definition(column)})"

    def create_seen(self, schema: str, table: TableSpec, seen: str, stage: str) -> str:
        """See Dialect. It is a table like others; one that a killed load has left is dropped after a month."""
        return f"CREATE TABLE {self.stage(schema, seen)} AS {self.keys(schema, table, stage)}"

    def instant(self, at: datetime) -> str:
        """See Dialect."""
        return f"CAST({_text(at.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S.%fZ'))} AS TIMESTAMP)"

    def schemata(self, schema: str) -> str:
        """Return the query of a schema's name."""
        return f"SELECT schema_name FROM information_schema.schemata WHERE schema_name = {_folded(schema)}"  # noqa: S608

    def tables(self, schema: str) -> str:
        """Return the query of the names of a schema's tables."""
        return f"SELECT table_name FROM information_schema.tables WHERE table_schema = {_folded(schema)}"  # noqa: S608

    def describe(self, schema: str, table: str) -> str:
        """Return the query of the columns of a table: name and type."""
        return (
            "SELECT column_name, full_data_type FROM information_schema.columns "  # noqa: S608 - quoted
            f"WHERE table_schema = {_folded(schema)} AND table_name = {_folded(table)} ORDER BY ordinal_position"
        )

    def describe_key(self, schema: str, table: str) -> str:
        """Return the query of the columns of a table's primary key, in their order."""
        return (
            "SELECT k.column_name FROM information_schema.table_constraints AS c "  # noqa: S608 - quoted
            "JOIN information_schema.key_column_usage AS k ON k.constraint_schema = c.constraint_schema "
            "AND k.constraint_name = c.constraint_name AND k.table_name = c.table_name "
            f"WHERE c.constraint_type = 'PRIMARY KEY' AND c.table_schema = {_folded(schema)} "
            f"AND c.table_name = {_folded(table)} ORDER BY k.ordinal_position"
        )

    def put(self, file: str, path: str) -> str:
        """Return PUT of a local file into a volume."""
        return f"PUT {_text(file)} INTO {_text(path)} OVERWRITE"

    def remove_file(self, path: str) -> str:
        """Return REMOVE of a file of a volume."""
        return f"REMOVE {_text(path)}"

    def create_stage(self, schema: str, table: TableSpec, stage: str, path: str) -> str:
        """Return CREATE VIEW of a file, which only this session sees and which ends with it."""
        columns = ", ".join(
            f"{self._staged_value(index, column)} AS {self.name(column.name)}"
            for index, column in enumerate(table.columns)
        )
        file = f"parquet.{self.name(path)}"
        return f"CREATE TEMPORARY VIEW {self.stage(schema, stage)} AS SELECT {columns} FROM {file}"  # noqa: S608

    def _staged_value(self, index: int, column: Column) -> str:
        # Microseconds since 1970: Spark refuses instants of Parquet from before 1900 if it did not write them itself.
        value = self.name(_staged(index))
        return f"TIMESTAMP_MICROS({value})" if column.kind == "instant" else value


def _staged(index: int) -> str:
    return f"c{index}"


def _path(connection: DatabricksConnection, stage: str) -> str:
    return f"{connection.folder}/{file_name(stage)}"


def _folded(name: str) -> str:
    """Return the name of a schema or table as a string, in small letters as Unity Catalog has it."""
    return _text(name.lower())


def _text(text: str) -> str:
    """Return a string; two quotes side by side would end it and begin another one."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
