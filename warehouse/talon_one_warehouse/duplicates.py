"""Rows of one key within what is merged at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROW = "\0row"


def last_of_each_key(rows: pa.Table, key: Sequence[str]) -> pa.Table:
    """The rows without those that a later row of the same key replaces, in their order."""
    numbered = rows.select(list(key)).append_column(_ROW, pa.array(range(rows.num_rows), pa.int64()))
    last = numbered.group_by(list(key)).aggregate([(_ROW, "max")])
    if last.num_rows == rows.num_rows:
        return rows
    return rows.take(last[f"{_ROW}_max"].combine_chunks().sort())
