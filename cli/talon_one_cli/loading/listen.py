"""``talon-one listen``: receive Talon.One's notifications and merge them into a warehouse."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import schema_option
from talon_one_singer.cli.output import say
from talon_one_singer.reporting.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_singer.cli.signals import StopSignal

_WEB_SERVER = ("prometheus_client", "starlette", "uvicorn")
_SHOWN = 10  # notifications that were rejected again


@click.command()
@click.option(
    "--to",
    "url",
    required=True,
    envvar="TALON_ONE_TO",
    show_envvar=True,
    metavar="URL",
    help="URL of the warehouse, like duckdb:///loyalty.duckdb.",
)
@schema_option
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. One that other machines can reach needs a secret: set TALON_ONE_LISTEN_TOKEN, or "
    "TALON_ONE_LISTEN_USER and TALON_ONE_LISTEN_PASSWORD.",
)
@click.option(
    "--port", default=8920, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 picks a free one."
)
@click.option(
    "--header",
    default="Authorization",
    show_default=True,
    metavar="NAME",
    help="Header that has the token as its value.",
)
@click.option(
    "--journal",
    default="talon-one-notifications.journal",
    show_default=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that keeps notifications until they are in the warehouse. Put it on a disk that outlives the process.",
)
@click.option(
    "--every",
    "every_s",
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(0.05, 3600),
    help="Time between two merges into the warehouse.",
)
@click.option(
    "--max-pending",
    default=100_000,
    show_default=True,
    metavar="COUNT",
    type=click.IntRange(1),
    help="Notifications that may wait for the warehouse; more are answered with 503, so that they are sent again.",
)
@click.option(
    "--retry-rejected",
    is_flag=True,
    help="Merge the rejected notifications again, and receive none. Use it after an update that knows their type.",
)
def listen(**options: Any) -> None:
    """Receive notifications of Talon.One and merge them into a warehouse.

    POST /notifications answers 200 when the notification is on the disk; /health and /metrics say how it goes. SIGTERM
    or Ctrl-C ends the command after the last merge.

    Exit codes: 1 the journal is in use, or notifications are in the journal only, and the next start loads them, or
    with --retry-rejected some were rejected again; 2
    something must be corrected in the options, the environment or the URL; 130 and 143 ended by a signal, with
    everything loaded.
    """
    from talon_one_cli.command import guarded_run

    click.get_current_context().exit(
        guarded_run("talon-one listen", lambda stop, redact: _listen(options, stop, redact))
    )


def _listen(options: Mapping[str, Any], stop: Any, redact: Any) -> None:
    from talon_one_singer.cli.process import keep_pandas_out
    from talon_one_singer.errors import ConfigError

    keep_pandas_out()
    if options["retry_rejected"]:
        _retry_rejected(options["url"], options["schema"], stop)
        return
    try:
        from talon_one_receiver.authentication import Credentials
        from talon_one_receiver.intake import Limits
        from talon_one_receiver.server import Settings, serve
    except ModuleNotFoundError as error:
        if error.name not in _WEB_SERVER:
            raise
        raise ConfigError(f"{error.name} is not installed; run: pip install 'talon-one-connector[listen]'") from None
    credentials = Credentials.from_environment(os.environ, options["header"])
    for secret in credentials.secrets:
        redact.add(secret)
    settings = Settings(
        url=options["url"],
        schema=options["schema"],
        journal=options["journal"],
        host=options["host"],
        port=options["port"],
        every_s=options["every_s"],
        credentials=credentials,
        limits=Limits(pending=options["max_pending"]),
    )
    serve(settings, stop, lambda url: say(f"listening on {url}"))
    stop.check()


def _retry_rejected(url: str, schema: str, stop: StopSignal) -> None:
    from talon_one_receiver.stored.replay import NotReplayed, replay
    from talon_one_warehouse import open_warehouse

    with open_warehouse(url, schema=schema) as warehouse:
        done = replay(warehouse, stop.check)
    say(f"{done.merged:,} merged, {len(done.rejected):,} rejected again, {done.incomplete:,} without their exact body")
    for one, why in done.rejected[:_SHOWN]:
        say(f"{one.id}: {why.reason}", err=True)
    if done.rejected or done.incomplete:
        left = len(done.rejected) + done.incomplete
        raise NotReplayed(
            f"{counted(left, 'notification is', 'notifications are')} still in notifications_rejected, with the reason"
        )
