"""``talon-one plan``, ``apply`` and ``push``: warehouse segments into Talon.One."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.sync.sync_session import sync_options
from talon_one_singer.cli.output import say_json
from talon_one_singer.reporting.redaction import redacted
from talon_one_singer.settings.local_paths import local_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor
    from target_talon_one.sync.destination_run import Feed
    from target_talon_one.sync.plan import PlannedDestination


@click.command()
@sync_options
@click.option("-o", "--output", metavar="FILE", help="Keep the plan for talon-one apply.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan(**options: Any) -> None:
    """Say what a push would do: rows, requests, minutes. Nothing is changed at Talon.One.

    Exit code 3 if a guard would stop it, 1 if more rows are refused than max_rejects or max_reject_share allow.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one plan", lambda stop, redact: _plan(options, stop, redact)))


@click.command()
@sync_options
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def push(**options: Any) -> None:
    """Send the difference between the sources and what Talon.One has.

    Exit codes: 0; 1 rows are still to do or too many were refused; 2 something to fix in the file; 3 a guard stopped it
    before the first call.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one push", lambda stop, redact: _push(options, stop, redact)))


@click.command()
@click.argument("plan_file", metavar="PLAN.json")
@click.option("--config", multiple=True, metavar="FILE", help="JSON file with settings, as for plan.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def apply(**options: Any) -> None:
    """Do exactly what a plan says; refused if the source or the store has moved since."""
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one apply", lambda stop, redact: _apply(options, stop, redact)))


def _plan(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.sync.sync_file import read_sync_file
    from talon_one_cli.sync.sync_session import opened, read_sources, sync_run
    from target_talon_one.errors import GuardError
    from target_talon_one.sync.plan import FORMAT

    file = read_sync_file(options["sync_file"], options["config"], redact)
    with opened(file.settings, stop) as (client, store), sync_run(client, store, file.settings, stop, "plan") as run:
        read_sources(file, run, stop)
        plans = run.plan()
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    content = {
        "format": FORMAT,
        "made": made,
        "sync_file": str(Path(local_path(options["sync_file"])).absolute()),
        "destinations": [one.as_dict() for one in plans],
    }
    if options["output"]:
        _write(options["output"], content)
    if options["as_json"]:
        say_json(content, indent=2)
    else:
        _print_plan(plans)
    stopped = [one for one in plans if one.guard]
    if stopped:
        raise GuardError(
            *(one.guard.partition(": ")[2] for one in stopped if one.guard),
            guard="plan",
            destination=stopped[0].name,
            figures={},
        )
    run.judge_plan()


def _push(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.sync.sync_file import read_sync_file
    from talon_one_cli.sync.sync_session import opened, read_sources, sync_run

    file = read_sync_file(options["sync_file"], options["config"], redact)
    with opened(file.settings, stop) as (client, store), sync_run(client, store, file.settings, stop, "push") as run:
        read_sources(file, run, stop)
        try:
            run.finish()
        finally:
            report(list(run.feeds.values()), run.id, as_json=options["as_json"])


def _apply(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.sync.sync_file import read_sync_file
    from talon_one_cli.sync.sync_session import opened, read_sources, sync_run
    from talon_one_singer.settings.json_files import read_json_object
    from target_talon_one.sync.plan import check_format, check_unmoved

    path = options["plan_file"]
    then = read_json_object(path, "plan")
    check_format(then, path)
    file = read_sync_file(then["sync_file"], options["config"], redact)
    with (
        opened(file.settings, stop) as (client, store),
        sync_run(client, store, file.settings, stop, f"apply {path}") as run,
    ):
        read_sources(file, run, stop)
        check_unmoved(then["destinations"], run.plan())
        try:
            run.finish()
        finally:
            report(list(run.feeds.values()), run.id, as_json=options["as_json"])


def _write(path: str, content: dict[str, Any]) -> None:
    from talon_one_singer import ConfigError

    try:
        Path(local_path(path)).write_text(json.dumps(redacted(content), indent=2, default=str) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"-o: cannot write {path}: {error.strerror}") from None


def _print_plan(plans: Sequence[PlannedDestination]) -> None:
    from rich import box
    from rich.table import Table

    from talon_one_cli.formatting import console

    table = Table(box=box.HEAVY_HEAD, title="What a push would do")
    for name in ("sync", "sink", "mode"):
        table.add_column(name)
    for name in ("add", "change", "remove", "as is", "refused", "new profiles", "requests", "minutes"):
        table.add_column(name, justify="right")
    for one in plans:
        counts = (one.adds, one.updates, one.removes, one.same, one.invalid)
        new = "?" if one.new_profiles is None else f"{one.new_profiles:,}"
        minutes = "no budget" if one.minutes is None else f"{one.minutes:g}"
        cells = [f"{count:,}" for count in counts]
        table.add_row(one.name, one.sink, one.mode, *cells, new, f"{one.requests:,}", minutes)
    out = console()
    out.print(table)
    for one in plans:
        for reason in one.reasons:
            out.print(f"  {one.name}: refused {reason}", markup=False, highlight=False)
        if one.cheapest == "import":
            out.print(
                f"  {one.name}: all members are of this sync; one CSV import (talon-one call "
                "import_audiences_memberships) would take the place of these requests",
                markup=False,
                highlight=False,
            )
        for op, rows in one.samples.items():
            for row in rows:
                out.print(f"  {one.name}: {op} {json.dumps(row, ensure_ascii=False)}", markup=False, highlight=False)


def report(feeds: Sequence[Feed], run: str, *, as_json: bool, more: Mapping[str, Any] | None = None) -> None:
    """Print what a run did; ``more``: what else the JSON says."""
    if as_json:
        figures = {feed.destination.name: feed.figures.as_dict() for feed in feeds}
        say_json({"run": run, "destinations": figures, **(more or {})})
        return
    from rich import box
    from rich.table import Table

    from talon_one_cli.formatting import console

    table = Table(box=box.HEAVY_HEAD, title=f"Run {run}")
    table.add_column("sync")
    names = ("read", "added", "changed", "removed", "as is", "sent", "refused", "to do", "requests")
    for name in names:
        table.add_column(name, justify="right")
    for feed in feeds:
        f = feed.figures
        refused = f.invalid + f.rejected + f.unknown + f.unreadable
        counts = (f.read, f.adds, f.updates, f.removes, f.same, f.sent, refused, f.to_do, f.requests)
        table.add_row(feed.destination.name, *(f"{count:,}" for count in counts))
    out = console()
    out.print(table)
    for feed in feeds:
        for reason in feed.reasons.lines():
            out.print(f"  {feed.destination.name}: refused {reason}", markup=False, highlight=False)
