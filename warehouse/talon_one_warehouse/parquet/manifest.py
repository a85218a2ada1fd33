"""The manifest of a Parquet warehouse: which files are live. To replace it is to commit; readers see what it lists."""

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
    """A data file, never changed once written.

    Attributes:
        path: below the folder of the schema, ``table/month=2024-01/part-….parquet``.
        rows: how many.
        low, high: smallest and largest value of each key column that has an order in JSON; instants in microseconds.
    """

    path: str
    rows: int
    low: dict[str, Bound] = {}
    high: dict[str, Bound] = {}


class Table(msgspec.Struct, frozen=True, omit_defaults=True):
    """A table.

    Attributes:
        columns: kind by name, in their order.
        key: columns that identify a row.
        partition_by: the column of instants whose month is the partition, None if there is but one partition.
        partitions: live files by partition.
    """

    columns: dict[str, Kind]
    key: tuple[str, ...]
    partition_by: str | None = None
    partitions: dict[str, tuple[DataFile, ...]] = {}

    def files(self) -> Iterator[tuple[str, DataFile]]:
        """All live files with their partition."""
        for partition, files in self.partitions.items():
            for file in files:
                yield partition, file


class State(msgspec.Struct, frozen=True):
    """A state and when it was kept, RFC 3339."""

    value: dict[str, Any]
    updated_at: str


class Manifest(msgspec.Struct, frozen=True):
    """Tables and states as one merge left them; ``commit`` is unlike that of any other manifest."""

    format: int = FORMAT
    commit: str = ""
    states: dict[str, State] = {}
    tables: dict[str, Table] = {}

    def with_tables(self, tables: Mapping[str, Table], states: Mapping[str, State] | None = None) -> Manifest:
        """A new manifest, with these tables and states in place of those of their names."""
        return Manifest(FORMAT, uuid4().hex, {**self.states, **(states or {})}, {**self.tables, **tables})

    def paths(self) -> set[str]:
        """Of all live files."""
        return {file.path for table in self.tables.values() for _, file in table.files()}


class _Format(msgspec.Struct):
    format: int


def encode(manifest: Manifest) -> bytes:
    """The manifest as JSON."""
    return msgspec.json.encode(manifest)


def decode(data: bytes, where: str) -> Manifest:
    """The manifest that ``data`` holds.

    Args:
        data: JSON.
        where: names the file in errors.

    Raises:
        WarehouseError: it is no manifest, or one of a later version.
    """
    try:
        if msgspec.json.decode(data, type=_Format).format == FORMAT:
            return msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WarehouseError(f"{where} is not a manifest: {error}; restore it, or choose another schema") from None
    raise WarehouseError(f"{where} was written by a later version; upgrade talon-one-connector")
