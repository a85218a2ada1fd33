"""The way of notifications from the journal into the warehouse: a thread that merges all that have come.

The warehouse is open only during a merge, so that others can use a DuckDB file in between. What is merged is noted in
the journal afterwards: after a crash in between it is merged again, by key, which changes nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from talon_one_receiver.rejects import REJECTED
from talon_one_receiver.stored.merging import TABLES, merge
from talon_one_singer.reporting.redaction import redact
from talon_one_warehouse import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from talon_one_receiver.journal import Journal, Pending
    from talon_one_receiver.metrics import Metrics
    from talon_one_receiver.stored.merging import Merged
    from talon_one_warehouse import Warehouse

log = logging.getLogger(__name__)

_MOST, _MOST_BYTES = 5_000, 64 << 20  # notifications of one merge
_LOGGED = 10  # notifications of one merge that are not valid
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0  # after merges that failed


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
        with self._open() as warehouse:
            merged = merge(warehouse, [one.notification for one in pending])
        now = time.time()
        self._journal.loaded([one.sequence for one in pending], int(now * 1_000_000))
        self._count(merged, now)

    def _count(self, merged: Merged, now: float) -> None:
        self._metrics.last_merge.set(now)
        self._metrics.rejected.inc(len(merged.rejected))
        for name, rows in merged.rows.items():
            self._metrics.rows.labels(name).inc(rows)
        for one, why in merged.rejected[:_LOGGED]:
            log.warning("the notification %s is not valid, and is in %s: %s", one.id, REJECTED.name, why.reason)
