"""Handles Singer messages: schemas open destinations, records are staged, states wait until their rows are safe."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_singer.errors import ConfigError
from talon_one_singer.protocol.messages import BadLine, RecordLines, SchemaLine, StateLine, VersionLine
from talon_one_singer.settings.json_files import nearest
from talon_one_singer.validation.validator import validator
from target_talon_one.errors import IncompleteError, SyncConfigError
from target_talon_one.sync.destination_run import SourceState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_singer.protocol.messages import Message
    from talon_one_singer.validation.validator import Validator
    from target_talon_one.config.destination_config import DestinationConfig
    from target_talon_one.sync.destination_run import DestinationRun
    from target_talon_one.sync.run import SyncRun
    from target_talon_one.sync.sending.delivery import Waiting

logger = logging.getLogger(__name__)

ROWS_OF_FIRST_FLUSH = 10_000
_PROBLEMS_SHOWN = 20


@dataclass(slots=True)
class _Stream:
    """A stream whose SCHEMA has arrived.

    Attributes:
        destination: receives the rows of the stream.
        validator: says why a row breaks the schema.
        columns: columns of all its SCHEMA messages, in order.
        key_properties: key properties of its SCHEMA messages.
        activated: an ACTIVATE_VERSION message has followed its rows.
        version: version of its last rows.
    """

    destination: DestinationRun
    validator: Validator
    columns: dict[str, None]
    key_properties: tuple[str, ...]
    activated: bool = False
    version: int | None = None


class MessageHandler:
    """Handles the messages of one input in their order.

    Args:
        run: receives the rows.
        destinations: the destination of each stream.
        emit_state: called with a state once everything before it is sent or in the rejects.
        rows_per_flush: without a mirror, reading goes on while rows are sent, until this many are waiting.
        ignore_unknown: streams without a destination are ignored instead of reported.
    """

    def __init__(
        self,
        run: SyncRun,
        destinations: Mapping[str, DestinationConfig],
        emit_state: Callable[[Mapping[str, Any]], None],
        *,
        rows_per_flush: int,
        ignore_unknown: bool,
    ) -> None:
        self._run, self._destinations, self._emit_state = run, destinations, emit_state
        self._rows_per_flush, self._ignore_unknown = rows_per_flush, ignore_unknown
        self._streams: dict[str, _Stream] = {}
        self._mirrors = any(destination.mirror for destination in destinations.values())
        self._state: Mapping[str, Any] | None = None
        self._state_being_sent: Mapping[str, Any] | None = None  # its rows are sent or being sent
        self._rows_of_next_flush = ROWS_OF_FIRST_FLUSH
        self._last_is_state = False
        self._lost = False  # rows were dropped that are not in the rejects, so that no later state is emitted
        self.problems: list[str] = []
        self._unknown_streams: set[str] = set()

    def handle(self, message: Message) -> None:
        """Handle one message.

        Raises:
            ConfigError: a stream cannot be sent with its settings.
            SyncError: the rows so far could not be sent.
        """
        self._last_is_state = isinstance(message, StateLine)
        match message:
            case RecordLines():
                self._handle_records(message)
            case StateLine():
                if not self._lost:
                    self._state = message.value
            case SchemaLine():
                self._handle_schema(message)
            case VersionLine():
                self._handle_version(message)
            case _:
                self._handle_bad(message)

    def close(self) -> None:
        """Decide, at the end of the input, which mirrors were read completely."""
        for name, stream in self._streams.items():
            destination = stream.destination
            if destination.config.mirror and destination.source is SourceState.OPEN:
                complete = self._was_complete(name, stream)
                destination.close_source(complete=complete)
                if not complete:
                    logger.warning(
                        "%s: the input does not show that its source was read to the end, so no row is removed; the "
                        "stream must end with ACTIVATE_VERSION or a STATE, or set closed_by: end",
                        name,
                    )
        for name in self._destinations:
            if name not in self._streams:
                logger.warning(
                    "the input has no stream %r, so nothing is changed at its destination; check what the tap selects",
                    name,
                )

    def emit_safe_state(self) -> None:
        """Emit the state of the last flush: all rows before it are sent or in the rejects.

        There must be no rows that are still being sent.
        """
        if self._state_being_sent is not None and not self._run.lost:
            self._emit_state(self._state_being_sent)
        self._state_being_sent = None

    def proceed(self) -> Waiting | None:
        """Go on with sending, without waiting, and return the requests in flight; None if nothing is being sent.

        Raises:
            IncompleteError: rows are still to do.
        """
        in_flight = self._run.proceed()
        if in_flight is None:
            self.emit_safe_state()
        return in_flight

    def flush(self) -> None:
        """Send all rows, and emit the last state.

        Raises:
            GuardError: a guard stops the run.
            IncompleteError: rows are still to do.
        """
        self._run.wait()
        self.emit_safe_state()
        self._run.flush()
        self._state, self._state_being_sent = None, self._state
        self.emit_safe_state()

    def raise_if_incomplete(self) -> None:
        """Raise an error if something was wrong with the input.

        Raises:
            IncompleteError: one line for each problem.
        """
        if self.problems:
            shown, more = self.problems[:_PROBLEMS_SHOWN], len(self.problems) - _PROBLEMS_SHOWN
            raise IncompleteError(*shown, *([f"and {more:,} more, see the rejects"] if more > 0 else []))

    def _handle_schema(self, message: SchemaLine) -> None:
        config = self._destinations.get(message.stream)
        if config is None:
            self._note_unknown_stream(message.stream, f"line {message.line}")
            return
        known = self._streams.get(message.stream)
        try:
            rules = validator(message.schema)
        except ConfigError as error:
            raise ConfigError(f"line {message.line}: {error}") from error
        columns = dict.fromkeys(message.schema.get("properties", {}))
        if known:
            self._add_columns(known, message, columns)
            known.validator = rules
            return
        destination = self._run.open(
            config,
            columns=list(columns) or None,
            key_properties=message.key_properties,
            more_columns=True,
            source=f"the stream {message.stream}",
        )
        self._streams[message.stream] = _Stream(destination, rules, columns, message.key_properties)

    def _add_columns(self, stream: _Stream, message: SchemaLine, columns: dict[str, None]) -> None:
        """Add the columns of a later SCHEMA to those known, so that rows before and after it fit."""
        if message.key_properties != stream.key_properties:
            before, now = (", ".join(keys) or "none" for keys in (stream.key_properties, message.key_properties))
            raise SyncConfigError(
                f"line {message.line}: the key_properties of {message.stream} change from {before} to {now} within the "
                "input, so rows before and after it cannot be matched; correct the tap and run it again"
            )
        if columns.keys() <= stream.columns.keys():
            return
        stream.columns |= columns
        source = f"the stream {message.stream}"
        self._run.change_columns(stream.destination, list(stream.columns), stream.key_properties, source=source)

    def _handle_records(self, message: RecordLines) -> None:
        stream = self._streams.get(message.stream)
        if stream is None:
            self._drop_records_without_schema(message)
            return
        stream.version = message.version
        if stream.validator.accepts(message.rows):
            stream.destination.add(message.rows, message.origins)
        else:
            self._add_checked(stream, message)
        self._flush_if_due()

    def _add_checked(self, stream: _Stream, message: RecordLines) -> None:
        """Add valid and invalid rows in their order, because of rows with one key the last one counts."""
        destination = stream.destination
        for row, origin in zip(message.rows, message.origins, strict=True):
            # A log-based tap may send only the key of a deleted row.
            reason = None if destination.mapper.is_deleted(row) else stream.validator(row)
            if reason is None:
                destination.add([row], [origin])
            else:
                destination.add_invalid(row, origin, f"the row breaks the stream's schema: {reason}")

    def _flush_if_due(self) -> None:
        """Send what is waiting while further rows are read: first few rows, so that sending begins early."""
        if self._mirrors:
            return
        waiting = sum(stream.destination.waiting for stream in self._streams.values())
        if waiting >= self._rows_per_flush:
            self._run.wait()
            self.emit_safe_state()
        if self._run.is_sending or waiting < min(self._rows_per_flush, self._rows_of_next_flush):
            return
        self._rows_of_next_flush *= 2
        self._run.start_flush()
        self._state, self._state_being_sent = None, self._state

    def _drop_records_without_schema(self, message: RecordLines) -> None:
        first, count = message.origins[0], len(message.rows)
        if message.stream not in self._destinations:
            self._note_unknown_stream(message.stream, first)
            return
        self._lost = True
        self.problems.append(f"{first}: {count} RECORD(s) of {message.stream} came before its SCHEMA and were left out")

    def _note_unknown_stream(self, stream: str, origin: str) -> None:
        if self._ignore_unknown or stream in self._unknown_streams:
            return
        self._unknown_streams.add(stream)
        self._lost = True
        hint = nearest(stream, self._destinations) or f"; known streams: {', '.join(self._destinations)}"
        self.problems.append(
            f"{origin}: the stream {stream!r} is not in streams{hint}; add it, or set unknown_streams: ignore"
        )

    def _handle_version(self, message: VersionLine) -> None:
        stream = self._streams.get(message.stream)
        if stream is not None and (stream.version is None or stream.version == message.version):
            stream.activated = stream.destination.counts.read > 0 or stream.activated

    def _handle_bad(self, message: BadLine) -> None:
        if message.stream is not None and message.stream not in self._destinations:
            self._note_unknown_stream(message.stream, message.origin)
            return
        self.problems.append(f"{message.origin}: {message.reason}")
        named = self._streams.get(message.stream) if message.stream is not None else None
        streams = [named] if named else list(self._streams.values())
        for stream in streams:
            stream.destination.close_source(complete=False)
        self._lost = self._lost or message.content is None or not streams
        if streams:
            text = message.text if message.content is None else message.content
            streams[0].destination.add_unreadable(text, message.origin, message.reason)

    def _was_complete(self, name: str, stream: _Stream) -> bool:
        rule = stream.destination.config.closed_by
        if rule == "end" or stream.activated:
            return True
        return rule == "auto" and self._last_is_state and not _in_progress(self._state, name)


def _in_progress(state: Mapping[str, Any] | None, stream: str) -> bool:
    """Return whether a state says that a stream was not read to its end, as taps of Singer and its SDK write it."""
    if not state:
        return False
    if state.get("currently_syncing") is not None:
        return True
    bookmarks = state.get("bookmarks")
    bookmark = bookmarks.get(stream) if isinstance(bookmarks, dict) else None
    return isinstance(bookmark, dict) and "progress_markers" in bookmark
