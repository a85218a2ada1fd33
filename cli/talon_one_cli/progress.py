"""The progress of a push or a plan, as bars on a terminal."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from talon_one_singer.reporting.metrics import Metrics
from talon_one_singer.reporting.progress import bars_on_terminal
from target_talon_one.sync_progress import SyncProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from talon_one_cli.report.timeline import Timeline
    from talon_one_singer.cli.signals import StopSignal
    from target_talon_one.sync.run import SyncRun


@contextmanager
def shown_progress(stop: StopSignal, timeline: Timeline | None = None) -> Iterator[SyncProgress]:
    """Show the progress of a run while the block runs, if standard error is a terminal.

    Args:
        stop: ends the run.
        timeline: gets samples of the counts, for a report.
    """
    metrics = Metrics(time.monotonic)
    bars = bars_on_terminal(metrics, time.monotonic)
    progress = SyncProgress(stop, bars, metrics, None if timeline is None else _noting(timeline))
    try:
        yield progress
    finally:
        progress.show()
        if bars is not None:
            bars.close()


def _noting(timeline: Timeline) -> Callable[[SyncRun], None]:
    from talon_one_cli.report.run_report import totals

    return lambda run: timeline.note(lambda: totals(run))
