"""The log of a push, a plan or a verification: progress, reasons of refused rows, and a summary at the end."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_talon_one.reporting.summaries import Work, log_work
from talon_one_singer.reporting.amounts import counted
from talon_one_singer.reporting.metrics import Metrics
from talon_one_singer.reporting.progress import LogProgress
from target_talon_one.errors import IncompleteError
from target_talon_one.sync_progress import SyncProgress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_singer.cli.signals import StopSignal
    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.plan import PlannedDestination
    from target_talon_one.sync.row_counts import RowCounts
    from target_talon_one.sync.run import SyncRun
    from target_talon_one.sync.verify import Finding

logger = logging.getLogger(__name__)


class PushReport:
    """Logs what a task does at one destination.

    Args:
        verb: ``push``, ``plan`` or ``verify``.
        stop: ends the task.

    Attributes:
        metrics: counts the requests of the task's client.
    """

    def __init__(self, verb: str, stop: StopSignal) -> None:
        self.metrics = Metrics(time.monotonic)
        self._verb = verb
        self._progress = SyncProgress(stop, LogProgress(self.metrics, time.monotonic), self.metrics)
        self._found: dict[str, int] = {}

    def check(self) -> None:
        """Log the progress every ten seconds, and raise Stopped if the task has to end."""
        self._progress.check()

    @contextmanager
    def of(self, run: SyncRun) -> Iterator[None]:
        """Log the run that the block does, also if it fails."""
        self._progress.run = run
        try:
            yield
        finally:
            for destination in run.destinations.values():
                self._end(destination)

    def planned(self, plan: PlannedDestination) -> None:
        """Log what a push would do."""
        minutes = "" if plan.minutes is None else f", {plan.minutes:g} minutes at the rate limit"
        logger.info("%s: a push would send %s%s", plan.name, counted(plan.requests, "request"), minutes)
        self._found = {
            "to add": plan.adds,
            "to change": plan.updates,
            "to remove": plan.removes,
            "unchanged": plan.same,
        }
        if plan.new_profiles:
            logger.info("%s: %s would be created", plan.name, counted(plan.new_profiles, "profile"))

    def verified(self, finding: Finding) -> None:
        """Keep how source and Talon.One differ, for the summary."""
        self._found = {
            "compared": finding.expected,
            "missing": finding.missing,
            "changed": finding.changed,
            "to remove": finding.stale_rows,
            "not managed by this sync": finding.foreign_members,
        }

    def _end(self, destination: DestinationRun) -> None:
        counts, name = destination.counts, destination.config.name
        for reason in destination.reasons.lines():
            logger.warning("%s: refused %s", name, reason)
        if counts.left_out:
            logger.warning(
                "%s: %s left out, because their profiles do not exist (create_profiles: skip)",
                name,
                counted(counts.left_out, "row was", "rows were"),
            )
        totals = self.metrics.totals()
        found = {"rows read": counts.read, **(self._found or _pushed(counts))}
        found |= {"left out": counts.left_out, "refused": counts.refused}
        work = Work(f"{self._verb} {name}", found, counts.read, totals.requests, totals.retries, totals.elapsed_s)
        log_work(work)


@contextmanager
def reasons_once() -> Iterator[None]:
    """Raise an error of the block without the reasons why rows were refused: the log of the task has them."""
    try:
        yield
    except IncompleteError as error:
        error.leave_out_reasons()
        raise


def _pushed(counts: RowCounts) -> dict[str, int]:
    """Return what was done; if a part of it was not, what was to be done, and how many rows were sent."""
    found = {**counts.changes(), "unchanged": counts.same}
    if counts.all_sent:
        return found
    left = counts.adds + counts.updates + counts.removes - counts.sent - counts.rejected - counts.unknown
    return {**found, "sent": counts.sent, "not sent": left}
