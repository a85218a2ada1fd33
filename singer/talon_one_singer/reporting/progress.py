"""How far a run is: a live display on a terminal, a line every ten seconds in a log.

Driven by ``tick()`` from the sync loop; there is no thread to end.
"""

from __future__ import annotations

import logging
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_singer.reporting.metrics import Metrics, Totals

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Track:
    """One stream on its way.

    Attributes:
        stream: its name.
        unit: what ``done`` and ``total`` count, in the plural: "cards", "rows".
        start_s: when it began, on the progress' clock.
        done: finished units.
        total: all units, None if nobody knows.
    """

    stream: str
    unit: str
    start_s: float
    done: int = 0
    total: int | None = None

    def left_s(self, now_s: float) -> float | None:
        """Seconds left at the pace so far; None if that cannot be told."""
        if self.total is None or not self.done:
            return None
        return (now_s - self.start_s) / self.done * max(0, self.total - self.done)

    def describe(self, totals: Totals, now_s: float) -> str:
        """``120,000 rows, 12,000 rows/s, 40 of 100 cards (40 %), 2 min left``."""
        rows = totals.records.get(self.stream, 0)
        elapsed_s = now_s - self.start_s
        parts = [f"{rows:,} rows"]
        if elapsed_s > 0:
            parts.append(f"{rows / elapsed_s:,.0f} rows/s")
        if self.total:
            parts.append(f"{self.done:,} of {self.total:,} {self.unit} ({100 * self.done // self.total} %)")
        left_s = self.left_s(now_s)
        if left_s is not None:
            parts.append(f"{format_duration(left_s)} left")
        return ", ".join(parts)


class Progress:
    """Keeps one track a running stream and shows them at most every ``interval_s``. Threads may share one.

    Args:
        metrics: knows the rows and requests.
        clock: monotonic seconds, ``time.monotonic``.
        interval_s: seconds between two showings.
    """

    def __init__(self, metrics: Metrics, clock: Callable[[], float], interval_s: float) -> None:
        self._metrics = metrics
        self._clock = clock
        self._interval_s = interval_s
        self._last_s = clock()
        self._lock = threading.Lock()
        self._tracks: dict[str, Track] = {}

    def start(self, stream: str, total: int | None = None, unit: str = "rows") -> None:
        """A stream begins, of ``total`` units if that is known."""
        with self._lock:
            self._tracks[stream] = Track(stream, unit, self._clock(), total=total)

    def set_total(self, stream: str, total: int) -> None:
        """The number of units has become known."""
        with self._lock:
            if stream in self._tracks:
                self._tracks[stream].total = total

    def advance(self, stream: str, units: int = 1) -> None:
        """``units`` more are done."""
        with self._lock:
            if stream in self._tracks:
                self._tracks[stream].done += units

    def finish(self, stream: str) -> None:
        """The stream has ended."""
        with self._lock:
            self._tracks.pop(stream, None)

    def tick(self) -> None:
        """Shows the tracks if it is time; cheap enough to call for every page."""
        with self._lock:
            now_s = self._clock()
            if now_s - self._last_s >= self._interval_s:
                self._last_s = now_s
                self._show(list(self._tracks.values()), self._metrics.totals(), now_s)

    def close(self) -> None:
        """Ends the showing."""

    def _show(self, tracks: list[Track], totals: Totals, now_s: float) -> None:
        """Nothing is shown here."""


class LogProgress(Progress):
    """A log line for each running stream every ten seconds."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float], interval_s: float = 10.0) -> None:
        super().__init__(metrics, clock, interval_s)

    def _show(self, tracks: list[Track], totals: Totals, now_s: float) -> None:
        for track in tracks:
            logger.info("%s: %s, %s requests", track.stream, track.describe(totals, now_s), f"{totals.requests:,}")


class TerminalProgress(Progress):
    """Bars on a terminal, drawn with rich, ten times a second at most."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float], terminal: TextIO, interval_s: float = 0.1) -> None:
        super().__init__(metrics, clock, interval_s)
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description}", markup=False), BarColumn(24), TextColumn("{task.fields[text]}"))
        # stdout holds the messages: rich must not take it over.
        self._bars = RichProgress(
            *columns, console=Console(file=terminal), auto_refresh=False, redirect_stdout=False, get_time=clock
        )
        self._tasks: dict[str, Any] = {}
        self._bars.start()

    def close(self) -> None:
        """Draws the last state and gives the terminal back."""
        self._bars.stop()

    def _show(self, tracks: list[Track], totals: Totals, now_s: float) -> None:
        running = {track.stream for track in tracks}
        for gone in self._tasks.keys() - running:
            self._bars.remove_task(self._tasks.pop(gone))
        for track in tracks:
            if track.stream not in self._tasks:
                self._tasks[track.stream] = self._bars.add_task(track.stream, text="")
            self._bars.update(
                self._tasks[track.stream],
                completed=track.done,
                total=track.total,
                text=f"{track.describe(totals, now_s)}, {totals.requests:,} requests",
            )
        self._bars.refresh()


def progress_for(metrics: Metrics, clock: Callable[[], float]) -> Progress:
    """Bars if a person watches stderr and the messages go elsewhere, else log lines."""
    if sys.stderr.isatty() and not sys.stdout.isatty():
        return TerminalProgress(metrics, clock, sys.stderr)
    return LogProgress(metrics, clock)


def summary(totals: Totals) -> str:
    """The last line of a run: rows by stream, requests, time."""
    rows = ", ".join(f"{stream} {count:,}" for stream, count in totals.records.items()) or "none"
    return (
        f"rows: {rows}; {totals.requests:,} requests, {totals.retries:,} of them repeated; "
        f"{format_duration(totals.elapsed_s)}"
    )


def format_duration(seconds: float) -> str:
    """``42 s``, ``3 min 20 s``, ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
