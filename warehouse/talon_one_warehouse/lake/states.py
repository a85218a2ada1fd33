"""The states of a lake: one small Delta table, which each commit replaces as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from talon_one_warehouse.arrow.array_builders import ARROW_KINDS
from talon_one_warehouse.arrow.columns import Column, TableSpec
from talon_one_warehouse.lake import sql
from talon_one_warehouse.lake.key_ranges import DataFile
from talon_one_warehouse.lake.table import LakeTable
from talon_one_warehouse.results import python_rows
from talon_one_warehouse.warehouse import STATE_TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from talon_one_warehouse.lake.place import LakePlace

STATES = TableSpec(
    STATE_TABLE,
    (
        Column("state_name", "state_name", "string"),
        Column("state", "state", "json"),
        Column("updated_at", "updated_at", "instant"),
    ),
    ("state_name",),
)


def open_states(place: LakePlace) -> LakeTable:
    """Return the table of states, which is created if it does not exist."""
    return LakeTable.open(place, STATE_TABLE) or LakeTable.create(place, STATES)


def read_states(table: LakeTable, connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    """Return each state as JSON text, and when it was saved in RFC 3339."""
    uris = [table.uri(file) for file in table.files]
    select = f"SELECT state_name, state, updated_at FROM ({sql.scan(table.columns, uris)})"  # noqa: S608 - quoted
    rows = python_rows(connection.sql(select).to_arrow_table().columns)
    return {name: (text, at.isoformat()) for name, text, at in rows}


def write_states(table: LakeTable, place: LakePlace, states: Mapping[str, tuple[str, str]]) -> None:
    """Replace all states.

    Raises:
        CommitFailedError: another process has saved a state since the table was opened.
    """
    path = f"part-{uuid4().hex}.parquet"
    with place.store.writing(f"{table.folder}/{path}") as target:
        pq.write_table(_rows(states), target)
        size = target.tell()
    table.commit([DataFile(path, size, len(states), {}, {})], list(table.files))


def replace_states(place: LakePlace, states: Mapping[str, tuple[str, str]]) -> None:
    """Save states in a lake that may have no table of states yet."""
    write_states(open_states(place), place, states)


def _rows(states: Mapping[str, tuple[str, str]]) -> pa.Table:
    texts = ARROW_KINDS["string"].build([text for text, _ in states.values()])
    instants = ARROW_KINDS["instant"].build([at for _, at in states.values()])
    arrays = [ARROW_KINDS["string"].build(list(states)), texts, instants]
    return pa.Table.from_arrays(arrays, names=[column.name for column in STATES.columns])
