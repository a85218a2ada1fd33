"""The progress of a push or a plan, for whatever shows it: bars on a terminal, or lines in a log."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.metrics import Metrics
    from talon_one_singer.reporting.progress import Progress
    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.run import SyncRun

_INTERVAL_S = 0.1


class SyncProgress:
    """Shows how many rows of a run were read and sent, whenever it is asked whether the run has to stop. Thread-safe.

    Args:
        stop: ends the run.
        bars: shows the rows; None: nothing is shown.
        metrics: counts the rows, and the requests of the client.
        note: called with the run at every check, for samples of its counts.

    Attributes:
        run: the run, once it has started.
    """

    def __init__(
        self,
        stop: StopSignal,
        bars: Progress | None,
        metrics: Metrics,
        note: Callable[[SyncRun], None] | None = None,
    ) -> None:
        self.run: SyncRun | None = None
        self._note = note
        self.metrics = metrics
        self._stop, self._bars = stop, bars
        self._lock = threading.Lock()
        self._shown: dict[str, int] = {}  # rows by the name of their bar
        self._next_s = 0.0

    def check(self) -> None:
        """Show the progress if it is time, and raise Stopped if the stop was requested."""
        self._stop.check()
        if self._note is not None and self.run is not None:
            with self._lock:
                self._note(self.run)
        if time.monotonic() >= self._next_s:
            self.show()

    def show(self) -> None:
        """Show the progress."""
        if self._bars is None or self.run is None or not self.run.destinations:
            return
        with self._lock:
            self._next_s = time.monotonic() + _INTERVAL_S
            for name, destination in list(self.run.destinations.items()):
                self._show_destination(self._bars, name, destination)
        self._bars.tick()

    def _show_destination(self, bars: Progress, name: str, destination: DestinationRun) -> None:
        counts = destination.counts
        read, sent = f"{name}: read", f"{name}: send"
        total = counts.adds + counts.updates + counts.removes
        if total:
            bars.finish(read)
            self._advance(bars, sent, counts.sent + counts.rejected + counts.unknown, total)
        else:
            self._advance(bars, read, counts.read, None)

    def _advance(self, bars: Progress, bar: str, rows: int, total: int | None) -> None:
        if bar not in self._shown:
            bars.start(bar, total)
        more = rows - self._shown.get(bar, 0)
        self._shown[bar] = rows
        self.metrics.records(bar, more)
        bars.advance(bar, more)
