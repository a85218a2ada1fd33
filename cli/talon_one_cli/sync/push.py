"""``talon-one plan``, ``push`` and ``apply``: sync the sources of a SYNC.yml to Talon.One."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import complete_files, config_option, guard_option, json_option, report_option, sync_options
from talon_one_singer.cli.output import say_json
from talon_one_singer.reporting.redaction import redacted
from talon_one_singer.settings.local_paths import local_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from talon_one_cli.report.run_report import RunReport
    from talon_one_cli.sync.sync_file import SyncFile
    from talon_one_cli.sync.sync_set import SyncSet
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor
    from target_talon_one.sync.plan import PlannedDestination
    from target_talon_one.sync.run import SyncRun


@click.command()
@sync_options
@guard_option
@click.option("-o", "--output", metavar="FILE", help="Write the plan to a file for talon-one apply.")
@json_option("Print the plan as JSON.")
def plan(**options: Any) -> None:
    """Show what a push would change, without sending anything.

    Shows the number of rows and requests and the run time of each sync. A folder stands for all SYNC.yml files in it.

    Exit codes: 1 more rows would be refused than max_rejects or max_reject_share allow; 2 something must be
    corrected in the file, a setting, a key or the source; 3 a guard would stop the push.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one plan", lambda stop, redact: _plan(options, stop, redact)))


@click.command()
@sync_options
@guard_option
@report_option
@json_option("Print the counts as JSON.")
def push(**options: Any) -> None:
    """Sync the sources to Talon.One, sending only what changed.

    A folder stands for all SYNC.yml files in it. The syncs of a file are one run; syncs with depends_on follow in a
    later run, and are skipped if a sync that they depend on failed.

    Exit codes: 1 rows are pending, too many were refused, or several runs failed for different reasons; 2 something
    must be corrected in the file, a setting, a key or the source; 3 a guard stopped the push before its first request.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one push", lambda stop, redact: _push(options, stop, redact)))


@click.command()
@click.argument("plan_file", metavar="PLAN.json", shell_complete=complete_files)
@config_option
@report_option
@json_option("Print the counts as JSON.")
def apply(**options: Any) -> None:
    """Send exactly the changes of a plan.

    The command talon-one plan -o writes the plan. This command sends nothing if the sources or the store have
    changed since then; make a new plan in this case.

    Exit codes: 1 rows are pending, too many were refused, or a new plan is needed; 2 something must be corrected in
    the plan, a setting, a key or the source; 3 a guard stopped the command before its first request.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(guarded_run("talon-one apply", lambda stop, redact: _apply(options, stop, redact)))


def _plan(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.sync.reports import print_plan, reasons_once
    from talon_one_cli.sync.sync_session import rows_read
    from talon_one_cli.sync.sync_set import RunsInOrder

    syncs = _sync_set(options, redact)
    if options["output"]:
        _check_one_run(syncs)
    plans: dict[str, PlannedDestination] = {}

    def plan_run(file: SyncFile) -> None:
        with reasons_once(as_json=options["as_json"]), rows_read(file, stop, "plan") as run:
            plans.update({one.name: one for one in run.plan()})
            _raise_if_stopped(file, plans)
            run.raise_if_plan_incomplete()

    try:
        RunsInOrder(syncs).run(plan_run, skip_dependents=False)
    finally:
        if plans and not stop.is_set():
            content = _plan_content(options, syncs, plans.values())
            if options["output"]:
                write_plan(options["output"], content)
            if options["as_json"]:
                say_json(content, indent=2)
            else:
                print_plan(plans.values(), {sync.name: sync.depends_on for file in syncs.runs for sync in file.syncs})


def _plan_content(options: dict[str, Any], syncs: SyncSet, plans: Iterable[PlannedDestination]) -> dict[str, Any]:
    """Return a plan as a file holds it, with the options that chose its syncs and guards."""
    from target_talon_one.sync.plan import FORMAT

    path = Path(local_path(options["sync_file"]))
    return {
        "format": FORMAT,
        "made": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sync_file": str(path.absolute()),
        **({"select": list(syncs.names())} if options["select"] or path.is_dir() else {}),
        **({"guards": list(options["guards"])} if options["guards"] else {}),
        "destinations": [one.as_dict() for one in plans],
    }


def _raise_if_stopped(file: SyncFile, plans: Mapping[str, PlannedDestination]) -> None:
    """Raise if a guard would stop the push of a file's syncs.

    It is unknown which profiles will exist once the syncs are sent that a sync depends on.
    """
    from talon_one_cli.guards_for_one_run import with_option
    from target_talon_one.errors import GuardError

    stopped = []
    for sync in file.syncs:
        error = plans[sync.name].stopped_by
        later = any(plans[name].adds for name in sync.depends_on if name in plans)
        if error is not None and not (later and error.guard == "create_profiles"):
            stopped.append(with_option(error))
    if stopped:
        raise GuardError.of_all(stopped)


def _check_one_run(syncs: SyncSet) -> None:
    """Raise if the syncs are several runs: a plan file is what one run does."""
    from talon_one_singer import ConfigError

    if syncs.only is None:
        runs = " | ".join(", ".join(sync.name for sync in file.syncs) for file in syncs.runs)
        raise ConfigError(f"-o keeps the plan of one run, and these syncs are several ({runs}); use --select for each")


def _push(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.alerts.watching import alert_skipped
    from talon_one_cli.report.run_report import reported
    from talon_one_cli.sync.reports import print_run, reasons_once, run_report
    from talon_one_cli.sync.sync_set import RunsInOrder

    syncs = _sync_set(options, redact)
    in_order = RunsInOrder(syncs)
    reports: list[dict[str, Any]] = []
    one_report = options["as_json"] and syncs.only is None  # for several runs

    def push_run(file: SyncFile) -> None:
        def report(run: SyncRun) -> None:
            in_order.note_written(file, run)
            if one_report:
                reports.append(run_report(list(run.destinations.values()), run.id))
            else:
                print_run(run, as_json=options["as_json"])

        with reasons_once(as_json=options["as_json"]):
            _send(file, stop, "push", report, lambda run: in_order.check_apart(file, run), page=page)

    with reported(options["report"], "push") as page:
        try:
            in_order.run(push_run)
        finally:
            alert_skipped(syncs, in_order.skipped, "push")
            if one_report:
                say_json({"runs": reports, **in_order.as_dict()})


def _apply(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.report.run_report import reported
    from talon_one_cli.sync.reports import print_run, reasons_once
    from talon_one_cli.sync.sync_set import read_sync_set
    from talon_one_singer import ConfigError
    from talon_one_singer.settings.json_files import read_json_object
    from target_talon_one.errors import PlanMovedError
    from target_talon_one.sync.plan import check_format, check_unmoved

    path = options["plan_file"]
    planned = read_json_object(path, "plan")
    check_format(planned, path)
    select, guards = _texts(planned, "select", path), _texts(planned, "guards", path)
    file = read_sync_set(planned["sync_file"], options["config"], redact, select=select, guards=guards).only
    if file is None:
        raise PlanMovedError("the syncs of the plan are several runs now, because some depend on others; plan again")
    if file.settings["api_key"] is None:
        raise ConfigError("apply needs the Integration API key; set api_key")

    def check(run: SyncRun) -> None:
        check_unmoved(planned["destinations"], run.plan())

    def report(run: SyncRun) -> None:
        print_run(run, as_json=options["as_json"])

    with reported(options["report"], "apply") as page, reasons_once(as_json=options["as_json"]):
        _send(file, stop, f"apply {path}", report, check, page=page)


def _sync_set(options: dict[str, Any], redact: Redactor) -> SyncSet:
    from talon_one_cli.sync.sync_set import read_sync_set

    chosen = {name: options[name] for name in ("select", "guards")}
    return read_sync_set(options["sync_file"], options["config"], redact, **chosen)


def _send(
    file: SyncFile,
    stop: StopSignal,
    command: str,
    report: Callable[[SyncRun], None],
    check: Callable[[SyncRun], None],
    *,
    page: RunReport | None,
) -> None:
    """Read the sources, send what differs, and report it; ``check`` is called before anything is sent."""
    from talon_one_cli.alerts.watching import watched_syncs
    from talon_one_cli.sync.sync_session import rows_read

    sending: SyncRun | None = None
    try:
        with watched_syncs(file, command.partition(" ")[0]) as watch, rows_read(file, stop, command, page) as run:
            watch.run = run
            check(run)
            sending = run
            run.finish()
    finally:
        if sending is not None:
            report(sending)


def _texts(planned: dict[str, Any], name: str, path: str) -> list[str]:
    """Return a list of the command line that the plan was made with."""
    from target_talon_one.errors import SyncConfigError

    found = planned.get(name, [])
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise SyncConfigError(f"{path} is not a complete plan; plan again with: talon-one plan SYNC.yml -o {path}")
    return found


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
