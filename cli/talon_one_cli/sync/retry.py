"""``talon-one retry``: send the refused rows of a run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import config_option, json_option
from talon_one_singer.cli.output import say
from talon_one_singer.reporting.amounts import counted

if TYPE_CHECKING:
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option(
    "--sync",
    "sync_file",
    metavar="SYNC.yml",
    help="Use the settings of this file instead of those of the run.",
)
@config_option
@click.option(
    "--include-absent",
    is_flag=True,
    help="Also send rows that a later run did not find in its source. For sources that hold only changed rows.",
)
@json_option("Print the counts as JSON.")
def retry(**options: Any) -> None:
    """Send the refused rows of a run again. The command talon-one runs lists the runs.

    A row is skipped if a later run has sent, removed or refused it, or did not find it in its source, so that no
    outdated value is sent. The skipped rows are counted by reason.

    Rows with an unknown result, which Talon.One may have received, are sent too. Check them at Talon.One first.

    Exit codes: 1 rows were refused again, or the run has lines that are not rows; 2 something must be corrected in the
    command line, a setting, a key or the file; 3 a guard stopped the command before its first request.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one retry", lambda stop, redact: _retry(options, stop, redact)))


def _retry(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.sync.reports import print_run, reasons_once
    from talon_one_cli.sync.sync_file import read_settings, read_sync_file
    from talon_one_cli.sync.sync_session import opened, sync_run
    from target_talon_one.errors import IncompleteError
    from target_talon_one.sync.replay import REASONS, forget_retried, retry

    known = {}
    if options["sync_file"]:
        file = read_sync_file(options["sync_file"], options["config"], redact)
        settings, known = file.settings, {sync.destination.name: sync.destination for sync in file.syncs}
    else:
        settings = read_settings({}, "", options["config"], redact)
    run_id = options["run_id"]
    with (
        reasons_once(as_json=options["as_json"]),
        opened(settings, stop) as (client, store),
        sync_run(client, store, settings, stop, f"retry {run_id}") as run,
    ):
        replay = retry(run, store, run_id, known, include_absent=options["include_absent"])
        try:
            run.flush()
            forget_retried(store, run_id, replay)
        finally:
            skipped = {"skipped": dict(replay.skipped)}
            print_run(run, as_json=options["as_json"], more=skipped)
            for line in [] if options["as_json"] else replay.lines():
                say(line)
        run.raise_if_incomplete()
        if replay.skipped["unreadable"]:
            raise IncompleteError(
                f"{counted(replay.skipped['unreadable'], 'row')} of run {run_id}: {REASONS['unreadable']}"
            )
