"""The columns that say when a load wrote a row, and when the row was gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from talon_one_warehouse.arrow.array_builders import ARROW_KINDS, int64s
from talon_one_warehouse.arrow.columns import DELETED_AT, LOADED_AT

if TYPE_CHECKING:
    from collections.abc import Iterable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def with_load_time(batches: Iterable[pa.RecordBatch], at: datetime) -> list[pa.RecordBatch]:
    """Return the batches with ``at`` as the column ``_loaded_at`` of every row."""
    # A scalar of a datetime would import pandas, as ``pyarrow.array`` does.
    instant = int64s([(at - _EPOCH) // timedelta(microseconds=1)]).cast(ARROW_KINDS[LOADED_AT.kind].type)[0]
    return [batch.append_column(LOADED_AT.name, pa.repeat(instant, batch.num_rows)) for batch in batches]


def with_no_mark(batches: Iterable[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Return the batches with null as the column ``_deleted_at`` of every row: it is there."""
    kind = ARROW_KINDS[DELETED_AT.kind].type
    return [batch.append_column(DELETED_AT.name, pa.nulls(batch.num_rows, kind)) for batch in batches]
