"""The summary of a task: one line with its rows, requests and seconds."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talon_one_singer.reporting.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_singer.reporting.metrics import Totals

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What a task did.

    Attributes:
        what: what was done, like ``load``.
        counts: numbers by their words, like ``{"rows read": 7}``, in the order in which they are logged.
        rows: number of rows for the speed; None: the task has no rows.
        requests: number of requests, including retries.
        retries: number of requests that repeated an earlier one.
        seconds: duration.
    """

    what: str
    counts: Mapping[str, int]
    rows: int | None
    requests: int
    retries: int
    seconds: float

    def line(self) -> str:
        """Return ``load: 7 rows read, 7 added; 2 requests in 0.5 s, 14 rows/s``."""
        counts = ", ".join(f"{count:,} {word}" for word, count in self.counts.items())
        calls = counted(self.requests, "request")
        if self.retries:
            calls += f", {self.retries:,} of them retries,"
        speed = f", {self.rows / self.seconds:,.0f} rows/s" if self.rows is not None and self.seconds > 0 else ""
        return f"{self.what}: {counts}{'; ' if counts else ''}{calls} in {self.seconds:,.1f} s{speed}"


def log_work(work: Work) -> None:
    """Log the summary of a task."""
    logger.info("%s", work.line())


def log_calls(what: str, totals: Totals, *, rows: int | None = None) -> None:
    """Log the summary of a task that called single operations.

    Args:
        what: operation or task.
        totals: of its client.
        rows: number of rows in the answer; None: it has no list.
    """
    counts = {} if rows is None else {"rows": rows}
    log_work(Work(what, counts, None, totals.requests, totals.retries, totals.elapsed_s))


def log_check(condition: str, arguments: Mapping[str, object], totals: Totals, *, met: bool) -> None:
    """Log what a check of a sensor's condition found."""
    given = ", ".join(f"{name} {value}" for name, value in arguments.items())
    log_calls(f"{condition} ({given}) {'is met' if met else 'is not met yet'}", totals)
