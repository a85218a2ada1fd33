"""Rows of one key within what is merged at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from talon_one_warehouse.arrow.array_builders import int64s

if TYPE_CHECKING:
    from collections.abc import Sequence


def last_of_each_key(rows: pa.Table, key: Sequence[str]) -> pa.Table:
    """The rows without those that a later row of the same key replaces, in their order."""
    # Not by Table.group_by, which imports pandas: some 50 MB.
    last = {values: number for number, values in enumerate(zip(*(_values(rows[name]) for name in key), strict=True))}
    return rows if len(last) == rows.num_rows else rows.take(int64s(sorted(last.values())))


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())  # a year past 9999 is no datetime
    values: list[Any] = column.to_pylist()
    return values
