"""The tap's engine into a warehouse: the one that is given, or one that is forgotten afterwards."""

from __future__ import annotations

import io
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talon_one_singer import CatalogEntry, RunContext
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.protocol.state import State
    from talon_one_singer.reporting.logs import Redactor
    from talon_one_warehouse import Warehouse
    from tap_talon_one.engine.sinks import Sink

SCRATCH_SCHEMA = "talon_one"


@dataclass(frozen=True, slots=True)
class Reading:
    """A run of the tap that ends in a warehouse, or in memory."""

    settings: Mapping[str, Any]
    entries: Sequence[CatalogEntry]
    context: RunContext
    sink: Sink

    def run(self) -> None:
        """Read.

        Raises:
            SomeStreamsFailed, ConfigError, TalonOneError: see tap_talon_one.engine.sync.Engine.run.
            WarehouseError: the rows cannot be merged.
        """
        from talon_one_client.connection.client_factory import client_from_settings
        from tap_talon_one.engine.sync import Engine
        from tap_talon_one.tap import NAME

        context = self.context
        try:
            with client_from_settings(self.settings, NAME, metrics=context.metrics, stop=context.stop.check) as client:
                Engine(
                    settings=self.settings,
                    client=client,
                    entries=self.entries,
                    state=context.state,
                    sink=self.sink,
                    metrics=context.metrics,
                    progress=context.progress,
                    stop=context.stop.check,
                ).run()
        finally:
            context.progress.close()


def run_context(settings: Mapping[str, Any], state: State, stop: StopSignal, redact: Redactor) -> RunContext:
    """A context for a run that writes no Singer messages."""
    from talon_one_singer import Catalog, RunContext
    from talon_one_singer.protocol.message_writer import MessageWriter
    from talon_one_singer.reporting.metrics import Metrics
    from talon_one_singer.reporting.progress import progress_for

    metrics = Metrics(time.monotonic)
    progress = progress_for(metrics, time.monotonic)
    return RunContext(settings, Catalog(), state, MessageWriter(io.BytesIO()), metrics, progress, stop, redact)


@contextmanager
def scratch(
    settings: Mapping[str, Any], streams: Sequence[str], stop: StopSignal, redact: Redactor
) -> Iterator[Warehouse]:
    """A warehouse in a temporary directory that holds those of the streams that can be read.

    Raises:
        ConfigError: none of them can be read as it is set.
        TalonOneError, SomeStreamsFailed, WarehouseError: see Reading.run.
    """
    from talon_one_loading.sink import WarehouseSink
    from talon_one_loading.stream_selection import chosen_entries
    from talon_one_singer.protocol.state import State
    from talon_one_singer.temporary_folders import TemporaryFolder
    from talon_one_warehouse import open_warehouse
    from tap_talon_one.tap import nothing_selected

    entries = [entry for entry in chosen_entries(settings, None) if entry.stream in streams]
    if not entries:
        raise nothing_selected(settings)
    with (
        TemporaryFolder("scratch") as folder,
        open_warehouse(f"duckdb:///{folder}/scratch.duckdb", schema=SCRATCH_SCHEMA) as warehouse,
    ):
        context = run_context(settings, State(None), stop, redact)
        Reading(settings, entries, context, WarehouseSink(warehouse)).run()
        yield warehouse
