"""Open the client, the store and the run of a sync command, and read the sources."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from talon_one_cli.connection_settings import PROGRAM
from talon_one_client.connection.client_factory import client_from_settings
from talon_one_singer.cli.process import keep_pandas_out
from talon_one_singer.reporting.redaction import shown_url
from talon_one_singer.settings.input_limits import InputLimits
from talon_one_warehouse import open_source
from target_talon_one.config.options import SyncOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from talon_one_cli.progress import SyncProgress
    from talon_one_cli.sync.sync_file import SyncFile
    from talon_one_client.client import TalonOneClient
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.metrics import Metrics
    from target_talon_one.store.store import Store
    from target_talon_one.sync.run import SyncRun


@contextmanager
def opened(
    settings: Mapping[str, Any], stop: StopSignal, metrics: Metrics | None = None
) -> Iterator[tuple[TalonOneClient, Store]]:
    """Open the client and the store of the settings; ``metrics`` counts the requests."""
    from target_talon_one.store.opening import open_store  # needs duckdb, which is an extra

    keep_pandas_out()
    with (
        client_from_settings(settings, PROGRAM, metrics=metrics, stop=stop.check) as client,
        open_store(settings["store"]) as store,
    ):
        yield client, store


@contextmanager
def sync_run(
    client: TalonOneClient, store: Store, settings: Mapping[str, Any], stop: StopSignal | SyncProgress, command: str
) -> Iterator[SyncRun]:
    """Start a run with the options of the settings; ``command`` is its name in the history."""
    from talon_one_warehouse.sync_log import logged
    from target_talon_one.sync.run import SyncRun  # needs duckdb, which is an extra

    hashed = settings["log_keys"] == "hashed"
    with (
        logged(store.log, None if command == "plan" else settings["log_to"], hashed=hashed),
        SyncRun(client, store, SyncOptions.of(settings), command=command, check=stop.check) as run,
    ):
        yield run


def read_sources(file: SyncFile, run: SyncRun, stop: StopSignal | SyncProgress, *, rendered: bool = False) -> None:
    """Read every row of every source. A source that fails ends the run before anything is sent.

    Args:
        file: names the sources.
        run: receives the rows.
        stop: checked between batches of rows.
        rendered: see talon_one_warehouse.open_source.

    Raises:
        WarehouseConfigError, WarehouseError: a source cannot be read.
        ConfigError, GuardError: a setting of a destination cannot be used.
    """
    limits = InputLimits.of(file.settings)
    for sync in file.syncs:
        with open_source(sync.source, limits=limits, rendered=rendered) as source:
            destination_run = run.open(sync.destination, columns=source.columns, source=shown_url(sync.source.url))
            count = 0
            for block in source.blocks():
                stop.check()
                destination_run.add_block(block, [f"row {n}" for n in range(count + 1, count + len(block) + 1)])
                count += len(block)
            destination_run.close_source(complete=True)
