"""``talon-one plan``, ``push`` and ``apply``: sync the sources of a SYNC.yml to Talon.One."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import config_option, json_option, sync_options
from talon_one_singer.cli.output import say_json
from talon_one_singer.reporting.redaction import redacted
from talon_one_singer.settings.local_paths import local_path

if TYPE_CHECKING:
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor


@click.command()
@sync_options
@click.option("-o", "--output", metavar="FILE", help="Write the plan to a file for talon-one apply.")
@json_option("Print the plan as JSON.")
def plan(**options: Any) -> None:
    """Show what a push would change, without sending anything.

    Shows the number of rows and requests and the run time of each sync.

    Exit codes: 1 more rows would be refused than max_rejects or max_reject_share allow; 2 something must be
    corrected in the file; 3 a guard would stop the push.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one plan", lambda stop, redact: _plan(options, stop, redact)))


@click.command()
@sync_options
@json_option("Print the counts as JSON.")
def push(**options: Any) -> None:
    """Sync the sources to Talon.One, sending only what changed.

    Exit codes: 1 rows are pending, or too many were refused; 2 something must be corrected in the file; 3 a guard
    stopped the push before its first request.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one push", lambda stop, redact: _push(options, stop, redact)))


@click.command()
@click.argument("plan_file", metavar="PLAN.json")
@config_option
@json_option("Print the counts as JSON.")
def apply(**options: Any) -> None:
    """Send exactly the changes of a plan.

    The command talon-one plan -o writes the plan. This command sends nothing if the sources or the store have
    changed since then; make a new plan in this case.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one apply", lambda stop, redact: _apply(options, stop, redact)))


def _plan(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.sync.reports import print_plan
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
        write_plan(options["output"], content)
    if options["as_json"]:
        say_json(content, indent=2)
    else:
        print_plan(plans)
    stopped = [one.stopped_by for one in plans if one.stopped_by]
    if stopped:
        raise GuardError.of_all(stopped)
    run.raise_if_plan_incomplete()


def _push(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.sync.reports import print_run
    from talon_one_cli.sync.sync_file import read_sync_file
    from talon_one_cli.sync.sync_session import opened, read_sources, sync_run

    file = read_sync_file(options["sync_file"], options["config"], redact)
    with opened(file.settings, stop) as (client, store), sync_run(client, store, file.settings, stop, "push") as run:
        read_sources(file, run, stop)
        try:
            run.finish()
        finally:
            print_run(list(run.destinations.values()), run.id, as_json=options["as_json"])


def _apply(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.sync.reports import print_run
    from talon_one_cli.sync.sync_file import read_sync_file
    from talon_one_cli.sync.sync_session import opened, read_sources, sync_run
    from talon_one_singer.settings.json_files import read_json_object
    from target_talon_one.sync.plan import check_format, check_unmoved

    path = options["plan_file"]
    planned = read_json_object(path, "plan")
    check_format(planned, path)
    file = read_sync_file(planned["sync_file"], options["config"], redact)
    with (
        opened(file.settings, stop) as (client, store),
        sync_run(client, store, file.settings, stop, f"apply {path}") as run,
    ):
        read_sources(file, run, stop)
        check_unmoved(planned["destinations"], run.plan())
        try:
            run.finish()
        finally:
            print_run(list(run.destinations.values()), run.id, as_json=options["as_json"])


def write_plan(path: str, content: dict[str, Any]) -> None:
    """Write a plan with its secrets redacted.

    Raises:
        ConfigError: the file cannot be written.
    """
    from talon_one_singer import ConfigError

    try:
        Path(local_path(path)).write_text(json.dumps(redacted(content), indent=2, default=str) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"-o: cannot write {path}: {error.strerror}") from None
