"""Doctor's checks of what a run meets: keys, clock, disk, and the store with its lock."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talon_one_cli.connection_settings import PROGRAM
from talon_one_cli.project.check_results import CheckResult
from talon_one_client.connection.check import check
from talon_one_client.connection.client_factory import client_from_settings
from talon_one_client.connection.server_clock import TOLERANCE_S
from talon_one_client.errors import ConfigurationError, TalonOneError
from talon_one_singer.reporting.amounts import counted
from talon_one_singer.reporting.redaction import shown_url
from talon_one_singer.temporary_folders import temporary_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from talon_one_client.connection.check import KeyReport
    from talon_one_singer.cli.signals import StopSignal
    from target_talon_one.store.inspection import StoreReport

FULL, NEARLY_FULL = 100_000_000, 1_000_000_000  # free bytes
_WITHOUT = {
    "api_key": "nothing can be sent, and no ledger of a card or profile read",
    "management_key": "programs, ids and audiences are not listed, and verify says unknown",
}


def check_connection(settings: Mapping[str, Any], stop: StopSignal) -> Iterator[CheckResult]:
    """Yield what the keys may do, and how far the clocks are apart. Sends only requests that read."""
    try:
        with client_from_settings(settings, PROGRAM, stop=stop.check) as client:
            report = check(client)
    except ConfigurationError as error:
        yield CheckResult.of_error("keys", str(error), "correct the setting, then run talon-one doctor again")
        return
    except TalonOneError as error:
        yield CheckResult(
            "keys", "problem", str(error), "check the network and the proxy, then run talon-one doctor again"
        )
        return
    for name, key in (("api_key", report.integration), ("management_key", report.management)):
        yield from _key(name, key)
    yield _clock(report.clock_skew_s)


def _key(name: str, key: KeyReport) -> Iterator[CheckResult]:
    variable = f"TALON_ONE_{name.upper()}"
    if not key.is_set:
        yield CheckResult("keys", "warning", f"{name} is not set: {_WITHOUT[name]}", f"set {variable} if you need that")
        return
    if not key.works:
        yield CheckResult(
            "keys",
            "problem",
            f"{name} does not work: {key.error}",
            f"create a key in the Campaign Manager, set {variable}",
        )
        return
    reads = [operation for operation, why in key.reads.items() if why is None]
    yield CheckResult("keys", "ok", f"{name} works, and may call {', '.join(reads)}")
    refused = [operation for operation, why in key.reads.items() if why is not None]
    if refused:
        yield CheckResult(
            "keys",
            "warning",
            f"{name} may not call {', '.join(refused)}",
            "give the key these permissions if you need them",
        )


def _clock(skew_s: float | None) -> CheckResult:
    if skew_s is None:
        return CheckResult("clock", "warning", "no answer had a time to compare with", "check what answers at base_url")
    if abs(skew_s) <= TOLERANCE_S:
        return CheckResult("clock", "ok", "in step with Talon.One")
    where = "ahead of" if skew_s > 0 else "behind"
    return CheckResult(
        "clock",
        "warning",
        f"this machine is {abs(skew_s):.0f} s {where} Talon.One",
        "synchronize its clock, for example with chrony or systemd-timesyncd",
    )


def check_disks(folders: Iterable[str]) -> Iterator[CheckResult]:
    """Yield how much space the folders have, and whether they can be written to.

    Args:
        folders: paths of folders, which need not exist yet.
    """
    for folder in dict.fromkeys(_existing(Path(one).expanduser()) for one in [*folders, temporary_root()]):
        free = shutil.disk_usage(folder).free
        space = f"{folder} has {free / 1e9:,.1f} GB free"
        if not os.access(folder, os.W_OK | os.X_OK):
            yield CheckResult("disk", "problem", f"{folder} cannot be written to", "change its owner or permissions")
        elif free < NEARLY_FULL:
            yield CheckResult("disk", "problem" if free < FULL else "warning", space, "free some space")
        else:
            yield CheckResult("disk", "ok", space)


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    return next(one for one in (folder, *folder.parents) if one.is_dir())


def check_store(location: str) -> Iterator[CheckResult]:
    """Yield who holds the lock of a store, and what its content says."""
    from target_talon_one.errors import StoreError, StoreLockedError, SyncConfigError
    from target_talon_one.store.inspection import inspect_store
    from target_talon_one.store.opening import open_store, store_file

    shown = shown_url(location)
    try:
        file = store_file(location)
        if file is not None and not Path(file).is_file():
            yield CheckResult("store", "ok", f"there is no store {shown} yet; the first push creates it")
            return
        store = open_store(location)
    except StoreLockedError as error:
        yield CheckResult.of_error("locks", str(error), "wait until that process has ended")
        return
    except (StoreError, SyncConfigError) as error:
        yield CheckResult.of_error("store", str(error), "correct the setting store, or restore it from a backup")
        return
    try:
        yield CheckResult("locks", "ok", f"no other process uses the store {shown}")
        yield from _store(shown, inspect_store(store))
    finally:
        store.discard()


def _store(shown: str, report: StoreReport) -> Iterator[CheckResult]:
    for what in report.damage:
        yield CheckResult(
            "store",
            "problem",
            f"{shown}: {what}",
            "restore the store from a backup; without one, move it away, and push once with adopt: true",
        )
    if report.damage:
        return
    counts = ", ".join(f"{name} {count:,}" for name, count in report.acknowledged.items()) or "none"
    yield CheckResult("store", "ok", f"{shown} can be read; acknowledged rows: {counts}")
    if report.broken_off:
        yield CheckResult(
            "store", "warning", f"the run {report.broken_off} was broken off", "push again: it completes the run"
        )
    if report.refused:
        yield CheckResult(
            "store",
            "warning",
            counted(report.refused, "refused row is kept", "refused rows are kept"),
            "see talon-one runs show ID; correct the source and push, or run talon-one retry ID",
        )
