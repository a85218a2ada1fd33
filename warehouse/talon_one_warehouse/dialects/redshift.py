"""Redshift's SQL.

Redshift began as PostgreSQL 8.0 and differs from it: a trailing blank does not distinguish two texts, there is no
``IS DISTINCT FROM``, names are folded to lower case even in quotes, and keys are not enforced.

https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
"""

from __future__ import annotations

import json
import re
from datetime import UTC
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from talon_one_storage.sql_names import literal, quoted
from talon_one_warehouse.databases.staged_files import file_name
from talon_one_warehouse.dialects.base import Dialect
from talon_one_warehouse.errors import RowError, TableError, WarehouseConfigError
from talon_one_warehouse.warehouse import LARGE_MERGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from talon_one_warehouse.arrow.columns import Column, Kind, TableSpec
    from talon_one_warehouse.databases.redshift import RedshiftConnection
    from talon_one_warehouse.warehouse import MergeCounts

_TEXT, _STAGED_INSTANT = "character varying(65535)", "character varying(40)"
_TEXTS = ("string", "json")
_LONGEST_TEXT, _LONGEST_NAME = 65_535, 127  # bytes
_CAPITALS = re.compile(r"[A-Z]")
_SENSITIVE = "case_sensitive"
# Ends of the years that texts of instants have four digits for.
_FIRST, _LAST = (pa.scalar(us, pa.int64()) for us in (-62_135_596_800_000_000, 253_402_300_799_999_999))


class Redshift(Dialect["RedshiftConnection"]):
    """Redshift. Rows and states are merged in one transaction.

    JSON is text: SUPER would not keep it as it was sent, and has no comparison for objects. In a query,
    ``JSON_PARSE(column)`` makes a SUPER of it.
    """

    types: Mapping[Kind, str] = {
        "string": _TEXT,
        "integer": "bigint",
        "number": "numeric(38,18)",
        "boolean": "boolean",
        "instant": "timestamp with time zone",
        "json": _TEXT,
    }
    pace = LARGE_MERGES
    beta = ("Redshift", "docs/reference/redshift.md")

    def name(self, *parts: str) -> str:
        """See Dialect."""
        return quoted(*map(folded, parts))

    def literal(self, text: str) -> str:
        """See Dialect."""
        return text_literal(text)

    def open(self, connection: RedshiftConnection, schema: str) -> None:
        """See Dialect. Redshift has no lock that ends with its session, so a second load is not kept out.

        Raises:
            WarehouseConfigError: the database or the place of staged files cannot be used.
        """
        ((collation,),) = connection.rows(self.collation())
        if collation != _SENSITIVE:
            raise WarehouseConfigError(
                f"the database of {connection.where} does not distinguish capital from small letters, so that keys "
                "that differ in them would be one; load into a database with COLLATE CASE_SENSITIVE"
            )
        # IF NOT EXISTS needs the right to create schemas even if this one exists.
        if not connection.rows(self.schemata(schema)):
            connection.run(f"CREATE SCHEMA IF NOT EXISTS {self.name(schema)}")
        connection.staging.remove_left_files()

    def columns(self, connection: RedshiftConnection, schema: str, table: str) -> dict[str, str]:
        """See Dialect."""
        return dict(connection.rows(self.describe(schema, table)))

    def key(self, connection: RedshiftConnection, schema: str, table: str) -> list[str]:
        """See Dialect."""
        return [name for (name,) in connection.rows(self.describe_key(schema, table))]

    def check(self, table: TableSpec) -> None:
        """See Dialect."""
        for name in (table.name, *(column.name for column in table.columns)):
            if len(name.encode()) > _LONGEST_NAME:
                raise TableError(
                    f"the name {name!r} of table {table.name!r} is longer than the {_LONGEST_NAME} bytes that Redshift "
                    "takes; leave it out or rename it"
                )
        capitals = [column.name for column in table.columns if _CAPITALS.search(column.name)]
        if capitals:
            raise TableError(
                f"the name {capitals[0]!r} of table {table.name!r} has capital letters, which Redshift does not keep; "
                "leave it out or rename it"
            )

    def check_rows(self, table: TableSpec, rows: pa.Table) -> None:
        """See Dialect."""
        # Rows that are being read do not have the instant of their load yet.
        for column in (one for one in table.columns if one.name in rows.column_names):
            values = rows[column.name]
            if column.kind in _TEXTS:
                _refuse(pc.match_substring(values, "\0"), table, column, rows, _HAS_NUL)
                _refuse(pc.greater(pc.binary_length(values), _LONGEST_TEXT), table, column, rows, _TOO_LONG)
            elif column.kind == "instant":
                micros = values.cast(pa.int64())
                beyond = pc.or_(pc.less(micros, _FIRST), pc.greater(micros, _LAST))
                _refuse(beyond, table, column, rows, _NO_YEAR)

    def ingest(self, connection: RedshiftConnection, schema: str, table: TableSpec, stage: str, rows: pa.Table) -> None:
        """See Dialect. The rows are uploaded to S3 as a Parquet file and copied from it."""
        self.check_rows(table, rows)
        rows = rows.select([column.name for column in table.columns])  # COPY goes by the order
        for index, column in enumerate(table.columns):
            if column.kind == "instant":
                rows = rows.set_column(index, column.name, instant_texts(rows[column.name]))
        connection.run(self.create_stage(schema, table, stage))
        with connection.staging.uploaded(rows, file_name(stage)) as url:
            connection.run(self.copy(schema, stage, url, connection.staging.authorization()))

    def merge_all(
        self, connection: RedshiftConnection, schema: str, stages: Sequence[tuple[TableSpec, str]]
    ) -> list[MergeCounts]:
        """See Dialect. The table of states is locked first: keys are not enforced, and a second load waits there."""
        if stages:
            connection.run(self.lock(schema))
        return super().merge_all(connection, schema, stages)

    def insert(self, schema: str, table: TableSpec, stage: str) -> str:
        """See Dialect."""
        target, selected = self.target(schema, table.name), ", ".join(map(self.value, table.columns))
        columns = self.names(column.name for column in table.columns)
        both = f"{self.stage(schema, stage)} AS s LEFT JOIN {target} AS t ON {self.same_key(table)}"
        absent = f"t.{self.name(table.key[0])} IS NULL"
        return f"INSERT INTO {target} ({columns}) SELECT {selected} FROM {both} WHERE {absent}"  # noqa: S608 - quoted

    def differ(self, table: TableSpec) -> str:
        """See Dialect."""
        return " OR ".join(self._differs(column) for column in table.columns if column.name in table.compared)

    def same_key(self, table: TableSpec) -> str:
        """See Dialect. The length distinguishes texts that are equal but for blanks at their end."""
        columns = [column for column in table.columns if column.name in table.key]
        pairs = [(column, self.stored(column), self.value(column)) for column in columns]
        lengths = [f"LENGTH({one}) = LENGTH({other})" for column, one, other in pairs if column.kind in _TEXTS]
        return " AND ".join([*(f"{one} = {other}" for _, one, other in pairs), *lengths])

    def value(self, column: Column) -> str:
        """See Dialect. Instants are staged as text: COPY from Parquet has no time zones."""
        value = super().value(column)
        return f"CAST({value} AS TIMESTAMPTZ)" if column.kind == "instant" else value

    def instant(self, at: datetime) -> str:
        """See Dialect."""
        return f"CAST({literal(at.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f+00'))} AS TIMESTAMPTZ)"

    def collation(self) -> str:
        """Return the query of the collation of the database."""
        return "SELECT db_collation()"

    def schemata(self, schema: str) -> str:
        """Return the query that has a row if there is such a schema."""
        return f"SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {_text(schema)}"  # noqa: S608 - quoted

    def describe(self, schema: str, table: str) -> str:
        """Return the query of the columns of a table: name and type."""
        return (
            "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute AS a "  # noqa: S608
            f"JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid {_in_schema(schema, table)} "
            "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
        )

    def describe_key(self, schema: str, table: str) -> str:
        """Return the query of the columns of a table's primary key, in their order."""
        return (
            "SELECT a.attname FROM pg_catalog.pg_index AS i "  # noqa: S608 - names are quoted
            "JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indexrelid "
            f"JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid {_in_schema(schema, table)} "
            "AND i.indisprimary ORDER BY a.attnum"
        )

    def lock(self, schema: str) -> str:
        """Return the statement that waits until no other transaction merges into the schema."""
        return f"LOCK TABLE {self.target(schema, self.states.name)}"

    def create_stage(self, schema: str, table: TableSpec, stage: str) -> str:
        """Return CREATE TABLE for a staging table, which only this session sees and which ends with it."""
        columns = ", ".join(
            f"{self.name(column.name)} {_STAGED_INSTANT if column.kind == 'instant' else self.types[column.kind]}"
            for column in table.columns
        )
        return f"CREATE TEMPORARY TABLE {self.stage(schema, stage)} ({columns})"

    def copy(self, schema: str, stage: str, url: str, authorization: str) -> str:
        """Return COPY of a Parquet file; its columns have the order of the table's, the names do not matter."""
        return f"COPY {self.stage(schema, stage)} FROM {literal(url)} {authorization} FORMAT AS PARQUET"

    def _differs(self, column: Column) -> str:
        one, other = self.stored(column), self.value(column)
        found = f"{one} <> {other}"
        if column.kind in _TEXTS:
            found += f" OR LENGTH({one}) <> LENGTH({other})"
        return f"{found} OR ({one} IS NULL AND {other} IS NOT NULL) OR ({one} IS NOT NULL AND {other} IS NULL)"


def text_literal(text: str) -> str:
    """Return an expression of a text. It has no backslash, which begins an escape on some servers."""
    return " || CHR(92) || ".join(map(literal, text.split("\\")))


def folded(name: str) -> str:
    """Return a name as Redshift's catalog has it."""
    return _CAPITALS.sub(lambda found: found[0].lower(), name)


def instant_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return instants of the years 1 to 9999 as texts in UTC: ``2024-01-31 12:00:00.000000+00``."""
    return pc.replace_substring(column.cast(pa.string()), "Z", "+00")


_HAS_NUL = "holds the character NUL, which Redshift's text cannot hold"
_NO_YEAR = "is outside the years 1 to 9999 in UTC, which are those that are loaded into Redshift"
_TOO_LONG = f"is longer than the {_LONGEST_TEXT:,} bytes of text that a column of Redshift holds"


def _refuse(wrong: pa.ChunkedArray, table: TableSpec, column: Column, rows: pa.Table, reason: str) -> None:
    """Raise RowError for the first row that is wrong."""
    index = pc.index(wrong, True).as_py()
    if index < 0:
        return
    # Python's datetime does not have every instant.
    texts = {name: rows[name].slice(index, 1).cast(pa.string())[0].as_py() for name in (column.name, *table.key)}
    text = texts[column.name]
    raise RowError(
        reason,
        table=table.name,
        column=column.name,
        value=json.dumps(text, ensure_ascii=False) if column.kind == "string" else text,
        key={name: texts[name] for name in table.key},
    )


def _in_schema(schema: str, table: str) -> str:
    return (
        "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
        f"WHERE n.nspname = {_text(schema)} AND c.relname = {_text(table)}"
    )


def _text(name: str) -> str:
    """Return a name as a string.

    Raises:
        WarehouseConfigError: it has a backslash, which may begin an escape.
    """
    if "\\" in name:
        raise WarehouseConfigError(f"the name {name!r} has a backslash; rename it")
    return literal(folded(name))
