"""``talon-one init``: write the files that a project begins with."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from talon_one_singer.cli.output import say
from talon_one_singer.exit_codes import ExitCode
from talon_one_singer.settings.local_paths import local_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_cli.project.project_files import Segment
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor

_KEYS = {
    "api_key": "Integration API key (hidden; empty for none)",
    "management_key": "Management API key (hidden; empty for none)",
}


@click.command()
@click.argument("folder", default=".")
@click.option("--base-url", metavar="URL", help="Base URL of your deployment, instead of TALON_ONE_BASE_URL.")
@click.option("--streams", metavar="A,B", help="Streams that the catalog selects. Default: all that have ids to read.")
@click.option(
    "--catalog-ids", metavar="1,2", help="Catalogs of products to look up, because the API has no list of them."
)
@click.option("--source", metavar="FILE|URL", help="Source of a segment: a file, or a database with --table or --sql.")
@click.option("--table", metavar="NAME", help="Table of the source.")
@click.option("--sql", metavar="QUERY", help="Query of the source.")
@click.option("--key", metavar="COLUMN", help="Column with the integration ids of the customers.")
@click.option("--audience", metavar="NAME", help="Audience that the customers become members of.")
@click.option("--ask/--no-ask", default=None, help="Ask for what no option gives. Default: ask on a terminal.")
def init(**options: Any) -> None:
    """Write a config, a SYNC.yml and a catalog to begin with.

    Tries the keys first, and lists loyalty programs, audiences and the catalogs of --catalog-ids. Files that exist are
    never overwritten. Keys come from TALON_ONE_API_KEY and TALON_ONE_MANAGEMENT_KEY, and then are not written to a
    file; on a terminal they are asked for, and are written to the config, which only its owner may read.

    Exit codes: 1 Talon.One does not answer, and nothing was written; 2 a key or a value must be corrected, and nothing
    was written.
    """
    from talon_one_cli.command import guarded_run

    context = click.get_current_context()
    ask = sys.stdin.isatty() if options["ask"] is None else options["ask"]
    typed = _ask_connection(options) if ask else _given(options)
    settings: dict[str, Any] = {}

    def look(stop: StopSignal, redact: Redactor) -> None:
        settings.update(_try_keys(typed, options, stop, redact))

    def write(_stop: StopSignal, redact: Redactor) -> None:
        redact.add_from(settings)
        _write(options, typed, settings)

    code = guarded_run("talon-one init", look)
    if code == ExitCode.OK and ask:
        _ask_segment(options)
    context.exit(code or guarded_run("talon-one init", write))


def _given(options: Mapping[str, Any]) -> dict[str, str]:
    return {"base_url": options["base_url"]} if options["base_url"] else {}


def _ask_connection(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the base URL and the keys that neither an option nor the environment has given."""
    found = _given(options)
    if not found and not os.environ.get("TALON_ONE_BASE_URL"):
        found["base_url"] = click.prompt("Base URL, like https://yourbaseurl.talon.one", err=True)
    for name, text in _KEYS.items():
        if not os.environ.get(f"TALON_ONE_{name.upper()}"):
            value = click.prompt(text, default="", show_default=False, hide_input=True, err=True)
            found |= {name: value} if value else {}
    return found


def _ask_segment(options: dict[str, Any]) -> None:
    """Ask for the sync that SYNC.yml begins with."""
    default = _segment(options)
    options["source"] = options["source"] or click.prompt("Source of a segment", default=default.source, err=True)
    if "://" in options["source"] and not (options["table"] or options["sql"]):
        options["table"] = click.prompt("Table of the source", err=True)
    for name, text in (("key", "Column with the ids of the customers"), ("audience", "Audience")):
        options[name] = options[name] or click.prompt(text, default=getattr(default, name), err=True)


def _segment(options: Mapping[str, Any]) -> Segment:
    from talon_one_cli.project.project_files import Segment

    audience = options["audience"] or "My segment"
    name = re.sub(r"\W+", "_", audience.lower()).strip("_") or "segment"
    source, key = options["source"] or "segment.csv", options["key"] or "customer_id"
    return Segment(name, source, options["table"], options["sql"], key, audience)


def _try_keys(
    typed: Mapping[str, str], options: Mapping[str, Any], stop: StopSignal, redact: Redactor
) -> dict[str, Any]:
    """Return the settings, once the keys have worked and the account was printed."""
    from talon_one_cli.connection_settings import PROGRAM, load_settings
    from talon_one_cli.project.account import account_lines
    from talon_one_client.connection.check import check
    from talon_one_client.connection.client_factory import client_from_settings

    redact.add_from(typed)
    given = {f"TALON_ONE_{name.upper()}": value for name, value in typed.items()}
    settings = load_settings((), redact, environ={**os.environ, **given})
    catalogs = _numbers("--catalog-ids", options["catalog_ids"])
    _segment(options).settings()  # what cannot be used is refused before anything is read
    with client_from_settings(settings, PROGRAM, stop=stop.check) as client:
        report = check(client)
        for line in report.lines():
            say(line)
        report.raise_if_unusable()
        for line in account_lines(client, catalogs):
            say(line)
    return settings


def _write(options: Mapping[str, Any], typed: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    from talon_one_cli.project import project_files as files

    config = {"base_url": settings["base_url"], **typed}
    folder = Path(local_path(options["folder"]))
    texts = {
        files.CONFIG: files.config_text(config),
        files.SYNC_FILE: files.sync_file_text(_segment(options), folder),
        files.CATALOG: files.catalog_text(_catalog(settings, options["streams"])),
    }
    for line in files.write_new(folder, texts):
        say(line)
    if missing := _segment(options).missing_file():
        say(f"{missing}: there is no such file yet; write it before the first plan")
    if typed.keys() & _KEYS.keys():
        say(f"{files.CONFIG} holds keys: do not commit it")
    config_file = folder / files.CONFIG
    say("next:")
    to = "" if os.environ.get("TALON_ONE_TO") else "--to duckdb:///loyalty.duckdb "  # the variable names the warehouse
    say(f"  talon-one load {to}--config {config_file} --catalog {folder / files.CATALOG}")
    say(f"  talon-one plan {folder / files.SYNC_FILE} --config {config_file}")


def _catalog(settings: Mapping[str, Any], streams: str | None) -> Any:
    """Return the catalog of all streams in which exactly these are selected."""
    from dataclasses import replace

    from talon_one_loading.stream_selection import select_streams
    from talon_one_singer import Catalog
    from tap_talon_one.tap import catalog

    chosen = {entry.tap_stream_id for entry in select_streams(settings, streams)}
    entries = []
    for entry in catalog(settings):
        root = {**entry.metadata[()], "selected": entry.tap_stream_id in chosen}
        entries.append(replace(entry, metadata={**entry.metadata, (): root}))
    return Catalog(tuple(entries))


def _numbers(option: str, text: str | None) -> list[int]:
    from talon_one_singer import ConfigError

    numbers = [one.strip() for one in (text or "").split(",") if one.strip()]
    if not all(one.isdecimal() for one in numbers):
        raise ConfigError(f"{option} must be ids like 1,2")
    return [int(one) for one in numbers]
