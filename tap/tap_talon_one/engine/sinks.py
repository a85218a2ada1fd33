"""The output of the tap: what the settings change in rows, and the sinks that write RECORD or BATCH messages."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from talon_one_singer import ConfigError
from talon_one_singer.protocol.batch_writer import BatchFiles
from talon_one_singer.protocol.selection import selected_schema
from talon_one_singer.protocol.state import StateTicker
from tap_talon_one.streams import READ_WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_client.paging.windows import Window
    from talon_one_singer import CatalogEntry, RunContext
    from talon_one_singer.protocol.encoded_selection import RawMask
    from talon_one_singer.reporting.metrics import Metrics
    from tap_talon_one.rows.hashing import FieldHashes
    from tap_talon_one.rows.main_ledger import MainLedgerName


class Sink(Protocol):
    """A receiver of rows: Singer messages or a warehouse."""

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any], *, whole: bool) -> None:
        """Prepare for the rows of a stream, which have this schema.

        Args:
            entry: the stream.
            schema: of its rows.
            whole: all rows of the stream are to be read; if they are, ``read_whole`` is called.
        """

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Take rows of a stream, each an encoded JSON object.

        Raises:
            RowRefused: the sink cannot hold one of the rows, and has taken none of them.
        """

    def read_whole(self, stream: str, within: Mapping[str, Sequence[int] | Window]) -> None:
        """Take note that the rows so far are all rows of a stream: other rows are gone at the source.

        Args:
            stream: the stream.
            within: integers, or a span of instants, by field; nothing is known of rows with others. {}: all rows were
                read.
        """

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Store the state, which covers all rows so far; the sink may postpone it unless ``final``."""


@dataclass(frozen=True, slots=True)
class RowOutput:
    """The rows of a run on their way to the sink, with hashed fields and a name for the main ledger.

    Attributes:
        sink: receives the rows.
        metrics: counts the rows.
        hashes: hashes personal data.
        main_ledger: names the main ledger, whose subledgerId is empty.
    """

    sink: Sink
    metrics: Metrics
    hashes: FieldHashes
    main_ledger: MainLedgerName

    def open(self, entry: CatalogEntry, *, whole: bool) -> None:
        """Prepare the sink for the rows of a stream; for ``whole`` see Sink."""
        self.sink.open(entry, self.hashes.schema(entry.stream, selected_schema(entry)), whole=whole)

    def write(self, stream: str, rows: list[bytes], mask: RawMask | None) -> None:
        """Write rows without the fields that are not selected.

        Raises:
            RowRefused: the sink cannot hold one of the rows, and has taken none of them.
        """
        selected = mask(rows) if mask else rows
        self.sink.rows(stream, self.hashes.rows(stream, self.main_ledger.rows(stream, selected)))
        self.metrics.records(stream, len(rows))


def singer_sink(context: RunContext) -> Sink:
    """Return the sink that the settings select.

    Raises:
        ConfigError: batch files are selected and cannot be written.
    """
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
        self._versioned = READ_WHOLE if context.settings["deleted_rows"] != "keep" else frozenset()
        self._version = time.time_ns() // 1_000_000

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any], *, whole: bool) -> None:
        """Write the SCHEMA."""
        del whole  # rows of an incomplete read have a version too, so that a later complete read removes them
        bookmarks = [entry.replication_key] if entry.replication_key else []
        self._writer.schema(entry.stream, schema, entry.key_properties, bookmarks)

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Write RECORDs."""
        self._writer.records(stream, rows, version=self._version if stream in self._versioned else None)

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
        self._schemas: dict[str, Mapping[str, Any]] = {}
        self._waiting: dict[str, list[bytes]] = {}

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any], *, whole: bool) -> None:
        """Write the SCHEMA of the rows in the files."""
        del whole
        bookmarks = [entry.replication_key] if entry.replication_key else []
        self._schemas[entry.stream] = schema
        self._writer.schema(entry.stream, self._files.schema(schema), entry.key_properties, bookmarks)

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Keep rows, and write a file for each full batch."""
        waiting = self._waiting.setdefault(stream, [])
        waiting.extend(rows)
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
