"""The progress of a run: bars on a terminal, or a log line every ten seconds.

The sync loop calls ``tick()``; there is no thread.
"""

from __future__ import annotations

import logging
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from talon_one_singer.reporting.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_singer.reporting.metrics import Metrics, Totals

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Track:
    """The progress of one stream.

    Attributes:
        stream: name of the stream.
        unit: what ``done`` and ``total`` count, in the plural: "cards", "rows".
        start_s: when the stream started, in seconds of the progress' clock.
        done: number of finished units.
        total: number of all units; None if it is unknown.
    """

    stream: str
    unit: str
    start_s: float
    done: int = 0
    total: int | None = None

    def remaining_s(self, now_s: float) -> float | None:
        """Return the remaining seconds at the speed so far; None if they cannot be estimated."""
        if self.total is None or not self.done:
            return None
        return (now_s - self.start_s) / self.done * max(0, self.total - self.done)

    def describe(self, totals: Totals, now_s: float) -> str:
        """Return ``120,000 rows, 12,000 rows/s, 40 of 100 cards (40 %), 2 min left``."""
        rows = totals.records.get(self.stream, 0)
        elapsed_s = now_s - self.start_s
        parts = [counted(rows, "row")]
        if elapsed_s > 0:
            parts.append(f"{rows / elapsed_s:,.0f} rows/s")
        if self.total:
            parts.append(f"{self.done:,} of {self.total:,} {self.unit} ({100 * self.done // self.total} %)")
        remaining_s = self.remaining_s(now_s)
        if remaining_s is not None:
            parts.append(f"{format_duration(remaining_s)} left")
        return ", ".join(parts)


class Progress:
    """Keeps a track for each running stream and shows the tracks at most every ``interval_s`` seconds. Thread-safe.

    Args:
        metrics: counts the rows and requests.
        clock: returns monotonic seconds, like ``time.monotonic``.
        interval_s: seconds between two updates.
    """

    def __init__(self, metrics: Metrics, clock: Callable[[], float], interval_s: float) -> None:
        self._metrics = metrics
        self._clock = clock
        self._interval_s = interval_s
        self._last_s = clock()
        self._lock = threading.Lock()
        self._tracks: dict[str, Track] = {}

    def start(self, stream: str, total: int | None = None, unit: str = "rows") -> None:
        """Start a stream, which has ``total`` units if that is known."""
        with self._lock:
            self._tracks[stream] = Track(stream, unit, self._clock(), total=total)

    def advance(self, stream: str, units: int = 1) -> None:
        """Add ``units`` finished units."""
        with self._lock:
            if stream in self._tracks:
                self._tracks[stream].done += units

    def finish(self, stream: str) -> None:
        """End a stream."""
        with self._lock:
            self._tracks.pop(stream, None)

    def tick(self) -> None:
        """Show the tracks if it is time; cheap enough to call for every page."""
        with self._lock:
            now_s = self._clock()
            if now_s - self._last_s >= self._interval_s:
                self._last_s = now_s
                self._show(list(self._tracks.values()), self._metrics.totals(), now_s)

    def close(self) -> None:
        """Stop showing the tracks."""

    def _show(self, tracks: list[Track], totals: Totals, now_s: float) -> None:
        """Show the tracks; the base class shows nothing."""


class LogProgress(Progress):
    """Logs a line for each running stream every ten seconds."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float], interval_s: float = 10.0) -> None:
        super().__init__(metrics, clock, interval_s)

    def _show(self, tracks: list[Track], totals: Totals, now_s: float) -> None:
        for track in tracks:
            logger.info("%s: %s, %s", track.stream, track.describe(totals, now_s), counted(totals.requests, "request"))


class TerminalProgress(Progress):
    """Draws bars on a terminal with rich, at most ten times a second."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float], terminal: TextIO, interval_s: float = 0.1) -> None:
        super().__init__(metrics, clock, interval_s)
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description}", markup=False), BarColumn(24), TextColumn("{task.fields[text]}"))
        # stdout carries the messages, so rich must not redirect it.
        self._bars = RichProgress(
            *columns, console=Console(file=terminal), auto_refresh=False, redirect_stdout=False, get_time=clock
        )
        self._tasks: dict[str, Any] = {}
        self._bars.start()

    def close(self) -> None:
        """Draw the bars a last time and release the terminal."""
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
                text=f"{track.describe(totals, now_s)}, {counted(totals.requests, 'request')}",
            )
        self._bars.refresh()


def progress_for(metrics: Metrics, clock: Callable[[], float]) -> Progress:
    """Return bars if stderr is a terminal and stdout is not, else log lines."""
    if sys.stderr.isatty() and not sys.stdout.isatty():
        return TerminalProgress(metrics, clock, sys.stderr)
    return LogProgress(metrics, clock)


def bars_on_terminal(metrics: Metrics, clock: Callable[[], float]) -> TerminalProgress | None:
    """Return bars that show every tick if stderr is a terminal."""
    return TerminalProgress(metrics, clock, sys.stderr, interval_s=0) if sys.stderr.isatty() else None


def summary(totals: Totals) -> str:
    """Return the last line of a run: rows by stream, requests, time."""
    rows = ", ".join(f"{stream} {count:,}" for stream, count in totals.records.items()) or "none"
    return (
        f"rows: {rows}; {counted(totals.requests, 'request')}, {totals.retries:,} of them retries; "
        f"{format_duration(totals.elapsed_s)}"
    )


def format_duration(seconds: float) -> str:
    """Return ``42 s``, ``3 min 20 s`` or ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
