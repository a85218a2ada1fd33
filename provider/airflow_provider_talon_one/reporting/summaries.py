"""The summary of a task: one line with its rows, requests and seconds, and a warning for rows that it left out."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_loading import LoadResult
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
        calls = f"{self.requests:,} request{'' if self.requests == 1 else 's'}"
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


def log_load(loaded: LoadResult, schema: str) -> None:
    """Log the summary of a load, a line for each of several streams, and the reasons of rejected rows.

    The engine has warned of ids that could not be read.
    """
    streams = loaded.streams
    if len(streams) > 1:
        for name, one in streams.items():
            logger.info("%s: %s", name, f"{one.read:,} rows read, {one.inserted:,} added, {one.updated:,} changed")
    for name, one in streams.items():
        if one.rejected:
            logger.warning(
                "%s: %s rows do not fit their columns and are in the table %s.rejected_rows",
                name,
                f"{one.rejected:,}",
                schema,
            )
            for reason in one.reasons.lines():
                logger.warning("%s: rejected %s", name, reason)
    read = sum(one.read for one in streams.values())
    counts = {
        "rows read": read,
        "added": sum(one.inserted for one in streams.values()),
        "changed": sum(one.updated for one in streams.values()),
        "removed": sum(one.deleted for one in streams.values()),
        "ids left out": sum(loaded.left_out.values()),
        "rejected": sum(one.rejected for one in streams.values()),
    }
    log_work(Work("load", counts, read, loaded.requests, loaded.retries, loaded.seconds))
