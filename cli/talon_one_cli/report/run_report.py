"""The report of a run of syncs or of a load: counts, timeline, reasons and samples of refused rows."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from talon_one_cli.alerts.outcomes import error_lines
from talon_one_cli.report.charts import Series, bars, lines
from talon_one_cli.report.page import Html, code, folded, heading, page, paragraph, table, tiles
from talon_one_singer import ConfigError
from talon_one_singer.errors import Stopped
from talon_one_singer.settings.local_paths import is_url, local_path
from talon_one_singer.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from talon_one_cli.report.timeline import Timeline
    from talon_one_loading import LoadResult
    from target_talon_one.store.store import Store
    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.run import SyncRun

logger = logging.getLogger(__name__)
_REASONS, _SAMPLES = 10, 5


class RunReport:
    """Collects what the runs of one command did.

    Args:
        command: the command.
    """

    def __init__(self, command: str) -> None:
        self._command, self._started = command, datetime.now(UTC)
        self._parts: list[Html] = []
        self._error: Exception | None = None

    def note_syncs(self, run: SyncRun, store: Store, timeline: Timeline) -> None:
        """Add a run of syncs, while its store is open."""
        done = list(run.destinations.values())
        timeline.note(lambda: totals(run), last=True)
        sums = [sum(getattr(one.counts, name) for one in done) for name in ("read", "sent", "refused", "requests")]
        names = ("rows read", "rows sent", "rows refused", "requests")
        figures = [(name, f"{count:,}") for name, count in zip(names, sums, strict=True)]
        samples = store.rejects.samples(run.id, _SAMPLES)
        self._parts += [
            heading(f"Run {run.id}"),
            tiles([*figures, ("seconds", f"{timeline.seconds[-1]:,.1f}")]),
            _counts(done),
            heading("Timeline", level=3),
            lines(
                timeline.seconds,
                [Series(name, [row[n] for row in timeline.counts]) for n, name in enumerate(("read", "sent"))],
                about="Rows that were read and sent, by the seconds of the run",
            ),
        ]
        for one in done:
            self._parts += _refused(one, [row for row in samples if row["stream"] == one.config.name])

    def note_load(self, loaded: LoadResult) -> None:
        """Add a load."""
        streams = {name: counts for name, counts in loaded.streams.items() if counts.read} or dict(loaded.streams)
        rows = [
            (name, f"{one.read:,}", f"{one.inserted:,}", f"{one.updated:,}", f"{one.deleted:,}", f"{one.rejected:,}")
            for name, one in loaded.streams.items()
        ]
        read = sum(one.read for one in loaded.streams.values())
        figures = [("rows read", f"{read:,}"), ("rejected", f"{sum(loaded.rejected.values()):,}")]
        figures += [("requests", f"{loaded.requests:,}"), ("of them retries", f"{loaded.retries:,}")]
        numbers = ("read", "new", "changed", "gone at Talon.One", "rejected")
        self._parts += [
            heading("Load"),
            tiles([*figures, ("seconds", f"{loaded.seconds:,.1f}")]),
            table(("stream",), numbers, rows),
        ]
        if streams:
            new = Series("new", [one.inserted for one in streams.values()])
            other = Series("changed or known", [one.read - one.inserted for one in streams.values()])
            self._parts.append(bars([*streams], [new, other], about="Rows read, by stream", stacked=True))

    def note_error(self, error: Exception) -> None:
        """Add the error that ended the command."""
        self._error = error

    def html(self) -> str:
        """Return the report."""
        result = paragraph("The command has succeeded.", kind="good")
        if self._error is not None:
            stopped = isinstance(self._error, Stopped)
            result = paragraph("The command was stopped." if stopped else "The command has failed.", kind="bad")
        lines_of_error = [] if self._error is None else [paragraph(code(line)) for line in error_lines(self._error)]
        about = f"{self._started:%Y-%m-%d %H:%M:%S} UTC, talon-one-connector {VERSION}"
        return page(f"talon-one {self._command}", about, [result, *lines_of_error, *self._parts])


def totals(run: SyncRun) -> tuple[int, int]:
    """Return how many rows of a run were read and how many were sent or refused."""
    done = [one.counts for one in list(run.destinations.values())]
    return sum(one.read for one in done), sum(one.sent + one.rejected + one.unknown for one in done)


@contextmanager
def reported(path: str | None, command: str) -> Iterator[RunReport | None]:
    """Write a report of the block to a file, also if it raises an error; without a path, yield None.

    Raises:
        ConfigError: the file cannot be written; if that is known before, the block does not run.
    """
    if path is None:
        yield None
        return
    file = _writable(path)
    report = RunReport(command)
    try:
        yield report
    except Exception as error:
        report.note_error(error)
        try:
            write_report(file, report.html())
        except ConfigError as unwritten:  # the first error says more
            logger.warning("%s", unwritten)
        raise
    write_report(file, report.html())


def write_report(file: Path, text: str) -> None:
    """Write a report.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write the report {file}: {error.strerror}") from None


def _writable(path: str) -> Path:
    """Return the path of a file, after a try to write it."""
    if is_url(local_path(path)):
        raise ConfigError("--report is a URL; give a file of this machine")
    file = Path(local_path(path))
    write_report(file, page("talon-one", "The command is running.", []))
    return file


def _counts(done: Sequence[DestinationRun]) -> Html:
    from talon_one_cli.sync.reports import run_cells, run_heads

    rows = [(one.config.name, one.config.sink.name, *run_cells(one)) for one in done]
    return table(("sync", "sink"), run_heads(done), rows)


def _refused(one: DestinationRun, samples: Sequence[dict[str, str | None]]) -> list[Html]:
    """Return the reasons of refused rows without values, and some rows with a masked key."""
    from talon_one_singer.reporting.refusal_reasons import without_values

    if not one.reasons.counts and not samples:
        return []
    reasons = [(reason, f"{count:,}") for reason, count in one.reasons.counts.most_common(_REASONS)]
    rows = [
        (row["place"] or "", row["op"] or "", _masked(row["key"]), without_values(row["reason"] or ""))
        for row in samples
    ]
    found = [heading(f"Refused rows of {one.config.name}", level=3), table(("reason",), ("rows",), reasons)]
    if rows:
        found.append(folded(f"{len(rows)} of these rows", table(("place", "change", "key", "reason"), (), rows)))
    return found


def _masked(key: str | None) -> str:
    return "" if key is None else f"{key[:2] if len(key) > 4 else ''}…"
