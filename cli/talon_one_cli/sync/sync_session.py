"""What plan, apply, push, verify and retry share: a client, a store, and the rows of the sources."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from talon_one_cli.options import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from talon_one_cli.sync.sync_file import SyncFile
    from talon_one_client.client import TalonOneClient
    from talon_one_singer.cli.signals import StopSignal
    from target_talon_one.store.store import Store
    from target_talon_one.sync.run import SyncRun

F = TypeVar("F", bound="Callable[..., Any]")


def sync_options(command: F) -> F:
    """Adds the SYNC.yml and ``--config``."""
    config = click.option(
        "--config",
        multiple=True,
        metavar="FILE",
        help="JSON file with base_url, api_key, management_key and other settings; again to add. The environment "
        "(TALON_ONE_API_KEY, TALON_ONE_MANAGEMENT_KEY, ...) is always read and wins.",
    )
    return click.argument("sync_file", metavar="SYNC.yml")(config(command))


@contextmanager
def opened(settings: Mapping[str, Any], stop: StopSignal) -> Iterator[tuple[TalonOneClient, Store]]:
    """A client and a store for settings."""
    from talon_one_client.connection.client_factory import client_from_settings
    from target_talon_one.store.opening import open_store

    with (
        client_from_settings(settings, PROGRAM, stop=stop.check) as client,
        open_store(settings["store"]) as store,
    ):
        yield client, store


@contextmanager
def sync_run(
    client: TalonOneClient, store: Store, settings: Mapping[str, Any], stop: StopSignal, command: str
) -> Iterator[SyncRun]:
    """A run with the options of the settings."""
    from target_talon_one.config.options import SyncOptions
    from target_talon_one.sync.run import SyncRun

    with SyncRun(client, store, SyncOptions.of(settings), command=command, check=stop.check) as run:
        yield run


def read_sources(file: SyncFile, run: SyncRun, stop: StopSignal, *, rendered: bool = False) -> None:
    """Every row of every source into its destination; a source that breaks off ends the run before anything is sent.

    Args:
        file: names the sources.
        run: takes the rows.
        stop: looked at between parts.
        rendered: see open_source.

    Raises:
        WarehouseConfigError, WarehouseError: a source cannot be read.
        ConfigError, GuardError: a destination cannot be as it is set.
    """
    from talon_one_singer.reporting.redaction import shown_url
    from talon_one_singer.settings.input_limits import InputLimits
    from talon_one_warehouse import open_source

    limits = InputLimits.of(file.settings)
    for sync in file.syncs:
        with open_source(sync.source, limits=limits, rendered=rendered) as source:
            feed = run.open(sync.destination, columns=source.columns, source=shown_url(sync.source.url))
            count = 0
            for rows in source.rows():
                stop.check()
                feed.add(rows, [f"row {number}" for number in range(count + 1, count + len(rows) + 1)])
                count += len(rows)
            feed.complete = True
