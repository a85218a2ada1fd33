"""``talon-one verify``: what is at Talon.One against what should be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.sync.sync_session import sync_options
from talon_one_singer.cli.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_cli.sync.sync_file import SyncFile
    from talon_one_client.client import TalonOneClient
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor
    from target_talon_one.store.store import Store
    from target_talon_one.sync.verify import Finding

DRIFT = 4  # exit code: all went well, and there is something to look at
UNKNOWN = 5  # exit code: nobody can tell


@click.command()
@sync_options
@click.option("--heal", is_flag=True, help="Send what is missing or changed, remove what is left.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def verify(**options: Any) -> None:
    """Compare the sources with what Talon.One has, through the Management API.

    The sources are read by other eyes than a push does: databases render the values as text.

    Exit codes: 0 equal; 4 drift (with --heal: only if it is still there); 5 unknown: no management key, or Talon.One
    has no list to compare with.
    """
    from talon_one_cli.command import guarded_run

    found: list[Finding] = []
    code = guarded_run("talon-one verify", lambda stop, redact: found.extend(_verify(options, stop, redact)))
    verdicts = {one.verdict for one in found}
    click.get_current_context().exit(
        code or (DRIFT if "drift" in verdicts else UNKNOWN if "unknown" in verdicts else 0)
    )


def _verify(options: dict[str, Any], stop: StopSignal, redact: Redactor) -> list[Finding]:
    from talon_one_cli.sync.sync_file import read_sync_file
    from talon_one_cli.sync.sync_session import opened

    file = read_sync_file(options["sync_file"], options["config"], redact)
    with opened(file.settings, stop) as (client, store):
        found = _look(file, client, store, stop, heal=options["heal"])
        _tell(found, as_json=options["as_json"] and not options["heal"])
        if options["heal"] and any(one.verdict == "drift" for one in found):
            found = _look(file, client, store, stop, heal=False)
            if not options["as_json"]:
                say("healed; now:")
        if options["heal"]:
            _tell(found, as_json=options["as_json"])
    return found


def _look(file: SyncFile, client: TalonOneClient, store: Store, stop: StopSignal, *, heal: bool) -> list[Finding]:
    """What differs; with ``heal`` it is mended afterwards."""
    from talon_one_cli.sync.sync_session import read_sources, sync_run
    from target_talon_one.sync.verify import Verification

    with sync_run(client, store, file.settings, stop, "verify" + " --heal" * heal) as run:
        read_sources(file, run, stop, rendered=True)
        checks = [Verification(client, store, feed, stop.check) for feed in run.feeds.values()]
        found = [check.find() for check in checks]
        drifted = [check for check, one in zip(checks, found, strict=True) if one.verdict == "drift"]
        if heal and drifted:
            for check in drifted:
                check.forget_drift()
            run.finish()
    return found


def _tell(found: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        say_json([one.as_dict() for one in found])
        return
    for one in found:
        if one.verdict == "unknown":
            say(f"{one.name}: unknown: {one.why}")
            continue
        figures = f"{one.expected:,} expected, {one.there:,} there, {one.strangers:,} of other people"
        drift = f"; {one.missing:,} missing, {one.changed:,} changed, {one.left:,} left" * (one.verdict == "drift")
        say(f"{one.name}: {one.verdict}: {figures}{drift}")
        for kind, keys in one.examples.items():
            say(f"  {kind}: {', '.join(keys)}")
