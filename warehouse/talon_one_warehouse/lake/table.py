"""A Delta table of a lake. Each commit fails if another process has committed since the table was opened.

https://delta-io.github.io/delta-rs/api/delta_table/
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Self

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Field
from deltalake import Schema as DeltaSchema
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, RemoveAction

from talon_one_warehouse.errors import TableError
from talon_one_warehouse.lake.key_ranges import DataFile, logged_files, statistics
from talon_one_warehouse.lake.place import folder_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from talon_one_warehouse.arrow.columns import Column, Kind, TableSpec
    from talon_one_warehouse.lake.place import LakePlace

KEY = "talon_one.key"  # metadata of a column: its place in the key
COMPRESSION = "zstd"
ROWS_PER_GROUP = 20_000
# https://docs.delta.io/latest/table-properties.html; a table keeps what its owner has set.
_PROPERTIES = {"delta.deletedFileRetentionDuration": "interval 1 days", "delta.logRetentionDuration": "interval 7 days"}
_DELTA: Mapping[Kind, str] = {
    "string": "string",
    "integer": "long",
    "number": "decimal(38,18)",
    "boolean": "boolean",
    "instant": "timestamp",
    "json": "string",
}
# Types in DuckDB; those that no load creates can be columns that another program has added.
_DUCKDB: Mapping[str, str] = {
    "string": "VARCHAR",
    "long": "BIGINT",
    "integer": "INTEGER",
    "short": "SMALLINT",
    "byte": "TINYINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
}
_STRICT = CommitProperties(max_commit_retries=0)
ROWS_PER_FILE = 1_000_000
# Largest size of small files, and how many of them become one. A merge of 20,000 rows is of the second size; larger
# files than those of the last one are not compacted.
_SIZES = ((2**17, 8), (2**23, 64), (2**26, 8))
_COMMITS_PER_VACUUM = 100


class LakeTable:
    """A Delta table.

    Args:
        delta: the table.
        place: the folder that holds it.
        name: the name of the table.
        folder: the folder of the table, by default that of its name.

    Raises:
        TableError: another program has changed the table so that this one would damage it.

    Attributes:
        folder: the folder of the table in the store.
        key: the columns that identify a row.
        columns: the type of each column in DuckDB.
        schema: the columns in Arrow.
        files: the live files.
    """

    def __init__(self, delta: DeltaTable, place: LakePlace, name: str, *, folder: str | None = None) -> None:
        self._delta, self._place, self.name = delta, place, name
        self.folder, self._label = folder or folder_of(name), f"{place.schema}.{name}"
        self._vacuumed = delta.version() // _COMMITS_PER_VACUUM
        self._durable = delta.version()
        self._check_protocol()
        self._read()

    @classmethod
    def open(cls, place: LakePlace, name: str) -> Self | None:
        """Return the table, or None if there is none of this name."""
        uri, options = f"{place.uri}/{folder_of(name)}", dict(place.options)
        if not DeltaTable.is_deltatable(uri, options):
            return None
        return cls(DeltaTable(uri, storage_options=options), place, name)

    @classmethod
    def in_folder(cls, place: LakePlace, folder: str) -> Self:
        """Return the table in a folder."""
        delta = DeltaTable(f"{place.uri}/{folder}", storage_options=dict(place.options))
        return cls(delta, place, delta.metadata().name or folder, folder=folder)

    @classmethod
    def create(cls, place: LakePlace, table: TableSpec, files: Sequence[DataFile] = ()) -> Self:
        """Create a table, of files that exist already.

        Raises:
            CommitFailedError: another process has created it.
        """
        from deltalake.transaction import create_table_with_add_actions

        uri, schema = f"{place.uri}/{folder_of(table.name)}", DeltaSchema([_field(c, table.key) for c in table.columns])
        create_table_with_add_actions(
            uri,
            schema,
            [_add(file, pa.schema(schema.to_arrow())) for file in files],
            mode="error",
            name=table.name,
            configuration=_PROPERTIES,
            storage_options=dict(place.options),
        )
        opened = cls(DeltaTable(uri, storage_options=dict(place.options)), place, table.name)
        opened._durable = -1
        opened._make_durable()
        return opened

    def extend(self, table: TableSpec) -> None:
        """Add the columns that the table lacks.

        Raises:
            TableError: the table exists with another key, or a column with another type.
        """
        if self.key != table.key:
            raise TableError(
                f"the table {self._label} exists with the key ({', '.join(self.key)}) instead of "
                f"({', '.join(table.key)}); move its folder away or choose another schema"
            )
        there = {field.name: _type_name(field) for field in self._delta.schema().fields}
        for column in table.columns:
            wanted = _DELTA[column.kind]
            if there.get(column.name, wanted) != wanted:
                raise TableError(
                    f"the column {self._label}.{column.name} exists as {there[column.name]} instead of {wanted}; "
                    "load into another schema"
                )
        missing = [_field(column, table.key) for column in table.columns if column.name not in there]
        if missing:
            self._delta.alter.add_columns(missing, commit_properties=_STRICT)
            self._read()
            self._make_durable()

    def uri(self, file: DataFile) -> str:
        """Return the name of a file in DuckDB."""
        return self._place.store.uri(f"{self.folder}/{file.path}")

    def uris(self) -> list[str]:
        """Return the names of all live files in DuckDB."""
        return [self.uri(file) for file in self.files]

    def commit(self, added: Iterable[DataFile], removed: Iterable[DataFile], *, same_rows: bool = False) -> None:
        """Make new files live and others stale, in one step.

        Args:
            added: the new files.
            removed: the files that become stale.
            same_rows: the new files have the rows of the stale ones, so that readers of changes skip the commit.

        Raises:
            CommitFailedError: another process has committed since the table was opened.
        """
        now_ms = int(time.time() * 1000)
        actions: list[AddAction | RemoveAction] = [_add(file, self.schema, data_change=not same_rows) for file in added]
        actions += [RemoveAction(file.path, not same_rows, now_ms, file.size) for file in removed]
        self._delta.create_write_transaction(actions, "append", self._delta.schema(), commit_properties=_STRICT)
        self._delta.update_incremental()
        self._make_durable()
        self._read()

    def vacuum(self) -> None:
        """Every hundred commits, delete stale files and those that a crash has left.

        A stale file stays for a day, so that running queries can finish; ``delta.deletedFileRetentionDuration``
        changes this.
        """
        hundreds = self._delta.version() // _COMMITS_PER_VACUUM
        if hundreds > self._vacuumed:
            self._vacuumed = hundreds
            self._delta.vacuum(dry_run=False, enforce_retention_duration=False, full=True)
            self._make_durable()

    def _read(self) -> None:
        schema = self._delta.schema()
        self.schema = pa.schema(schema.to_arrow())
        self.columns = {field.name: self._duckdb_type(field) for field in schema.fields}
        by_number = {field.metadata[KEY]: field.name for field in schema.fields if KEY in field.metadata}
        self.key = tuple(by_number[number] for number in sorted(by_number))
        # pa.table would import pandas, which takes 50 MB.
        actions = pa.RecordBatchReader.from_stream(self._delta.get_add_actions(flatten=True)).read_all()
        self.files = logged_files(actions, self.key)

    def _check_protocol(self) -> None:
        protocol, metadata = self._delta.protocol(), self._delta.metadata()
        features = sorted({*(protocol.reader_features or ()), *(protocol.writer_features or ())})
        if protocol.min_reader_version > 1 or protocol.min_writer_version > 2 or metadata.partition_columns:
            what = ", ".join(features) or ", ".join(metadata.partition_columns) or "a later protocol"
            raise TableError(
                f"another program has changed the table {self._label} to use {what}; load into another schema"
            )

    def _duckdb_type(self, field: Field) -> str:
        name = _type_name(field)
        if name not in _DUCKDB and not name.startswith("decimal("):
            raise TableError(
                f"the column {self._label}.{field.name} is of type {name}, which a load cannot keep; "
                "load into another schema"
            )
        return _DUCKDB.get(name, name.upper())

    def _make_durable(self) -> None:
        """Make the commits of this object survive a loss of power; vacuum makes several at once."""
        newest = self._delta.version()
        for version in range(self._durable + 1, newest + 1):
            self._place.store.make_durable(f"{self.folder}/_delta_log/{version:020}.json")
        self._durable = newest


def small_files(files: Sequence[DataFile]) -> list[DataFile]:
    """Return small files of one size that are to become one; none if there are few of each size.

    What they become is of a larger size, or has so many rows that it is not small, so that each row is rewritten about
    once per size, however many rows follow. Only files far below the smallest size are rewritten more often.
    """
    least = 0
    for most, count in _SIZES:
        small = [file for file in files if least < file.size <= most and file.rows < ROWS_PER_FILE // 2]
        if len(small) >= count:
            return small
        least = most
    return []


def _field(column: Column, key: Sequence[str]) -> Field:
    """Return a column; one of the key has its place in the key as metadata."""
    metadata = {KEY: key.index(column.name)} if column.name in key else None
    return Field(column.name, PrimitiveType(_DELTA[column.kind]), nullable=True, metadata=metadata)


def _type_name(field: Field) -> str:
    return field.type.type if isinstance(field.type, PrimitiveType) else str(field.type)


def _add(file: DataFile, schema: pa.Schema, *, data_change: bool = True) -> AddAction:
    stats = json.dumps(statistics(file, schema))
    return AddAction(file.path, file.size, {}, int(time.time() * 1000), data_change, stats)
