"""Rows with a value that does not fit its column: their stream fails, or they are put aside."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_singer import SingerError
from talon_one_warehouse import RowError, TableSpec, table_spec, to_arrow
from tap_talon_one.errors import RowRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

log = logging.getLogger("talon_one_loading")

REJECTS_TABLE = "rejected_rows"
_SHOWN = 3  # rows of a stream that are named in the log

_TEXT = {"type": "string"}
REJECTS = table_spec(
    REJECTS_TABLE,
    {
        "properties": {
            "stream": _TEXT,
            "row_hash": _TEXT,
            "row_key": _TEXT,
            "column_name": _TEXT,
            "value": _TEXT,
            "reason": _TEXT,
            "row_text": _TEXT,
            "rejected_at": {"type": "string", "format": "date-time"},
        }
    },
    ["stream", "row_hash"],
)


class RowsRejected(SingerError):
    """All else is in the warehouse, and these rows are in its table of rejected rows."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that does not fit its table, and why."""

    raw: bytes
    error: RowError

    def encoded(self) -> bytes:
        """As a row of ``REJECTS``."""
        text = bytes(self.raw).decode("utf-8", "backslashreplace")
        return msgspec.json.encode(
            {
                "stream": self.error.table,
                "row_hash": hashlib.sha256(self.raw).hexdigest(),
                "row_key": ", ".join(f"{name}={value}" for name, value in self.error.key.items()),
                "column_name": self.error.column,
                "value": self.error.value,
                "reason": self.error.reason,
                "row_text": text,
                "rejected_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            }
        )


def fit_or_fail(
    table: TableSpec, rows: Sequence[bytes], check: Callable[[pa.RecordBatch], None]
) -> tuple[list[pa.RecordBatch], list[RejectedRow]]:
    """All rows as one batch.

    Raises:
        RowRefused: one of them does not fit; names it.
    """
    try:
        return [_converted(table, rows, check)], []
    except RowError as error:
        raise RowRefused(str(error)) from error


def fit_or_reject(
    table: TableSpec, rows: Sequence[bytes], check: Callable[[pa.RecordBatch], None]
) -> tuple[list[pa.RecordBatch], list[RejectedRow]]:
    """The rows that fit, and those that do not."""
    try:
        return [_converted(table, rows, check)], []
    except RowError as error:
        if len(rows) == 1:
            return [], [RejectedRow(bytes(rows[0]), error)]
    middle = len(rows) // 2
    batches, rejected = fit_or_reject(table, rows[:middle], check)
    more_batches, more_rejected = fit_or_reject(table, rows[middle:], check)
    return batches + more_batches, rejected + more_rejected


POLICIES = {"fail": fit_or_fail, "reject": fit_or_reject}


def log_rejected(rejected: Sequence[RejectedRow], before: int) -> None:
    """Name the first rejected rows of a stream; ``before``: how many there were already."""
    for one in rejected[: max(0, _SHOWN - before)]:
        log.warning("rejected: %s", one.error)


def raise_if_rejected(counts: Mapping[str, int], schema: str) -> None:
    """Say of which streams rows were rejected.

    Raises:
        RowsRejected: there are some.
    """
    lines = [
        f"{stream}: {count:,} rows do not fit their columns and are in {schema}.{REJECTS_TABLE}; the others are loaded"
        for stream, count in counts.items()
        if count
    ]
    if lines:
        raise RowsRejected(*lines)


def _converted(table: TableSpec, rows: Sequence[bytes], check: Callable[[pa.RecordBatch], None]) -> pa.RecordBatch:
    batch = to_arrow(table, rows)
    check(batch)
    return batch


def nothing_else(_: Any) -> None:
    """The check of a place that holds whatever Arrow holds."""
