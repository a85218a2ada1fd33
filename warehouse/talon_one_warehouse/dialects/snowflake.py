"""Snowflake's SQL.

Plain names are folded to upper case, as Snowflake does with names without quotes, so that ``talon_one.ledger`` finds
the table in a query.

https://docs.snowflake.com/en/sql-reference/sql/copy-into-table
"""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING

from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.databases.staged_files import parquet_file
from talon_one_warehouse.dialects.base import SEEN_PREFIX, STAGE_PREFIX, Dialect
from talon_one_warehouse.merging import STATES_AS_TEXT
from talon_one_warehouse.warehouse import LARGE_MERGES, MergeCounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from talon_one_warehouse.arrow.columns import Column, Kind, TableSpec
    from talon_one_warehouse.databases.snowflake import SnowflakeConnection

_FOLDED = re.compile(r"[a-z_][a-z0-9_$]*")
_TEMPORARY = re.compile(rf"(?P<kind>{STAGE_PREFIX}|{SEEN_PREFIX})(?P<made_s>[0-9a-f]+)_.*", re.IGNORECASE)
_FILES = "_talon_one_files"
# How long staging tables and tables of seen keys are needed at most: during a merge, and during a load.
_LIVES_S: Mapping[str, int] = {STAGE_PREFIX: 86_400, SEEN_PREFIX: 30 * 86_400}
# By default, COPY takes the text \N for null.
_FORMAT = "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE NULL_IF = ()) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"


class Snowflake(Dialect["SnowflakeConnection"]):
    """Snowflake.

    Every statement commits by itself: a transaction of several would keep its locks for minutes after its client was
    killed. Tables are merged one by one, and the states after them.
    """

    types: Mapping[Kind, str] = {
        "string": "TEXT",
        "integer": "NUMBER(38,0)",
        "number": "NUMBER(38,18)",
        "boolean": "BOOLEAN",
        "instant": "TIMESTAMP_TZ",
        "json": "VARIANT",
    }
    pace = LARGE_MERGES
    states = STATES_AS_TEXT

    def name(self, *parts: str) -> str:
        """See Dialect."""
        return quoted(*map(folded, parts))

    def literal(self, text: str) -> str:
        """See Dialect. A backslash begins an escape."""
        return literal(text.replace("\\", "\\\\"))

    def stage(self, schema: str, name: str) -> str:
        """See Dialect. The table is transient: Snowflake keeps no history of it."""
        return self.name(schema, name)

    def open(self, connection: SnowflakeConnection, schema: str) -> None:
        """See Dialect. Snowflake has no lock that ends with its holder, so a second load is not kept out."""
        # IF NOT EXISTS needs the right to create schemas even if this one exists.
        if not connection.rows(self.schemata(schema)):
            connection.run(f"CREATE SCHEMA IF NOT EXISTS {self.name(schema)}")
        connection.run(f"USE SCHEMA {self.name(schema)}")
        for (name,) in connection.rows(self.tables(schema)):
            found = _TEMPORARY.fullmatch(name)
            if found and int(found["made_s"], 16) < time.time() - _LIVES_S[found["kind"].lower()]:
                connection.run(f"DROP TABLE IF EXISTS {self.name(schema, name)}")
        connection.run(self.create_files(schema))

    def columns(self, connection: SnowflakeConnection, schema: str, table: str) -> dict[str, str]:
        """See Dialect."""
        found = connection.rows(self.describe(schema, table))
        return {unfolded(name): _type(kind, digits, scale) for name, kind, digits, scale in found}

    def key(self, connection: SnowflakeConnection, schema: str, table: str) -> list[str]:
        """See Dialect."""
        keys = connection.records(self.show_key(schema, table))
        ours = [one for one in keys if (one["schema_name"], one["table_name"]) == (folded(schema), folded(table))]
        return [unfolded(one["column_name"]) for one in sorted(ours, key=lambda one: int(one["key_sequence"]))]

    def ingest(
        self, connection: SnowflakeConnection, schema: str, table: TableSpec, stage: str, rows: pa.Table
    ) -> None:
        """See Dialect. The rows are uploaded as a Parquet file and copied from it."""
        rows = rows.rename_columns([_staged(index) for index in range(rows.num_columns)])
        connection.run(self.create_stage(schema, table, stage))
        # Snowflake does not copy a file of the same name again.
        with parquet_file(rows, f"{secrets.token_hex(16)}.parquet") as file:
            connection.run(self.put(schema, file.as_posix()))
            connection.run(self.copy(schema, stage, file.name))

    def merge(self, connection: SnowflakeConnection, schema: str, table: TableSpec, stage: str) -> MergeCounts:
        """See Dialect."""
        (counts,) = connection.records(self.merge_statement(schema, table, self.source(schema, table, stage)))
        return MergeCounts(*(int(counts.get(f"number of rows {done}", 0)) for done in ("inserted", "updated")))

    def create_seen(self, schema: str, table: TableSpec, seen: str, stage: str) -> str:
        """See Dialect. The table is transient, as staging tables are."""
        return f"CREATE TRANSIENT TABLE {self.stage(schema, seen)} AS {self.keys(schema, table, stage)}"

    def keys(self, schema: str, table: TableSpec, stage: str) -> str:
        """See Dialect."""
        columns = [(index, column) for index, column in enumerate(table.columns) if column.name in table.key]
        selected = ", ".join(f"{self.name(_staged(index))} AS {self.name(column.name)}" for index, column in columns)
        return f"SELECT {selected} FROM {self.stage(schema, stage)}"  # noqa: S608 - names are quoted

    def schemata(self, schema: str) -> str:
        """Return the query of a schema's name."""
        return f"SELECT schema_name FROM information_schema.schemata WHERE schema_name = {self.literal(folded(schema))}"  # noqa: S608

    def tables(self, schema: str) -> str:
        """Return the query of the names of a schema's tables."""
        return f"SELECT table_name FROM information_schema.tables WHERE table_schema = {self.literal(folded(schema))}"  # noqa: S608

    def describe(self, schema: str, table: str) -> str:
        """Return the query of a table's columns: name, type, digits, digits after the point."""
        return (
            "SELECT column_name, data_type, numeric_precision, numeric_scale FROM information_schema.columns "  # noqa: S608
            f"WHERE table_schema = {self.literal(folded(schema))} AND table_name = {self.literal(folded(table))} "
            "ORDER BY ordinal_position"
        )

    def show_key(self, schema: str, table: str) -> str:
        """Return the statement that shows a table's primary key."""
        return f"SHOW PRIMARY KEYS IN TABLE {self.target(schema, table)}"

    def create_files(self, schema: str) -> str:
        """Return CREATE STAGE for files, which only this session sees and which end with it."""
        return f"CREATE TEMPORARY STAGE IF NOT EXISTS {self.name(schema, _FILES)}"

    def create_stage(self, schema: str, table: TableSpec, stage: str) -> str:
        """Return CREATE TABLE for a staging table; its columns have numbers in place of names."""
        kinds = ["TEXT" if column.kind == "json" else self.types[column.kind] for column in table.columns]
        columns = ", ".join(f"{self.name(_staged(index))} {kind}" for index, kind in enumerate(kinds))
        return f"CREATE TRANSIENT TABLE {self.stage(schema, stage)} ({columns})"

    def files(self, schema: str) -> str:
        """Return the reference to the stage of ``create_files``."""
        return f"@{self.name(schema, _FILES)}"

    def put(self, schema: str, path: str) -> str:
        """Return PUT of a local file, whose name is plain."""
        return f"PUT {self.literal(f'file://{path}')} {self.files(schema)} AUTO_COMPRESS = FALSE"

    def copy(self, schema: str, stage: str, file: str) -> str:
        """Return COPY of a file that was put into a staging table; the file is removed then."""
        return f"COPY INTO {self.stage(schema, stage)} FROM {self.files(schema)}/{file} {_FORMAT} PURGE = TRUE"

    def source(self, schema: str, table: TableSpec, stage: str) -> str:
        """Return the rows of a staging table as the source of a merge."""
        columns = ", ".join(
            f"{self._staged_value(index, column)} AS {self.name(column.name)}"
            for index, column in enumerate(table.columns)
        )
        return f"(SELECT {columns} FROM {self.stage(schema, stage)})"  # noqa: S608 - names are quoted

    def differ(self, table: TableSpec) -> str:
        """See Dialect. JSON is compared as text."""
        compared = [column for column in table.columns if column.name in table.compared]
        return " OR ".join(f"{self._compared('t', c)} {self.distinct} {self._compared('s', c)}" for c in compared)

    def _compared(self, side: str, column: Column) -> str:
        value = f"{side}.{self.name(column.name)}"
        return f"TO_JSON({value})" if column.kind == "json" else value

    def _staged_value(self, index: int, column: Column) -> str:
        value = self.name(_staged(index))
        # JSON that Snowflake cannot read, with a name twice in an object, say, is kept as text.
        return f"COALESCE(TRY_PARSE_JSON({value}), TO_VARIANT({value}))" if column.kind == "json" else value


def folded(name: str) -> str:
    """Return a name as Snowflake's catalog has it."""
    return name.upper() if _FOLDED.fullmatch(name) else name


def unfolded(name: str) -> str:
    """Return the name that is folded to a name of the catalog."""
    return name.lower() if folded(name.lower()) == name else name


def _staged(index: int) -> str:
    return f"c{index}"


def _type(kind: str, digits: int | None, scale: int | None) -> str:
    return f"{kind}({digits},{scale})" if kind == "NUMBER" else kind
