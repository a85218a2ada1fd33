"""The history of syncs as tables of a warehouse: what each run did to each row, and why rows were refused.

A store keeps what happened until it is written here. Writing the same again changes nothing, so a process that is
killed between the warehouse and the store leaves no row twice.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from talon_one_singer.reporting.redaction import redact, shown_url
from talon_one_warehouse.arrow.columns import table_spec
from talon_one_warehouse.arrow.json_to_arrow import to_arrow
from talon_one_warehouse.urls import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from talon_one_warehouse.arrow.columns import TableSpec
    from talon_one_warehouse.warehouse import Warehouse

LOG = logging.getLogger("talon_one_warehouse")
SCHEMA = "talon_one_sync"

_TEXT, _INTEGER = {"type": ["string", "null"]}, {"type": ["integer", "null"]}
_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_ROW = {"run_id": _TEXT, "sync": _TEXT, "row_key": _TEXT, "operation": _TEXT}
RUNS = table_spec(
    "sync_runs",
    {
        "properties": {
            **dict.fromkeys(("run_id", "command", "status", "error"), _TEXT),
            "started_at": _INSTANT,
            "ended_at": _INSTANT,
            "syncs": {"type": "object"},
        }
    },
    ["run_id"],
)
CHANGES = table_spec(
    "sync_changes", {"properties": {**_ROW, "outcome": _TEXT, "noted_at": _INSTANT}}, [*_ROW, "outcome"]
)
REJECTS = table_spec(
    "sync_rejects",
    {
        "properties": {
            **_ROW,
            **dict.fromkeys(("kind", "reason", "answer", "origin"), _TEXT),
            "http_status": _INTEGER,
            "noted_at": _INSTANT,
        }
    },
    [*_ROW],
)


class PendingLog(Protocol):
    """What happened and is not in the warehouse yet."""

    def keep(self, *, on: bool) -> None:
        """Keep what happens from now on, or do not."""

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs, with the columns of ``RUNS``."""

    def changes(self) -> Iterator[list[dict[str, Any]]]:
        """Yield rows in lists, with the columns of ``CHANGES`` and ``REJECTS``."""

    def forget(self) -> None:
        """Drop the changes, because a warehouse has them."""


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A warehouse for the history.

    Attributes:
        name: in messages, without secrets.
        open: opens it, with the schema ``SCHEMA``.
    """

    name: str
    open: Callable[[], Warehouse] = field(repr=False)


def log_place(url: str | None) -> LogPlace | None:
    """Return the warehouse at a URL; None for none."""
    return LogPlace(shown_url(url), partial(open_warehouse, url, schema=SCHEMA)) if url else None


@contextmanager
def logged(pending: PendingLog, place: LogPlace | None, *, hashed: bool) -> Iterator[None]:
    """Write the history to a warehouse at the end of the block, however the block ends.

    What cannot be written is kept, and the next run writes it; a warning says so, and the block does not fail for it.

    Args:
        pending: what happened.
        place: the warehouse; None: nothing is kept and nothing is written.
        hashed: write hashes of the keys of rows, and no reasons that may quote their values.
    """
    pending.keep(on=place is not None)
    try:
        yield
    finally:
        if place:
            try:
                write_log(pending, place, hashed=hashed)
            except Exception as error:  # noqa: BLE001 - a history that cannot be written fails no run
                LOG.warning(
                    "log_to: the history was not written to %s: %s; the store keeps it, and the next run writes it",
                    place.name,
                    redact(str(error)),
                )


def write_log(pending: PendingLog, place: LogPlace, *, hashed: bool) -> None:
    """Write the history to a warehouse.

    Raises:
        WarehouseError: it cannot be written; the part that was written stays, and is not doubled by the next call.
    """
    now = datetime.now(UTC)
    with place.open() as warehouse:
        for table in (RUNS, CHANGES, REJECTS):
            warehouse.prepare(table.with_loaded_at())
        for rows in pending.changes():
            shown = [_hidden(row) for row in rows] if hashed else rows
            _merge(warehouse, CHANGES, shown, now)
            _merge(warehouse, REJECTS, [row for row in shown if row["outcome"] == "refused"], now)
        _merge(warehouse, RUNS, pending.runs(), now)
    pending.forget()


def _merge(warehouse: Warehouse, table: TableSpec, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    from talon_one_warehouse.arrow.load_time import with_load_time  # imports pyarrow, an optional extra

    if rows:
        raws = [msgspec.json.encode({name: _storable(value) for name, value in row.items()}) for row in rows]
        warehouse.merge({table.name: with_load_time([to_arrow(table, raws)], now)})


def _storable(value: Any) -> Any:
    """Return a value that every warehouse can hold: the text of PostgreSQL has no NUL."""
    return value.replace("\0", "\\0") if isinstance(value, str) else value


def _hidden(row: Mapping[str, Any]) -> dict[str, Any]:
    key = "sha256:" + hashlib.sha256(row["row_key"].encode()).hexdigest()[:32]
    masked = {"reason": "masked"} if row["kind"] == "invalid" else {}
    return {**row, "row_key": key, "answer": None, **masked}
