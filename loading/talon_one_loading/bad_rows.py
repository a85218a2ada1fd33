"""Rows with a value that does not fit its column: their stream fails, or they are rejected."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_singer import SingerError
from talon_one_singer.reporting.amounts import counted
from talon_one_warehouse import RowError, TableSpec, table_spec, to_arrow
from tap_talon_one.errors import RowRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

log = logging.getLogger("talon_one_loading")

REJECTS_TABLE = "rejected_rows"
_LOGGED = 3  # rejected rows per stream

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
    """Some rows are in the table of rejected rows; all other rows are loaded."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that does not fit its table, with the error."""

    raw: bytes
    error: RowError

    def encoded(self) -> bytes:
        """Return the encoded row of ``REJECTS``."""
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


def convert_or_fail(
    table: TableSpec, rows: Sequence[bytes], check: Callable[[pa.RecordBatch], None]
) -> tuple[list[pa.RecordBatch], list[RejectedRow]]:
    """Return all rows as one batch.

    Raises:
        RowRefused: a row does not fit.
    """
    try:
        return [_converted(table, rows, check)], []
    except RowError as error:
        raise RowRefused(str(error), brief=(error.brief,)) from error


def convert_or_reject(
    table: TableSpec, rows: Sequence[bytes], check: Callable[[pa.RecordBatch], None]
) -> tuple[list[pa.RecordBatch], list[RejectedRow]]:
    """Return the rows that fit as batches, and the rows that do not."""
    try:
        return [_converted(table, rows, check)], []
    except RowError as error:
        if len(rows) == 1:
            return [], [RejectedRow(bytes(rows[0]), error)]
    middle = len(rows) // 2
    batches, rejected = convert_or_reject(table, rows[:middle], check)
    more_batches, more_rejected = convert_or_reject(table, rows[middle:], check)
    return batches + more_batches, rejected + more_rejected


BAD_ROW_POLICIES = {"fail": convert_or_fail, "reject": convert_or_reject}


_WHERE = ("row does not fit its columns and is", "rows do not fit their columns and are")


def log_rejected(rejected: Sequence[RejectedRow], before: int) -> None:
    """Log the first rejected rows of a stream, of which ``before`` were rejected earlier."""
    for one in rejected[: max(0, _LOGGED - before)]:
        log.warning("rejected: %s", one.error)


def rejected_lines(counts: Mapping[str, int], schema: str) -> list[str]:
    """Return a line for each stream with rejected rows: how many there are, and where they are kept."""
    return [
        f"{stream}: {counted(count, *_WHERE)} in {schema}.{REJECTS_TABLE}; the others are loaded"
        for stream, count in counts.items()
        if count
    ]


def raise_if_rejected(counts: Mapping[str, int], schema: str) -> None:
    """Report the streams with rejected rows.

    Raises:
        RowsRejected: there are rejected rows.
    """
    lines = rejected_lines(counts, schema)
    if lines:
        raise RowsRejected(*lines)


def _converted(table: TableSpec, rows: Sequence[bytes], check: Callable[[pa.RecordBatch], None]) -> pa.RecordBatch:
    batch = to_arrow(table, rows)
    check(batch)
    return batch


def accept_all(_: Any) -> None:
    """Accept every batch; for sinks that can hold all Arrow values."""
