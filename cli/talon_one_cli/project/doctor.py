"""``talon-one doctor``: find out what keeps commands from working, and what to do about it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import complete_files, config_option, json_option
from talon_one_singer.cli.output import say, say_json
from talon_one_singer.exit_codes import ExitCode
from talon_one_singer.reporting.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from talon_one_cli.project.check_results import CheckResult
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor


@click.command()
@click.argument("sync_file", metavar="[SYNC.yml|FOLDER]", required=False, shell_complete=complete_files)
@config_option
@json_option("Print the findings as JSON.")
def doctor(**options: Any) -> None:
    """Find out what keeps commands from working, and say what to do about it.

    Looks at versions, settings, keys, clock, disk, locks, and the content of the store. Sends only requests that read.
    Without a file, looks at the store talon-one-store.duckdb or TALON_ONE_STORE.

    Exit codes: 0 nothing keeps commands from working, though there may be warnings; 1 something does.
    """
    from talon_one_cli.command import guarded_run

    found: list[CheckResult] = []

    def work(stop: StopSignal, redact: Redactor) -> None:
        for one in _findings(options, stop, redact):
            stop.check()
            found.append(one)
            if not options["as_json"]:
                say(one.line())
        if options["as_json"]:
            say_json({"findings": [one.as_dict() for one in found]}, indent=2)
        else:
            say(_summary(found))

    code = guarded_run("talon-one doctor", work)
    failed = any(one.level == "problem" for one in found)
    click.get_current_context().exit(code or (ExitCode.FAILED if failed else ExitCode.OK))


def _findings(options: Mapping[str, Any], stop: StopSignal, redact: Redactor) -> Iterator[CheckResult]:
    from talon_one_cli.command import EXPECTED
    from talon_one_cli.environment import misspelled_variables
    from talon_one_cli.project.check_results import CheckResult
    from talon_one_cli.project.installation import check_versions
    from talon_one_cli.project.surroundings import check_connection

    yield from check_versions()
    for problem in misspelled_variables(os.environ):
        yield CheckResult("settings", "problem", problem, "rename it, or remove it")
    try:
        found = _settings(options, redact)
    except EXPECTED as error:
        for line in getattr(error, "lines", [str(error)]):
            yield CheckResult.of_error("settings", line, "correct it, then run talon-one doctor again")
        return
    connections: set[tuple[Any, ...]] = set()
    stores: set[Any] = set()
    for place, settings in found.items():
        yield CheckResult("settings", "ok", f"{place}: base_url is {settings['base_url']}")
        connection = tuple(settings[name] for name in ("base_url", "api_key", "management_key"))
        if connection not in connections:
            yield from check_connection(settings, stop)
        if settings["store"] not in stores:
            yield from _check_files(settings)
        connections.add(connection)
        stores.add(settings["store"])


def _check_files(settings: Mapping[str, Any]) -> Iterator[CheckResult]:
    """Yield results about folders and the store."""
    from talon_one_cli.project.check_results import CheckResult
    from talon_one_cli.project.surroundings import check_disks, check_store

    try:
        from target_talon_one.store.opening import store_file
    except ImportError as error:
        yield CheckResult(
            "versions",
            "warning",
            f"syncs need the package {error.name}",
            "run: pip install 'talon-one-connector[sync]'",
        )
        return
    store, folders = settings["store"], [settings["rejects_directory"], settings["results_directory"]]
    file = store_file(store) if isinstance(store, str) else None
    yield from check_disks([*([str(Path(file).parent)] if file is not None else []), *folders])
    if isinstance(store, str):
        yield from check_store(store)
    else:
        yield CheckResult("store", "ok", f"{store} is in the database of the source, and was not opened")


def _settings(options: Mapping[str, Any], redact: Redactor) -> dict[str, Mapping[str, Any]]:
    """Return the settings by where they come from: each file of syncs, or else the environment and config files."""
    from talon_one_cli.connection_settings import load_settings
    from target_talon_one.settings import SYNC_SETTINGS

    if options["sync_file"]:
        from talon_one_cli.sync.sync_set import read_sync_set

        runs = read_sync_set(options["sync_file"], options["config"], redact).runs
        return {file.path: file.settings for file in runs}
    defaults = {one.name: one.default for one in SYNC_SETTINGS}
    given = {"store": os.environ["TALON_ONE_STORE"]} if os.environ.get("TALON_ONE_STORE") else {}
    settings = load_settings(options["config"], redact)
    return {", ".join(options["config"]) or "environment": defaults | settings | given}


def _summary(found: list[CheckResult]) -> str:
    problems, warnings = (sum(one.level == level for one in found) for level in ("problem", "warning"))
    return f"{counted(problems, 'problem')}, {counted(warnings, 'warning')}"
