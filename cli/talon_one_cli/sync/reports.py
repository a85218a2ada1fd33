"""Print plans and runs as tables."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from talon_one_cli.formatting import FigureTable, open_console
from talon_one_singer.cli.output import say_json
from target_talon_one.errors import IncompleteError
from target_talon_one.sync.row_counts import RowCounts, change_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from rich.console import Console

    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.plan import PlannedDestination
    from target_talon_one.sync.run import SyncRun


def print_plan(plans: Collection[PlannedDestination], depends_on: Mapping[str, Sequence[str]]) -> None:
    """Print the planned changes, and below them reasons of refused rows and samples.

    Args:
        plans: one for each sync.
        depends_on: names of the syncs that are sent before a sync, by its name.
    """
    names = ("add", "change", "remove", "unchanged", "refused", "new profiles", "requests", "minutes")
    table = FigureTable(("sync", "sink", "mode"), names, "What a push would change")
    for one in plans:
        counts = (one.adds, one.updates, one.removes, one.same, one.invalid)
        new = "?" if one.new_profiles is None else f"{one.new_profiles:,}"
        minutes = "no rate set" if one.minutes is None else f"{one.minutes:g}"
        cells = [f"{count:,}" for count in counts]
        table.add_row(one.name, one.sink, one.mode, *cells, new, f"{one.requests:,}", minutes)
    console = open_console()
    table.print(console)
    planned = {one.name for one in plans}
    for one in plans:
        before = [name for name in depends_on[one.name] if name in planned]
        notes = [f"is sent after {', '.join(before)}, and compared again then"] if before else []
        for line in [*notes, *_plan_notes(one)]:
            _print_line(console, f"{one.name}: {line}")


def print_run(run: SyncRun, *, as_json: bool, more: Mapping[str, Any] | None = None) -> None:
    """Print what a run sent; ``more`` is added to the JSON.

    There is no table of a run that an error has ended before it was known what is to be done.
    """
    destinations = list(run.destinations.values())
    if as_json:
        say_json(run_report(destinations, run.id) | dict(more or {}))
    elif run.compared:
        _print_run(destinations, run.id)


def _print_run(destinations: Sequence[DestinationRun], run_id: str) -> None:
    table = FigureTable(("sync",), run_heads(destinations), f"Run {run_id}")
    for one in destinations:
        table.add_row(one.config.name, *run_cells(one))
    console = open_console()
    table.print(console)
    for one in destinations:
        for line in [*one.counts.other_rows(), *(f"refused {reason}" for reason in one.reasons.lines())]:
            _print_line(console, f"{one.config.name}: {line}")


@contextmanager
def reasons_once(*, as_json: bool) -> Iterator[None]:
    """Raise an error of the block without the reasons why rows were refused, unless JSON stands for the printed table.

    The table has them below it.
    """
    try:
        yield
    except IncompleteError as error:
        if not as_json:
            error.leave_out_reasons()
        raise


def run_heads(destinations: Sequence[DestinationRun]) -> tuple[str, ...]:
    """Return the heads of ``run_cells``: unless all changes were acknowledged, they are what was to be done."""
    changes = change_words(done=all(one.counts.all_sent for one in destinations))
    return ("read", *changes, "unchanged", "sent", "refused", "pending", "requests")


def run_cells(destination: DestinationRun) -> tuple[str, ...]:
    """Return what a run did at one destination, as numbers for a table."""
    of = destination.counts
    counts = (of.read, of.adds, of.updates, of.removes, of.same, of.sent, of.refused, of.to_do, of.requests)
    return tuple(f"{count:,}" for count in counts)


def run_report(destinations: Sequence[DestinationRun], run_id: str) -> dict[str, Any]:
    """Return what a run sent as JSON holds it."""
    return {"run": run_id, "destinations": {one.config.name: one.counts.as_dict() for one in destinations}}


def _plan_notes(one: PlannedDestination) -> list[str]:
    notes = [*RowCounts(duplicates=one.duplicates).other_rows(), *(f"refused {reason}" for reason in one.reasons)]
    samples = [(op, row) for op, rows in one.samples.items() for row in rows]
    return [*notes, *(f"{op} {json.dumps(row, ensure_ascii=False)}" for op, row in samples)]


def _print_line(console: Console, text: str) -> None:
    console.print(f"  {text}", markup=False, highlight=False)
