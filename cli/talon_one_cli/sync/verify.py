"""``talon-one verify``: compare the sources with what Talon.One has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import guard_option, json_option, sync_options
from talon_one_singer.cli.output import say, say_json
from talon_one_singer.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from talon_one_cli.alerts.watching import Watch
    from talon_one_cli.sync.sync_file import SyncFile
    from talon_one_client.client import TalonOneClient
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor
    from target_talon_one.store.store import Store
    from target_talon_one.sync.verify import Finding

_WORDS = {"missing": "missing", "changed": "changed", "stale_rows": "to remove"}


@click.command()
@sync_options
@guard_option
@click.option("--heal", is_flag=True, help="Send missing and changed rows, and remove rows that left the source.")
@json_option("Print the findings as JSON.")
def verify(**options: Any) -> None:
    """Compare the sources with what Talon.One has.

    Reads Talon.One through the Management API. The sources are read independently of a push: databases convert the
    values to text. A folder stands for all SYNC.yml files in it.

    Exit codes: 0 equal; 2 something must be corrected in the file, a setting, a key or the source; 3 a guard stopped
    --heal before its first request; 4 drift, with --heal only if it remains; 5 unknown, because there is no management
    key, the store is new, or Talon.One has no list to compare any of the syncs with.
    """
    from talon_one_cli.command import guarded_run

    found: list[Finding] = []
    code = guarded_run("talon-one verify", lambda stop, redact: _verify(options, stop, redact, found))
    click.get_current_context().exit(code or _code_of({one.verdict for one in found}))


def _code_of(verdicts: Set[str]) -> int:
    """Return the exit code; a sync that cannot be compared does not matter beside one that was."""
    if "drift" in verdicts:
        return ExitCode.DIFFERENT
    return ExitCode.UNKNOWN if "unknown" in verdicts or verdicts == {"not compared"} else ExitCode.OK


def _verify(options: dict[str, Any], stop: StopSignal, redact: Redactor, into: list[Finding]) -> None:
    """Compare the syncs, and add the last findings to ``into``."""
    from talon_one_cli.alerts.watching import alert_skipped, watched_syncs
    from talon_one_cli.sync.sync_set import RunsInOrder, read_sync_set

    chosen = {name: options[name] for name in ("select", "guards")}
    syncs = read_sync_set(options["sync_file"], options["config"], redact, **chosen)
    quiet = options["as_json"]

    def verify_run(file: SyncFile) -> None:
        with watched_syncs(file, "verify") as watch:
            try:
                _verify_run(file, stop, watch, heal=options["heal"], quiet=quiet)
            finally:
                into.extend(watch.findings)

    in_order = RunsInOrder(syncs)
    try:
        in_order.run(verify_run, skip_dependents=options["heal"])
    finally:
        alert_skipped(syncs, in_order.skipped, "verify")
        if quiet and (into or syncs.only is None):
            say_json([one.as_dict() for one in into])


def _verify_run(file: SyncFile, stop: StopSignal, watch: Watch, *, heal: bool, quiet: bool) -> None:
    """Compare the syncs of a run and print the findings; ``watch`` gets the last ones.

    Raises:
        VerificationError: some destinations cannot be read; nothing was healed.
    """
    from talon_one_cli.guards_for_one_run import options_named
    from talon_one_cli.sync.sync_session import opened

    with options_named(), opened(file.settings, stop, unsaved=not heal) as (client, store):
        _compare(file, client, store, stop, watch, heal=heal, quiet=quiet)
        if heal and any(one.verdict == "drift" for one in watch.findings):
            if not quiet:
                say("after healing:")
            _compare(file, client, store, stop, watch, heal=False, quiet=quiet)


def _compare(
    file: SyncFile,
    client: TalonOneClient,
    store: Store,
    stop: StopSignal,
    watch: Watch,
    *,
    heal: bool,
    quiet: bool,
) -> None:
    """Find and print what differs; with ``heal``, correct the differences afterward."""
    from talon_one_cli.sync.sync_session import read_sources, sync_run
    from target_talon_one.sync.verify import Verifications

    with sync_run(client, store, file.settings, stop, "verify" + " --heal" * heal) as run:
        read_sources(file, run, store, stop, rendered=True)
        checks = Verifications(client, store, run.destinations.values(), stop.check)
        watch.findings = checks.find()
        if not quiet:
            _print(watch.findings)
        checks.raise_failures()
        if heal and checks.forget_drift():
            run.finish()


def _print(found: Sequence[Finding]) -> None:
    for one in found:
        if one.why:
            say(f"{one.name}: {one.verdict}: {one.why}")
            continue
        counts = f"{one.expected:,} expected, {one.there:,} found, {one.foreign_members:,} not managed by this sync"
        drift = f"; {one.missing:,} missing, {one.changed:,} changed, {one.stale_rows:,} to remove" * (
            one.verdict == "drift"
        )
        refused = f"; {one.refused:,} refused in the source, see talon-one plan" * (one.refused > 0)
        say(f"{one.name}: {one.verdict}: {counts}{drift}{refused}")
        for kind, keys in one.examples.items():
            say(f"  {_WORDS[kind]}: {', '.join(keys)}")
