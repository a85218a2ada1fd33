"""BigQuery's SQL.

https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from google.cloud.bigquery import SchemaField

from talon_one_warehouse.dialects.base import Dialect
from talon_one_warehouse.errors import (
    RowError,
    TableError,
    WarehouseConfigError,
    WarehouseError,
    WarehouseLockedError,
)
from talon_one_warehouse.merging import STATES_AS_TEXT
from talon_one_warehouse.warehouse import LARGE_MERGES, MergeCounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from talon_one_warehouse.arrow.columns import Column, Kind, TableSpec
    from talon_one_warehouse.databases.bigquery import BigQueryConnection

LOCK_TABLE = "_talon_one_lock"
_CONFLICT = "due to concurrent update"  # "Transaction is aborted due to concurrent update against table …"
_IS_NEW = "`_talon_one_is_new`"
# https://docs.cloud.google.com/bigquery/docs/tables#table_naming and /schemas#flexible-column-names
_DATASET = re.compile(r"\w{1,1024}", re.ASCII)
_TABLE = re.compile(r"\w([\w \-]*[\w\-])?")
_COLUMN = re.compile(r"""[^!"$()*,./;?@[\\\]^`{}~\x00-\x1f\x7f]{1,300}""")
_RESERVED = ("_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER", "_CHANGE_")
# Microseconds of 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z, BigQuery's first and last instant.
_FIRST_US, _LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"}
# Staging tables are needed during a merge, and tables of seen keys during a load.
_STAGE_LIVES, _SEEN_LIVES = "INTERVAL 1 DAY", "INTERVAL 30 DAY"


class BigQuery(Dialect["BigQueryConnection"]):
    """BigQuery.

    All tables of a merge and its states are merged by one script, in one transaction. BigQuery runs the script to its
    end, or takes back all of it, whether the client lives or not.
    """

    types: Mapping[Kind, str] = {
        "string": "STRING",
        "integer": "INT64",
        "number": "BIGNUMERIC(38, 18)",
        "boolean": "BOOL",
        "instant": "TIMESTAMP",
        # The type JSON would round numbers, and its values cannot be compared.
        "json": "STRING",
    }
    pace = LARGE_MERGES
    states = STATES_AS_TEXT

    def name(self, *parts: str) -> str:
        """See Dialect."""
        return ".".join("`{}`".format(part.replace("\\", "\\\\").replace("`", "\\`")) for part in parts)

    def literal(self, text: str) -> str:
        """See Dialect."""
        return "'" + "".join(_ESCAPES.get(character, character) for character in text) + "'"

    def stage(self, schema: str, name: str) -> str:
        """See Dialect. BigQuery deletes the table after a day, if nobody does before."""
        return self.name(schema, name)

    def open(self, connection: BigQueryConnection, schema: str) -> None:
        """See Dialect. Loads are not kept out, but merges are: those of two loads at once fail."""
        if not _DATASET.fullmatch(schema):
            raise WarehouseConfigError(
                f"BigQuery takes no dataset with the name {schema!r}: it has letters, digits and underscores"
            )
        connection.open_dataset(schema)
        if connection.table_named(schema, LOCK_TABLE) is None:
            connection.run(self.create_lock(schema))

    def columns(self, connection: BigQueryConnection, schema: str, table: str) -> dict[str, str]:
        """See Dialect."""
        found = connection.table_named(schema, table)
        return {field.name: _type(field) for field in found.schema} if found else {}

    def key(self, connection: BigQueryConnection, schema: str, table: str) -> list[str] | None:
        """See Dialect."""
        found = connection.table_named(schema, table)
        key = found and found.table_constraints and found.table_constraints.primary_key
        return list(key.columns) if key else None

    def check(self, table: TableSpec) -> None:
        """See Dialect."""
        if table.name == LOCK_TABLE:
            raise TableError(f"the name {table.name!r} is reserved for the lock of merges")
        if not _TABLE.fullmatch(table.name):
            raise TableError(f"BigQuery takes no table with the name {table.name!r}; rename it")
        for column in table.columns:
            if not _COLUMN.fullmatch(column.name) or column.name.upper().startswith(_RESERVED):
                raise TableError(
                    f"BigQuery takes no column with the name {column.name!r} (table {table.name!r}); leave it out or "
                    "rename it"
                )

    def check_rows(self, table: TableSpec, rows: pa.Table) -> None:
        """See Dialect. A TIMESTAMP is of the years 1 to 9999 in UTC."""
        there = set(rows.column_names)  # the instant of the load comes later
        for column in table.columns:
            if column.kind == "instant" and column.name in there:
                instants = rows[column.name].cast(pa.int64())
                outside = pc.or_(pc.less(instants, _FIRST_US), pc.greater(instants, _LAST_US))
                row = pc.index(outside, True).as_py()
                if row >= 0:
                    raise _is_outside(table, column, rows.slice(row, 1))

    def ingest(self, connection: BigQueryConnection, schema: str, table: TableSpec, stage: str, rows: pa.Table) -> None:
        """See Dialect. The rows are uploaded as a Parquet file."""
        self.check_rows(table, rows)
        connection.run(self.create_stage(schema, table, stage))
        connection.upload(schema, stage, rows, [_field(column) for column in table.columns])

    def create_table(self, schema: str, table: TableSpec) -> str:
        """See Dialect. The key is for readers: BigQuery does not enforce it."""
        columns = ", ".join(self._definition(column) for column in table.columns)
        key = f"PRIMARY KEY ({self.names(table.key)}) NOT ENFORCED"
        return f"CREATE TABLE {self.target(schema, table.name)} ({columns}, {key})"

    def add_column(self, schema: str, table: TableSpec, column: Column) -> str:
        """See Dialect."""
        target = self.target(schema, table.name)
        return f"ALTER TABLE {target} ADD COLUMN IF NOT EXISTS {self._definition(column)}"

    def merge_all(
        self, connection: BigQueryConnection, schema: str, stages: Sequence[tuple[TableSpec, str]]
    ) -> list[MergeCounts]:
        """See Dialect. One script merges all of them.

        Raises:
            WarehouseLockedError: another load merges into the dataset.
        """
        if not stages:
            return []
        try:
            found = connection.rows(";\n".join(self.script(schema, stages)))
        except WarehouseError as error:
            if _CONFLICT not in str(error):
                raise
            raise WarehouseLockedError(
                f"{error}: another load merges into the dataset, or one that was killed has not ended there; run again"
            ) from None
        counts = {number: MergeCounts(inserted, updated) for number, inserted, updated in found}
        return [counts[number] for number in range(len(stages))]

    def script(self, schema: str, stages: Sequence[tuple[TableSpec, str]]) -> list[str]:
        """Return the statements that merge staging tables; the last one selects number, new and changed rows of each.

        Only updates conflict with those of another transaction: without that of the lock, the script of a killed load
        could insert the same rows at the same time.
        """
        found = ["BEGIN TRANSACTION", self.lock(schema)]
        for table, stage in stages:
            found += [self.create_changes(schema, table, stage), self.merge_changes(schema, table, stage)]
        counts = [self.count_changes(index, stage) for index, (_, stage) in enumerate(stages)]
        return [*found, "COMMIT TRANSACTION", " UNION ALL ".join(counts)]

    def lock(self, schema: str) -> str:
        """Return UPDATE of the lock, which two transactions cannot do at a time."""
        return f"UPDATE {self.name(schema, LOCK_TABLE)} SET `merged_at` = CURRENT_TIMESTAMP() WHERE TRUE"  # noqa: S608

    def create_lock(self, schema: str) -> str:
        """Return CREATE TABLE of the lock, with its row."""
        lock = self.name(schema, LOCK_TABLE)
        return f"CREATE TABLE IF NOT EXISTS {lock} AS SELECT CURRENT_TIMESTAMP() AS `merged_at`"

    def create_changes(self, schema: str, table: TableSpec, stage: str) -> str:
        """Return CREATE TABLE with the staged rows that are new, or differ from the row of their key."""
        first = f"t.{self.name(table.key[0])}"
        both = f"{self.stage(schema, stage)} AS s LEFT JOIN {self.target(schema, table.name)} AS t"
        changed = f" OR ({self.differ(table)})" if table.compared else ""
        selected = f"SELECT s.*, {first} IS NULL AS {_IS_NEW} FROM {both} ON {self.same_key(table)}"  # noqa: S608
        return f"CREATE TEMP TABLE {self._changes(stage)} AS {selected} WHERE {first} IS NULL{changed}"

    def merge_changes(self, schema: str, table: TableSpec, stage: str) -> str:
        """Return MERGE of the rows of ``create_changes``."""
        return self.merge_statement(schema, table, self._changes(stage), all_differ=True)

    def count_changes(self, number: int, stage: str) -> str:
        """Return SELECT of a number and the counts of new and changed rows."""
        counts = f"COUNTIF({_IS_NEW}), COUNTIF(NOT {_IS_NEW})"
        return f"SELECT {number}, {counts} FROM {self._changes(stage)}"  # noqa: S608 - names are quoted

    def create_stage(self, schema: str, table: TableSpec, stage: str) -> str:
        """Return CREATE TABLE for a staging table."""
        columns = ", ".join(self._definition(column) for column in table.columns)
        return f"CREATE TABLE {self.stage(schema, stage)} ({columns}) {_expiring(_STAGE_LIVES)}"

    def create_seen(self, schema: str, table: TableSpec, seen: str, stage: str) -> str:
        """See Dialect. BigQuery deletes the table after a month, if nobody does before."""
        target = f"{self.stage(schema, seen)} {_expiring(_SEEN_LIVES)}"
        return f"CREATE TABLE {target} AS {self.keys(schema, table, stage)}"

    def instant(self, at: datetime) -> str:
        """See Dialect."""
        return f"TIMESTAMP {super().instant(at)}"

    def _changes(self, stage: str) -> str:
        """Return the name of a temporary table, which BigQuery deletes after the script."""
        return self.name(f"{stage}_changes")


def _expiring(lives: str) -> str:
    return f"OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), {lives}))"


# The API has older names of some types.
_NAMES: Mapping[str, str] = {"INTEGER": "INT64", "BOOLEAN": "BOOL", "FLOAT": "FLOAT64"}


def _type(field: SchemaField) -> str:
    """Return the type of a column; a BIGNUMERIC without a precision holds all numbers that ours holds."""
    name = _NAMES.get(field.field_type, field.field_type)
    if name == "BIGNUMERIC" and field.precision is None:
        return BigQuery.types["number"]
    digits = [str(one) for one in (field.precision, field.scale) if one is not None]
    kind = f"{name}({', '.join(digits)})" if digits else name
    return f"ARRAY<{kind}>" if field.mode == "REPEATED" else kind


def _field(column: Column) -> SchemaField:
    """Return a column of a staging table for the load job."""
    kind, _, digits = BigQuery.types[column.kind].partition("(")
    if not digits:
        return SchemaField(column.name, kind)
    precision, scale = map(int, digits.rstrip(")").split(", "))
    return SchemaField(column.name, kind, precision=precision, scale=scale)


def _is_outside(table: TableSpec, column: Column, row: pa.Table) -> RowError:
    # Python's datetime does not have such instants.
    texts = {name: row[name].cast(pa.string())[0].as_py() for name in (column.name, *table.key)}
    return RowError(
        "is outside the years 1 to 9999 in UTC, which BigQuery's TIMESTAMP has",
        table=table.name,
        column=column.name,
        value=texts[column.name],
        key={name: texts[name] for name in table.key},
    )
