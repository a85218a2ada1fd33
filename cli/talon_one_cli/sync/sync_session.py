"""Open the client, the store and the run of a sync command, and read the sources."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from talon_one_cli.connection_settings import PROGRAM
from talon_one_client.connection.client_factory import client_from_settings
from talon_one_singer.cli.process import keep_pandas_out
from talon_one_singer.reporting.redaction import shown_url
from talon_one_singer.settings.input_limits import InputLimits
from talon_one_warehouse import WarehouseError, open_source
from target_talon_one.config.options import SyncOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from talon_one_cli.report.run_report import RunReport
    from talon_one_cli.sync.sync_file import StoreInSource, Sync, SyncFile
    from talon_one_client.client import TalonOneClient
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.metrics import Metrics
    from target_talon_one.store.store import Store
    from target_talon_one.sync.run import SyncRun
    from target_talon_one.sync_progress import SyncProgress


@contextmanager
def opened(
    settings: Mapping[str, Any], stop: StopSignal, metrics: Metrics | None = None, *, unsaved: bool = False
) -> Iterator[tuple[TalonOneClient, Store]]:
    """Open the client and the store of the settings; ``metrics`` counts the requests; ``unsaved``: see open_store."""
    keep_pandas_out()
    with (
        client_from_settings(settings, PROGRAM, metrics=metrics, stop=stop.check) as client,
        opened_store(settings["store"], unsaved=unsaved) as store,
    ):
        yield client, store


def opened_store(location: str | StoreInSource, *, unsaved: bool = False) -> Store:
    """Open the store at a location, or in the database of the sources; ``unsaved``: see open_store."""
    from target_talon_one.store.opening import open_store  # needs duckdb, which is an extra

    if isinstance(location, str):
        return open_store(location, unsaved=unsaved)
    from talon_one_warehouse.in_source.tables import SourceTables
    from target_talon_one.config.store_names import slug
    from target_talon_one.store.in_source.source_store import open_source_store

    name = slug(location.name) if location.name else ""
    return open_source_store(SourceTables(location.url, location.schema, name, unsaved=unsaved), name=name)


@contextmanager
def sync_run(
    client: TalonOneClient, store: Store, settings: Mapping[str, Any], stop: StopSignal | SyncProgress, command: str
) -> Iterator[SyncRun]:
    """Start a run with the options of the settings; ``command`` is its name in the history."""
    from talon_one_warehouse.sync_log import log_place, logged
    from target_talon_one.sync.run import SyncRun  # needs duckdb, which is an extra

    hashed = settings["log_keys"] == "hashed"
    with (
        logged(store.log, log_place(None if command in ("plan", "verify") else settings["log_to"]), hashed=hashed),
        SyncRun(client, store, SyncOptions.of(settings), command=command, check=stop.check) as run,
    ):
        yield run


@contextmanager
def rows_read(file: SyncFile, stop: StopSignal, command: str, page: RunReport | None = None) -> Iterator[SyncRun]:
    """Start a run and read every row of every source; the progress is shown until the block ends.

    Args:
        file: the syncs.
        stop: ends the run.
        command: its name in the history.
        page: a report, which gets what the run did, also if the block raises an error.

    Raises:
        WarehouseConfigError, WarehouseError: a source cannot be read.
        ConfigError, GuardError: a setting of a destination cannot be used.
    """
    from talon_one_cli.guards_for_one_run import options_named
    from talon_one_cli.progress import shown_progress
    from talon_one_cli.report.timeline import Timeline

    timeline = None if page is None else Timeline()
    with (
        options_named(),
        shown_progress(stop, timeline) as progress,
        opened(file.settings, stop, progress.metrics, unsaved=command == "plan") as (client, store),
        sync_run(client, store, file.settings, progress, command) as run,
    ):
        progress.run = run
        try:
            read_sources(file, run, store, progress)
            yield run
        finally:
            if page is not None and timeline is not None:
                page.note_syncs(run, store, timeline)


def read_sources(
    file: SyncFile, run: SyncRun, store: Store, stop: StopSignal | SyncProgress, *, rendered: bool = False
) -> None:
    """Read every row of every source, or those that differ if the store is there.

    A source that fails ends the run before anything is sent.

    Args:
        file: names the sources.
        run: receives the rows.
        store: of the run.
        stop: checked between batches of rows.
        rendered: see talon_one_warehouse.open_source.

    Raises:
        WarehouseConfigError, WarehouseError: a source cannot be read.
        ConfigError, GuardError: a setting of a destination cannot be used.
    """
    if store.source_rows:
        _read_differences(file, run, store, stop, rendered=rendered)
        return
    limits = InputLimits.of(file.settings)
    for sync in file.syncs:
        with _named(file, sync), open_source(sync.source, limits=limits, rendered=rendered) as source:
            destination_run = run.open(sync.destination, columns=source.columns, source=shown_url(sync.source.url))
            count = 0
            for block in source.blocks():
                stop.check()
                destination_run.add_block(block, [f"row {n}" for n in range(count + 1, count + len(block) + 1)])
                count += len(block)
            destination_run.close_source(complete=True)


def _read_differences(
    file: SyncFile, run: SyncRun, store: Store, stop: StopSignal | SyncProgress, *, rendered: bool
) -> None:
    for sync in file.syncs:
        with _named(file, sync):
            _read_difference_of(sync, run, store, stop, rendered=rendered)


def _read_difference_of(
    sync: Sync, run: SyncRun, store: Store, stop: StopSignal | SyncProgress, *, rendered: bool
) -> None:
    from target_talon_one.sync.reading.source_difference import read_difference

    assert store.source_rows is not None
    source = store.source_rows.tables.open(sync.source, rendered=rendered)
    destination = run.open(sync.destination, columns=source.columns, source=shown_url(sync.source.url))
    read_difference(destination, store, source, check=stop.check, everything=rendered)


@contextmanager
def _named(file: SyncFile, sync: Sync) -> Iterator[None]:
    """Put the file and the name of a sync before the message of an error of its source."""
    try:
        yield
    except WarehouseError as error:
        error.args = (f"{file.path}: syncs.{sync.name}: {error}",)
        raise
