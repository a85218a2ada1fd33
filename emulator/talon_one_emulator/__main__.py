"""The command line: ``talon-one-emulator serve``."""

from __future__ import annotations

import signal
import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from talon_one_emulator.api.middleware.authentication import DEFAULT_API_KEY, DEFAULT_MANAGEMENT_KEY, Keys
from talon_one_emulator.control import faults
from talon_one_emulator.control.notifier import NotifyTarget
from talon_one_emulator.control.switches import Switches, choices
from talon_one_emulator.seeds import NAMES, Seed
from talon_one_emulator.server import Settings, bind, build, url_of, web_server


@click.group()
@click.version_option(version("talon-one-connector"), prog_name="talon-one-emulator")
def cli() -> None:
    """Run a local Talon.One for development and tests."""


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option(
    "--port",
    default=8910,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 picks a free one.",
)
@click.option("--api-key", default=DEFAULT_API_KEY, show_default=True, help="Key of the Integration API.")
@click.option("--management-key", default=DEFAULT_MANAGEMENT_KEY, show_default=True, help="Key of the Management API.")
@click.option(
    "--db", type=click.Path(dir_okay=False, path_type=Path), help="Database file; without it, data is kept in memory."
)
@click.option(
    "--era", default="current", show_default=True, help="API version to emulate: seed (2023) or current (2026)."
)
@click.option("--seed", default="empty", show_default=True, help=f"Data to start with: {', '.join(NAMES)}.")
@click.option("--cards", default=10, show_default=True, help="Number of cards of the synthetic seed.")
@click.option("--transactions", default=10, show_default=True, help="Ledger rows per card of the synthetic seed.")
@click.option(
    "--profile-transactions", default=0, show_default=True, help="Ledger rows per profile of the synthetic seed."
)
@click.option(
    "--days",
    default=366,
    show_default=True,
    help="Days from 2024-01-01 over which the rows of the synthetic seed are spread; 0: they are a minute apart.",
)
@click.option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    help="Choose how undocumented behavior is emulated; repeatable.",
)
@click.option("--fault", "rules", multiple=True, metavar="ROUTE:KIND[:k=v,...]", help="Inject a fault; repeatable.")
@click.option(
    "--management-rate",
    default=3,
    show_default=True,
    help="Requests per second and management endpoint; 0 switches the limit off.",
)
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="Accept requests with this Host header, in addition to localhost and loopback addresses; repeatable.",
)
@click.option("--notify", metavar="URL", help="Receiver of notifications, like http://127.0.0.1:8920/notifications.")
@click.option(
    "--notify-header",
    "notify_headers",
    multiple=True,
    metavar="NAME:VALUE",
    help="Header of notifications; repeatable.",
)
def serve(**options: Any) -> None:
    """Serve until stopped. Print one line with the URL and the keys when ready."""
    try:
        settings = _settings(options)
        app, controller = build(settings)
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from error
    except sqlite3.Error as error:
        raise click.UsageError(f"--db {options['db']} cannot be used: {error}; name a new file") from error
    try:
        listener = bind(settings.host, settings.port)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise click.UsageError(
            f"cannot listen on {options['host']} port {options['port']}: {reason}; choose another --port, or stop the "
            "program that uses it"
        ) from error
    keys = settings.keys
    click.echo(f"ready url={url_of(listener)} api-key={keys.integration} management-key={keys.management}")
    sys.stdout.flush()
    # uvicorn shuts down on SIGTERM and SIGINT and then raises them again; these handlers turn that into a plain exit.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        web_server(app).run(sockets=[listener])
    finally:
        controller.close()


def _settings(options: dict[str, Any]) -> Settings:
    return Settings(
        host=options["host"],
        port=options["port"],
        keys=Keys(options["api_key"], options["management_key"]),
        era=options["era"],
        seed=Seed(
            options["seed"],
            options["cards"],
            options["transactions"],
            options["profile_transactions"],
            options["days"],
        ),
        switches=Switches().changed(**dict(map(_pair, options["switches"]))),
        faults=tuple(map(faults.parse, options["rules"])),
        management_rate=options["management_rate"],
        db=options["db"],
        allow_hosts=options["allow_hosts"],
        notify=_target(options["notify"], options["notify_headers"]),
    )


def _target(url: str | None, headers: tuple[str, ...]) -> NotifyTarget | None:
    pairs = [header.partition(":") for header in headers]
    if not all(colon for _, colon, _ in pairs):
        raise ValueError("a header must be NAME:VALUE")
    if headers and not url:
        raise ValueError("--notify-header needs --notify URL")
    if url and not url.startswith(("http://", "https://")):
        raise ValueError("--notify must be a URL that begins with http:// or https://")
    return NotifyTarget(url, {name.strip(): value.strip() for name, _, value in pairs}) if url else None


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"a switch must be NAME=VALUE, not {text!r}")
    if name not in choices():
        raise ValueError(f"unknown switch {name!r}{faults.hint(name, choices())}")
    return name, value


def main() -> None:
    """Run the command line."""
    cli(prog_name="talon-one-emulator")


if __name__ == "__main__":
    main()
