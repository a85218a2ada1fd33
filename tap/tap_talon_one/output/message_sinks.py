"""The sinks that write RECORD or BATCH messages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from talon_one_singer import ConfigError
from talon_one_singer.maps.stream_maps import stream_maps
from talon_one_singer.protocol.batch_writer import BatchFiles
from talon_one_singer.protocol.state import StateTicker
from tap_talon_one.output.mapped_sink import MappedSink
from tap_talon_one.output.record_metadata import record_metadata
from tap_talon_one.streams import READ_WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_client.paging.windows import Window
    from talon_one_singer import CatalogEntry, RunContext
    from tap_talon_one.engine.sinks import Sink


def singer_sink(context: RunContext) -> Sink:
    """Return the sink that the settings select.

    Raises:
        ConfigError: batch files are selected and cannot be written, or the maps do not fit the streams.
    """
    maps, sink = stream_maps(context.settings), _message_sink(context)
    return sink if maps is None else MappedSink(sink, maps, context)


def _message_sink(context: RunContext) -> Sink:
    settings = context.settings
    if not settings["batch"]:
        return RecordSink(context)
    if not settings["batch_directory"]:
        raise ConfigError("batch is set, so also set batch_directory to a path or an fsspec URL for the files")

    return BatchSink(context, BatchFiles(settings["batch"], settings["batch_directory"]), settings["batch_rows"])


class RecordSink:
    """Writes RECORD messages, and a STATE at intervals and at the end.

    The rows of streams that are read whole have a version, which is that of the run: ACTIVATE_VERSION after a complete
    read lets the target remove the rows of earlier versions.
    """

    def __init__(self, context: RunContext) -> None:
        self._writer = context.writer
        self._ticker = StateTicker(float(context.settings["state_interval_seconds"]), time.monotonic)
        self._has_versions = context.settings["deleted_rows"] != "keep"
        self._version = time.time_ns() // 1_000_000
        self._versions: dict[str, int | None] = {}
        self._metadata = record_metadata(context.settings, self._version)

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any], *, whole: bool) -> None:
        """Write the SCHEMA."""
        del whole  # rows of an incomplete read have a version too, so that a later complete read removes them
        versioned = self._has_versions and entry.tap_stream_id in READ_WHOLE
        self._versions[entry.stream] = self._version if versioned else None
        bookmarks = [entry.replication_key] if entry.replication_key else []
        complete = self._metadata.schema(schema) if self._metadata else schema
        self._writer.schema(entry.stream, complete, entry.key_properties, bookmarks)

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Write RECORDs."""
        version, extracted = self._versions[stream], None
        if self._metadata:
            rows, extracted = self._metadata.rows(rows, version)
        self._writer.records(stream, rows, extracted, version)

    def read_whole(self, stream: str, within: Mapping[str, Sequence[int] | Window]) -> None:
        """Write ACTIVATE_VERSION, which is about all rows of a stream."""
        if not within:
            self._writer.activate_version(stream, self._version)

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Write a STATE if one is due."""
        if final or self._ticker.due():
            self._writer.state(state())


class BatchSink:
    """Writes BATCH messages, each for a complete file, and a STATE only after all files that it covers."""

    def __init__(self, context: RunContext, files: BatchFiles, rows_per_file: int) -> None:
        self._writer, self._files, self._rows_per_file = context.writer, files, rows_per_file
        self._ticker = StateTicker(float(context.settings["state_interval_seconds"]), time.monotonic)
        self._metadata = record_metadata(context.settings, time.time_ns() // 1_000_000)
        self._schemas: dict[str, Mapping[str, Any]] = {}
        self._waiting: dict[str, list[bytes]] = {}

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any], *, whole: bool) -> None:
        """Write the SCHEMA of the rows in the files."""
        del whole
        bookmarks = [entry.replication_key] if entry.replication_key else []
        self._schemas[entry.stream] = complete = self._metadata.schema(schema) if self._metadata else schema
        self._writer.schema(entry.stream, self._files.schema(complete), entry.key_properties, bookmarks)

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Keep rows, and write a file for each full batch."""
        waiting = self._waiting.setdefault(stream, [])
        waiting.extend(self._metadata.rows(rows, None)[0] if self._metadata else rows)
        while len(waiting) >= self._rows_per_file:
            self._write(stream, waiting[: self._rows_per_file])
            del waiting[: self._rows_per_file]

    def read_whole(self, stream: str, within: Mapping[str, Sequence[int] | Window]) -> None:
        """Do nothing: rows in files have no version, so that a target could not tell which of its rows are gone."""

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Write the remaining rows and then a STATE, if one is due."""
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
