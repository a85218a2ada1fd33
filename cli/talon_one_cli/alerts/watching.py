"""Watches runs of syncs and loads, and sends the alerts about them when they end."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talon_one_cli.alerts.delivery import check_receivers, deliver
from talon_one_cli.alerts.outcomes import Outcome, error_lines
from talon_one_singer.errors import OutputError, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from talon_one_cli.alerts.settings import Alerts
    from talon_one_cli.sync.sync_file import SyncFile
    from talon_one_cli.sync.sync_set import SyncSet
    from talon_one_loading import LoadResult
    from target_talon_one.sync.run import SyncRun
    from target_talon_one.sync.verify import Finding

logger = logging.getLogger(__name__)
_SHOWN_REASONS = 3


@dataclass(slots=True)
class Watch:
    """What is known of a run; the command fills it in.

    Attributes:
        run: the run of syncs, once it has begun.
        findings: of a verification.
        loaded: of a load.
        error: what ended the run.
        seconds: its duration.
    """

    run: SyncRun | None = None
    findings: Sequence[Finding] = ()
    loaded: LoadResult | None = None
    error: Exception | None = None
    seconds: float = 0.0


@contextmanager
def watched_syncs(file: SyncFile, command: str) -> Iterator[Watch]:
    """Send the alerts of a file's syncs after the block, whether or not it raises an error.

    Raises:
        ConfigError: a receiver cannot be used; the block did not run.
    """
    alerts = [sync.alerts for sync in file.syncs if sync.alerts]
    with _watched(alerts, command, lambda watch: _of_syncs(file, watch)) as watch:
        yield watch


@contextmanager
def watched_load(alerts: Alerts | None, command: str) -> Iterator[Watch]:
    """Send the alerts of a load after the block, whether or not it raises an error.

    Raises:
        ConfigError: a receiver cannot be used; the block did not run.
    """
    found = [alerts] if alerts else []
    with _watched(found, command, lambda watch: [_of_load(one, watch) for one in found]) as watch:
        yield watch


def alert_skipped(syncs: SyncSet, skipped: Mapping[str, str], command: str) -> None:
    """Send the alerts of syncs that did not run because of another one."""
    found = {sync.name: sync.alerts for file in syncs.runs for sync in file.syncs}
    outcomes = [
        Outcome(name, alerts, 0.0, error=[f"skipped, because it depends on {cause}"])
        for name, cause in skipped.items()
        if (alerts := found[name]) is not None
    ]
    _deliver(command, lambda: outcomes)


@contextmanager
def _watched(alerts: Sequence[Alerts], command: str, outcomes: Callable[[Watch], list[Outcome]]) -> Iterator[Watch]:
    check_receivers(alerts)
    watch, started_s = Watch(), time.monotonic()
    try:
        yield watch
    except (Stopped, OutputError):  # somebody has ended the command, and knows it
        raise
    except Exception as error:
        watch.error = error
        raise
    finally:
        watch.seconds = time.monotonic() - started_s
        if alerts and not isinstance(sys.exc_info()[1], Stopped | OutputError):
            _deliver(command, lambda: outcomes(watch))


def _deliver(command: str, outcomes: Callable[[], list[Outcome]]) -> None:
    """Deliver; an error here must not change how the command ends."""
    try:
        deliver(f"talon-one {command}", outcomes())
    except Exception as error:  # noqa: BLE001 - see above
        logger.warning(
            "the alerts of %s were not sent (%s); the exit code stays the same", command, type(error).__name__
        )


def _of_syncs(file: SyncFile, watch: Watch) -> list[Outcome]:
    return [_of_sync(sync.name, sync.alerts, watch) for sync in file.syncs if sync.alerts]


def _of_sync(name: str, alerts: Alerts, watch: Watch) -> Outcome:
    from target_talon_one.errors import GuardError

    error: list[str] = []
    if watch.error is not None:
        failed = getattr(watch.error, "destinations", ()) or (name,)
        error = error_lines(watch.error) if name in failed else []
    drift = next((_drift(one) for one in watch.findings if one.name == name and one.verdict == "drift"), "")
    done = watch.run.destinations.get(name) if watch.run is not None else None
    if done is None:
        return Outcome(name, alerts, watch.seconds, error=error, drift=drift)
    counts = done.counts
    shown = {"read": counts.read, **counts.changes()}
    shown |= {"unchanged": counts.same, "sent": counts.sent, "refused": counts.refused, "requests": counts.requests}
    reasons = done.reasons.counts.most_common(_SHOWN_REASONS)  # without values, which are data of customers
    was_read = watch.error is None or isinstance(watch.error, GuardError)
    rows = max(counts.read, counts.same) or (0 if was_read else None)
    return Outcome(name, alerts, watch.seconds, shown, rows, counts.refused, reasons, error, drift)


def _drift(one: Finding) -> str:
    return f"{one.missing:,} missing, {one.changed:,} changed, {one.stale_rows:,} to remove"


def _of_load(alerts: Alerts, watch: Watch) -> Outcome:
    error = error_lines(watch.error) if watch.error is not None else []
    loaded = watch.loaded
    if loaded is None:
        return Outcome("load", alerts, watch.seconds, error=error)
    every = loaded.streams.values()
    read, refused = sum(one.read for one in every), sum(loaded.rejected.values())
    shown = {"rows read": read, "new": sum(one.inserted for one in every), "changed": sum(one.updated for one in every)}
    shown |= {"refused": refused, "requests": loaded.requests}
    reasons = [(name, count) for name, count in loaded.rejected.items()]
    rows = read or (None if error else 0)
    return Outcome("load", alerts, watch.seconds, shown, rows, refused, reasons, error)
