"""Runs of the tap's engine that write no Singer messages."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_client.connection.client_factory import client_from_settings
from talon_one_singer import Catalog, ConfigError, RunContext
from talon_one_singer.protocol.message_writer import MessageWriter
from talon_one_singer.reporting.metrics import Metrics
from talon_one_singer.reporting.progress import progress_for
from tap_talon_one.engine.sync import Engine
from tap_talon_one.tap import NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_singer import CatalogEntry
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.protocol.state import State
    from talon_one_singer.reporting.logs import Redactor
    from tap_talon_one.engine.sinks import Sink


@dataclass(frozen=True, slots=True)
class TapRun:
    """A run of the tap whose rows go into a sink."""

    settings: Mapping[str, Any]
    entries: Sequence[CatalogEntry]
    context: RunContext
    sink: Sink

    def run(self) -> None:
        """Read all streams.

        Raises:
            SomeStreamsFailed, ConfigError, TalonOneError: see tap_talon_one.engine.sync.Engine.run.
            WarehouseError: the rows cannot be merged.
        """
        context = self.context
        _raise_if_about_messages(self.settings)
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


def _raise_if_about_messages(settings: Mapping[str, Any]) -> None:
    """Refuse settings without which rows would be loaded that a map leaves out or hides."""
    for name in ("stream_maps", "flattening_enabled", "add_record_metadata"):
        if settings[name]:
            raise ConfigError(
                f"the setting {name} changes Singer messages, and this run writes none; remove it, and use "
                "hash_fields, a catalog or the SQL of the warehouse instead"
            )


def run_context(settings: Mapping[str, Any], state: State, stop: StopSignal, redact: Redactor) -> RunContext:
    """Return the context of a run that writes no Singer messages."""
    metrics = Metrics(time.monotonic)
    progress = progress_for(metrics, time.monotonic)
    return RunContext(settings, Catalog(), state, MessageWriter(io.BytesIO()), metrics, progress, stop, redact)
