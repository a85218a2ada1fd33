"""The manifest of a Parquet warehouse, which lists the live files. Replacing the manifest is the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

import msgspec

from talon_one_warehouse.arrow.columns import Kind  # noqa: TC001 - msgspec reads it
from talon_one_warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = "_talon_one"
PATH = f"{FOLDER}/manifest.json"
FORMAT = 1

Bound: TypeAlias = int | str


class DataFile(msgspec.Struct, frozen=True):
    """A data file, which is never changed.

    Attributes:
        path: the path below the folder of the schema, ``table/month=2024-01/part-….parquet``.
        rows: number of rows.
        low, high: smallest and largest value of each key column that has an order in JSON; instants in microseconds.
    """

    path: str
    rows: int
    low: dict[str, Bound] = {}
    high: dict[str, Bound] = {}


class Table(msgspec.Struct, frozen=True, omit_defaults=True):
    """A table.

    Attributes:
        columns: the kind of each column by name, in the order of the columns.
        key: the columns that identify a row.
        partition_by: the column of instants whose month is the partition; None if there is only one partition.
        partitions: live files by partition.
    """

    columns: dict[str, Kind]
    key: tuple[str, ...]
    partition_by: str | None = None
    partitions: dict[str, tuple[DataFile, ...]] = {}

    def files(self) -> Iterator[tuple[str, DataFile]]:
        """Return all live files with their partitions."""
        for partition, files in self.partitions.items():
            for file in files:
                yield partition, file


class State(msgspec.Struct, frozen=True):
    """A state and the time at which it was saved, in RFC 3339."""

    value: dict[str, Any]
    updated_at: str


class Manifest(msgspec.Struct, frozen=True):
    """The tables and states after a merge; ``commit`` is unique to each manifest."""

    format: int = FORMAT
    commit: str = ""
    states: dict[str, State] = {}
    tables: dict[str, Table] = {}

    def with_tables(self, tables: Mapping[str, Table], states: Mapping[str, State] | None = None) -> Manifest:
        """Return a new manifest in which these tables and states replace those of the same names."""
        return Manifest(FORMAT, uuid4().hex, {**self.states, **(states or {})}, {**self.tables, **tables})

    def paths(self) -> set[str]:
        """Return the paths of all live files."""
        return {file.path for table in self.tables.values() for _, file in table.files()}


class _Format(msgspec.Struct):
    format: int


def encode(manifest: Manifest) -> bytes:
    """Return a manifest as JSON."""
    return msgspec.json.encode(manifest)


def decode(data: bytes, where: str) -> Manifest:
    """Return the manifest of a JSON text.

    Args:
        data: the JSON text.
        where: the file, for messages.

    Raises:
        WarehouseError: the text is not a manifest, or one of a later version.
    """
    try:
        if msgspec.json.decode(data, type=_Format).format == FORMAT:
            return msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WarehouseError(f"{where} is not a manifest: {error}; restore it, or choose another schema") from None
    raise WarehouseError(f"{where} was written by a later version; upgrade talon-one-connector")
