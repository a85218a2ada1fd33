"""Removal of rows with the same key within one merge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from talon_one_warehouse.arrow.array_builders import int64s

if TYPE_CHECKING:
    from collections.abc import Sequence


def last_of_each_key(rows: pa.Table, key: Sequence[str]) -> pa.Table:
    """Return the last row of each key, in the order of the rows."""
    if any(pc.count_distinct(rows[name]).as_py() == rows.num_rows for name in key):
        return rows
    # Table.group_by would import pandas, which takes some 50 MB.
    columns = [_key_values(rows[name]) for name in key]
    last_number = {values: number for number, values in enumerate(zip(*columns, strict=True))}
    return rows if len(last_number) == rows.num_rows else rows.take(int64s(sorted(last_number.values())))


def _key_values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())  # Python has no datetime after the year 9999
    values: list[Any] = column.to_pylist()
    return values
