"""The states of a lake: one small Delta table, which each commit replaces as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow.parquet as pq

from talon_one_warehouse.lake import sql
from talon_one_warehouse.lake.key_ranges import DataFile
from talon_one_warehouse.lake.table import LakeTable
from talon_one_warehouse.merging import STATES, state_rows
from talon_one_warehouse.results import python_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from talon_one_warehouse.lake.place import LakePlace


def open_states(place: LakePlace) -> LakeTable:
    """Return the table of states, which is created if it does not exist."""
    return LakeTable.open(place, STATES.name) or LakeTable.create(place, STATES)


def read_states(table: LakeTable, connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    """Return each state as JSON text, and when it was saved in RFC 3339."""
    select = sql.all_rows({column.name: table.columns[column.name] for column in STATES.columns}, table.uris())
    rows = python_rows(connection.sql(select).to_arrow_table().columns)
    return {name: (text, at.isoformat()) for name, text, at in rows}


def write_states(table: LakeTable, place: LakePlace, states: Mapping[str, tuple[str, str]]) -> None:
    """Replace all states.

    Raises:
        CommitFailedError: another process has saved a state since the table was opened.
    """
    path = f"part-{uuid4().hex}.parquet"
    with place.store.writing(f"{table.folder}/{path}") as target:
        pq.write_table(state_rows(states), target)
        size = target.tell()
    table.commit([DataFile(path, size, len(states), {}, {})], list(table.files))
