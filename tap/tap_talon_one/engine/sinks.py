"""Where the tap's rows go: RECORD messages, or files with BATCH messages about them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from talon_one_singer import ConfigError
from talon_one_singer.protocol.state import StateTicker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_singer import CatalogEntry, RunContext
    from talon_one_singer.protocol.batch_writer import BatchFiles
    from tap_talon_one.engine.sync import Sink


def singer_sink(context: RunContext) -> Sink:
    """The sink that the settings ask for.

    Raises:
        ConfigError: batch files are wanted and cannot be written.
    """
    settings = context.settings
    if not settings["batch"]:
        return RecordSink(context)
    if not settings["batch_directory"]:
        raise ConfigError("batch is set, so say where the files go: set batch_directory to a path or an fsspec URL")
    from talon_one_singer.protocol.batch_writer import BatchFiles

    return BatchSink(context, BatchFiles(settings["batch"], settings["batch_directory"]), settings["batch_rows"])


class RecordSink:
    """RECORD messages; a STATE every so many seconds and at the end."""

    def __init__(self, context: RunContext) -> None:
        self._writer = context.writer
        self._ticker = StateTicker(float(context.settings["state_interval_seconds"]), time.monotonic)

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any]) -> None:
        """Writes the SCHEMA."""
        bookmarks = [entry.replication_key] if entry.replication_key else []
        self._writer.schema(entry.stream, schema, entry.key_properties, bookmarks)

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Writes RECORDs."""
        self._writer.records(stream, rows)

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Writes a STATE if it is time."""
        if final or self._ticker.due():
            self._writer.state(state())


class BatchSink:
    """BATCH messages, each about a complete file; a STATE only after the files with all rows that belong to it."""

    def __init__(self, context: RunContext, files: BatchFiles, rows_per_file: int) -> None:
        self._writer, self._files, self._rows_per_file = context.writer, files, rows_per_file
        self._ticker = StateTicker(float(context.settings["state_interval_seconds"]), time.monotonic)
        self._schemas: dict[str, Mapping[str, Any]] = {}
        self._waiting: dict[str, list[bytes]] = {}

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any]) -> None:
        """Writes the SCHEMA of the rows in the files."""
        bookmarks = [entry.replication_key] if entry.replication_key else []
        self._schemas[entry.stream] = schema
        self._writer.schema(entry.stream, self._files.schema(schema), entry.key_properties, bookmarks)

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Keeps rows, and writes the files that are full."""
        waiting = self._waiting.setdefault(stream, [])
        waiting.extend(rows)
        while len(waiting) >= self._rows_per_file:
            self._write(stream, waiting[: self._rows_per_file])
            del waiting[: self._rows_per_file]

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Writes the rows that wait, then a STATE, if it is time."""
        if final or self._ticker.due():
            value = state()
            waiting, self._waiting = self._waiting, {}
            for stream, rows in waiting.items():
                if rows:
                    self._write(stream, rows)
            self._writer.state(value)

    def _write(self, stream: str, rows: Sequence[bytes]) -> None:
        url = self._files.write(stream, self._schemas[stream], rows)
        self._writer.batch(stream, self._files.encoding, [url])
