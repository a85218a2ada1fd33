"""The migration of lakes from before Delta: Parquet files, listed in a manifest, become Delta tables.

No data file is copied: each table is created of the files that the manifest lists, in one commit.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_warehouse.arrow.columns import Column, Kind, TableSpec
from talon_one_warehouse.errors import TableError, WarehouseConfigError, WarehouseError
from talon_one_warehouse.lake.errors import translate_errors
from talon_one_warehouse.lake.key_ranges import Bound, DataFile
from talon_one_warehouse.lake.place import RESERVED, folder_of
from talon_one_warehouse.lake.states import open_states, write_states
from talon_one_warehouse.lake.table import LakeTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_warehouse.lake.place import LakePlace

MANIFEST = f"{RESERVED}/manifest.json"
_VIEWS = f"{RESERVED}/tables.sql"
_FORMAT = 1


class _File(msgspec.Struct, frozen=True):
    path: str
    rows: int
    low: dict[str, Bound] = {}
    high: dict[str, Bound] = {}


class _Table(msgspec.Struct, frozen=True):
    columns: dict[str, Kind]
    key: tuple[str, ...]
    partitions: dict[str, tuple[_File, ...]] = {}


class _State(msgspec.Struct, frozen=True):
    value: dict[str, Any]
    updated_at: str


class _Manifest(msgspec.Struct, frozen=True):
    format: int
    states: dict[str, _State] = {}
    tables: dict[str, _Table] = {}


def raise_if_manifest(place: LakePlace) -> None:
    """Raise an error if an earlier version has written the lake.

    Raises:
        WarehouseConfigError: there is a manifest.
    """
    if place.store.read(MANIFEST) is not None:
        raise WarehouseConfigError(
            f"the lake {place.store.name} has the file {place.schema}/{MANIFEST}, so it is from before the connector "
            "wrote Delta tables; make them of its files with: "
            f"talon-one migrate-lake --to {place.store.name} --schema '{place.schema}'"
        )


def migrate(place: LakePlace) -> dict[str, int]:
    """Make Delta tables of the files of a manifest, and then remove the manifest.

    If the process is killed, run it again: tables that exist are complete.

    Returns:
        The number of rows by table.

    Raises:
        WarehouseConfigError: there is no manifest.
        TableError: a table has a name with characters that the folder of a Delta table cannot have.
        WarehouseError: the manifest cannot be read, or a file that it lists is missing.
    """
    with translate_errors(place.store.name):
        data = place.store.read(MANIFEST)
        if data is None:
            raise WarehouseConfigError(
                f"{place.store.name} has no manifest in the schema {place.schema!r}: there is no file "
                f"{place.schema}/{MANIFEST}. If its tables have a folder _delta_log, there is nothing to migrate"
            )
        manifest = _decode(data, f"{place.store.name}: {place.schema}/{MANIFEST}")
        sizes = {file.path: file.size for file in place.store.files()}
        for name, table in manifest.tables.items():
            if LakeTable.open(place, name) is None:
                LakeTable.create(place, _spec(name, table), _files(name, table, sizes))
        states = {name: (json.dumps(state.value), state.updated_at) for name, state in manifest.states.items()}
        write_states(open_states(place), place, states)
        place.store.remove([_VIEWS, MANIFEST])
    return {
        name: sum(file.rows for files in table.partitions.values() for file in files)
        for name, table in manifest.tables.items()
    }


def _spec(name: str, table: _Table) -> TableSpec:
    return TableSpec(name, tuple(Column(column, column, kind) for column, kind in table.columns.items()), table.key)


def _files(name: str, table: _Table, sizes: Mapping[str, int]) -> list[DataFile]:
    folder = f"{folder_of(name)}/"
    files = [file for files in table.partitions.values() for file in files]
    for file in files:
        if not file.path.startswith(folder):
            raise TableError(f"the table {name!r} cannot be migrated because of its name; load it again")
        if file.path not in sizes:
            raise WarehouseError(f"the manifest lists {file.path}, which is not there; restore it or load {name} again")
    return [
        DataFile(file.path.removeprefix(folder), sizes[file.path], file.rows, file.low, file.high) for file in files
    ]


def _decode(data: bytes, where: str) -> _Manifest:
    try:
        manifest = msgspec.json.decode(data, type=_Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WarehouseError(f"{where} is not a manifest: {error}; restore it, or choose another schema") from None
    if manifest.format != _FORMAT:
        raise WarehouseError(f"{where} was written by an unknown version")
    return manifest
