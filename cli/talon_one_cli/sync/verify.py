"""``talon-one verify``: compare the sources with what Talon.One has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import guard_option, json_option, sync_options
from talon_one_singer.cli.output import say, say_json
from talon_one_singer.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_cli.sync.sync_file import SyncFile
    from talon_one_client.client import TalonOneClient
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor
    from target_talon_one.store.store import Store
    from target_talon_one.sync.verify import Finding

_WORDS = {"missing": "missing", "changed": "changed", "stale_rows": "to remove"}
_CODES = {"drift": ExitCode.DIFFERENT, "unknown": ExitCode.UNKNOWN}


@click.command()
@sync_options
@guard_option
@click.option("--heal", is_flag=True, help="Send missing and changed rows, and remove rows that left the source.")
@json_option("Print the findings as JSON.")
def verify(**options: Any) -> None:
    """Compare the sources with what Talon.One has.

    Reads Talon.One through the Management API. The sources are read independently of a push: databases convert the
    values to text. A folder stands for all SYNC.yml files in it.

    Exit codes: 0 equal; 4 drift, with --heal only if it remains; 5 unknown, because there is no management key or
    Talon.One has no list to compare with.
    """
    from talon_one_cli.command import guarded_run

    found: list[Finding] = []
    code = guarded_run("talon-one verify", lambda stop, redact: _verify(options, stop, redact, found))
    verdicts = {one.verdict for one in found}
    click.get_current_context().exit(
        code or next((found_code for verdict, found_code in _CODES.items() if verdict in verdicts), ExitCode.OK)
    )


def _verify(options: dict[str, Any], stop: StopSignal, redact: Redactor, into: list[Finding]) -> None:
    """Compare the syncs, and add the last findings to ``into``."""
    from talon_one_cli.alerts.watching import alert_skipped, watched_syncs
    from talon_one_cli.sync.sync_set import RunsInOrder, read_sync_set

    chosen = {name: options[name] for name in ("select", "guards")}
    syncs = read_sync_set(options["sync_file"], options["config"], redact, **chosen)
    quiet = options["as_json"]

    def verify_run(file: SyncFile) -> None:
        with watched_syncs(file, "verify") as watch:
            watch.findings = _verify_run(file, stop, heal=options["heal"], quiet=quiet)
        into.extend(watch.findings)

    in_order = RunsInOrder(syncs)
    try:
        in_order.run(verify_run, skip_dependents=options["heal"])
    finally:
        alert_skipped(syncs, in_order.skipped, "verify")
        if quiet and (into or syncs.only is None):
            say_json([one.as_dict() for one in into])


def _verify_run(file: SyncFile, stop: StopSignal, *, heal: bool, quiet: bool) -> list[Finding]:
    from talon_one_cli.guards_for_one_run import options_named
    from talon_one_cli.sync.sync_session import opened

    with options_named(), opened(file.settings, stop) as (client, store):
        found = _compare(file, client, store, stop, heal=heal)
        if not quiet:
            _print(found)
        if heal and any(one.verdict == "drift" for one in found):
            found = _compare(file, client, store, stop, heal=False)
            if not quiet:
                say("after healing:")
                _print(found)
    return found


def _compare(file: SyncFile, client: TalonOneClient, store: Store, stop: StopSignal, *, heal: bool) -> list[Finding]:
    """Return the findings; with ``heal``, correct the differences afterward."""
    from talon_one_cli.sync.sync_session import read_sources, sync_run
    from target_talon_one.sync.verify import Verification

    with sync_run(client, store, file.settings, stop, "verify" + " --heal" * heal) as run:
        read_sources(file, run, store, stop, rendered=True)
        checks = [Verification(client, store, one, stop.check) for one in run.destinations.values()]
        found = [check.find() for check in checks]
        drifted = [check for check, one in zip(checks, found, strict=True) if one.verdict == "drift"]
        if heal and drifted:
            for check in drifted:
                check.forget_drift()
            run.finish()
    return found


def _print(found: Sequence[Finding]) -> None:
    for one in found:
        if one.verdict == "unknown":
            say(f"{one.name}: unknown: {one.why}")
            continue
        counts = f"{one.expected:,} expected, {one.there:,} found, {one.foreign_members:,} not managed by this sync"
        drift = f"; {one.missing:,} missing, {one.changed:,} changed, {one.stale_rows:,} to remove" * (
            one.verdict == "drift"
        )
        refused = f"; {one.refused:,} refused in the source, see talon-one plan" * (one.refused > 0)
        say(f"{one.name}: {one.verdict}: {counts}{drift}{refused}")
        for kind, keys in one.examples.items():
            say(f"  {_WORDS[kind]}: {', '.join(keys)}")
