"""The way of notifications from the journal into the warehouse: a thread that merges all that have come.

The warehouse is open only during a merge, so that others can use a DuckDB file in between. What is merged is noted in
the journal afterwards: after a crash in between it is merged again, by key, which changes nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from talon_one_receiver.errors import InvalidNotification
from talon_one_receiver.rejects import REJECTED, rejected_row
from talon_one_receiver.rows import rows_of
from talon_one_receiver.streams import STREAMS
from talon_one_singer.reporting.redaction import redact
from talon_one_warehouse import RowError, WarehouseError, to_arrow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from talon_one_receiver.journal import Journal, Pending
    from talon_one_receiver.metrics import Metrics
    from talon_one_receiver.notification import Notification
    from talon_one_warehouse import TableSpec, Warehouse

log = logging.getLogger(__name__)

_MOST, _MOST_BYTES = 5_000, 64 << 20  # notifications of one merge
_LOGGED = 10  # notifications of one merge that are not valid
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0  # after merges that failed

TABLES: tuple[TableSpec, ...] = (*(stream.table for stream in STREAMS), REJECTED)
_Batches = dict[str, list["pa.RecordBatch"]]


class _Rows(NamedTuple):
    """The valid rows of one notification: its type, its table, and the rows as JSON."""

    notification: Notification
    kind: str
    table: TableSpec
    rows: list[bytes]


class Delivery:
    """Merges the notifications of the journal until ``stop``.

    Args:
        journal: has the notifications.
        open_warehouse: opens the warehouse.
        metrics: counts the rows.
        every_s: seconds between two merges.

    Attributes:
        failing: whether the last merge failed.
    """

    def __init__(
        self, journal: Journal, open_warehouse: Callable[[], Warehouse], metrics: Metrics, every_s: float
    ) -> None:
        self._journal, self._open, self._metrics, self._every_s = journal, open_warehouse, metrics, every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="talon-one-delivery", daemon=True)
        self._pause_s = _FIRST_PAUSE_S
        self.failing = False

    def prepare(self) -> None:
        """Create the tables.

        Raises:
            WarehouseError: the warehouse cannot be used.
        """
        with self._open() as warehouse:
            for table in TABLES:
                warehouse.prepare(table.with_loaded_at())

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Merge what is left, end the thread and wait for its end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        pause_s = 0.0
        while not self._stopping.wait(pause_s):
            pause_s = self._step()
        self._step()
        while not self.failing and self._journal.pending_count:
            self._step()

    def _step(self) -> float:
        """Merge once, and return the seconds until the next merge."""
        try:
            pending = self._journal.pending(_MOST, _MOST_BYTES)
            if pending:
                self._merge(pending)
        except Exception as error:
            self._metrics.failed_merges.inc()
            expected = isinstance(error, WarehouseError)
            log.error(
                "the merge of notifications failed, and is repeated in %d s; they are safe in the journal: %s",
                self._pause_s,
                redact(str(error)),
                exc_info=None if expected else error,
            )
            self.failing, pause_s = True, self._pause_s
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            return pause_s
        self.failing, self._pause_s = False, _FIRST_PAUSE_S
        return self._every_s if len(pending) < _MOST else 0.0

    def _merge(self, pending: Sequence[Pending]) -> None:
        rows, rejected = _parsed([one.notification for one in pending])
        tables = {one.table.name: one.table for one in rows} | ({REJECTED.name: REJECTED} if rejected else {})
        with self._open() as warehouse:
            for table in tables.values():
                warehouse.prepare(table.with_loaded_at())
            batches, more = _converted(warehouse, rows)
            if more and not rejected:
                warehouse.prepare(REJECTED.with_loaded_at())
            rejected += more
            if rejected:
                batches[REJECTED.name] = [_rejected_batch(warehouse, one, why) for one, why in rejected]
            warehouse.merge(_with_load_time(batches))
        now = time.time()
        self._journal.loaded([one.sequence for one in pending], int(now * 1_000_000))
        self._count(batches, rejected, now)

    def _count(
        self, batches: _Batches, rejected: Sequence[tuple[Notification, InvalidNotification]], now: float
    ) -> None:
        self._metrics.last_merge.set(now)
        self._metrics.rejected.inc(len(rejected))
        for name, parts in batches.items():
            if name != REJECTED.name:
                self._metrics.rows.labels(name).inc(sum(part.num_rows for part in parts))
        for one, why in rejected[:_LOGGED]:
            log.warning("the notification %s is not valid, and is in %s: %s", one.id, REJECTED.name, why.reason)


def _parsed(
    notifications: Sequence[Notification],
) -> tuple[list[_Rows], list[tuple[Notification, InvalidNotification]]]:
    rows, rejected = [], []
    for one in notifications:
        try:
            kind, stream, encoded = rows_of(one)
        except InvalidNotification as error:
            rejected.append((one, error))
        else:
            rows.append(_Rows(one, kind, stream.table, encoded))
    return rows, rejected


def _converted(
    warehouse: Warehouse, parsed: Sequence[_Rows]
) -> tuple[_Batches, list[tuple[Notification, InvalidNotification]]]:
    """Return the rows by table, and the notifications with a row that does not fit its table."""
    if not parsed:
        return {}, []
    try:
        return _batches(warehouse, parsed), []
    except RowError as error:
        if len(parsed) == 1:
            return {}, [(parsed[0].notification, InvalidNotification(str(error), parsed[0].kind))]
    middle = len(parsed) // 2
    (batches, rejected), (more, more_rejected) = (
        _converted(warehouse, part) for part in (parsed[:middle], parsed[middle:])
    )
    for name, parts in more.items():
        batches.setdefault(name, []).extend(parts)
    return batches, rejected + more_rejected


def _batches(warehouse: Warehouse, parsed: Sequence[_Rows]) -> _Batches:
    by_table: dict[str, list[bytes]] = {}
    tables = {one.table.name: one.table for one in parsed}
    for one in parsed:
        by_table.setdefault(one.table.name, []).extend(one.rows)
    batches = {}
    for name, rows in by_table.items():
        batches[name] = [to_arrow(tables[name], rows)]
        warehouse.check_rows(name, batches[name][0])
    return batches


def _rejected_batch(warehouse: Warehouse, one: Notification, why: InvalidNotification) -> pa.RecordBatch:
    batch = to_arrow(REJECTED, [rejected_row(one, why.reason, why.kind)])
    try:
        warehouse.check_rows(REJECTED.name, batch)
    except RowError:
        return to_arrow(REJECTED, [rejected_row(one, why.reason, why.kind, short=True)])
    return batch


def _with_load_time(batches: _Batches) -> _Batches:
    from talon_one_warehouse.arrow.load_time import with_load_time  # imports pyarrow, an extra

    now = datetime.now(UTC)
    return {name: with_load_time(parts, now) for name, parts in batches.items()}
