"""The reader of Singer messages.

https://github.com/singer-io/getting-started/blob/master/docs/SPEC.md
"""

from __future__ import annotations

import time
from decimal import Decimal
from itertools import groupby
from operator import attrgetter, methodcaller
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal

import msgspec

from talon_one_singer.errors import SingerError
from talon_one_singer.protocol.lines import read_blocks
from talon_one_singer.protocol.message_writer import ACTIVATE_VERSION, BATCH, RECORD, SCHEMA, STATE
from talon_one_singer.protocol.messages import (
    FILE_WAITS_S,
    BadLine,
    RecordLines,
    Retries,
    SchemaLine,
    StateLine,
    VersionLine,
)
from talon_one_singer.settings.input_limits import InputLimits
from talon_one_singer.values.exact_json import (
    NOT_EXACT_JSON,
    are_flat_and_unique,
    check_structure,
    kind_of,
    line_object,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from talon_one_singer.protocol.lines import Block
    from talon_one_singer.protocol.messages import BadKind, Message


def read_messages(
    source: BinaryIO,
    *,
    max_rows: int = 1000,
    limits: InputLimits = InputLimits(),  # noqa: B008 - it is frozen
    file_waits_s: Sequence[float] = FILE_WAITS_S,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Message]:
    """Yield the messages in order; messages that have arrived are yielded before the next read waits.

    Args:
        source: ``sys.stdin.buffer`` for a target.
        max_rows: maximum number of rows in one ``RecordLines``.
        limits: a line that exceeds them is a ``BadLine``.
        file_waits_s: seconds before each further attempt to read a batch file after a transient error.
        sleep: waits; it may raise to end the run.

    Raises:
        ConfigError: a BATCH needs a package that is not installed.
        SingerError: the input cannot be read.
    """
    reader = _Reader(max_rows, limits, Retries(tuple(file_waits_s), sleep))
    try:
        for block in read_blocks(source, limits.max_line_bytes):
            yield from reader.messages(block)
    except OSError as error:
        raise SingerError(f"cannot read the input: {error.strerror or error}; run again from the last state") from error


class _Record(msgspec.Struct, gc=False):
    """A RECORD message; ``time_extracted`` is declared so that its structure is checked."""

    type: Literal["RECORD"]
    stream: str
    record: dict[str, Any]
    version: int | None = None
    time_extracted: Any = None


_KINDS: Final[dict[str, BadKind]] = {
    SCHEMA: "schema",
    RECORD: "record",
    STATE: "state",
    BATCH: "batch",
    ACTIVATE_VERSION: "version",
}
_RECORD_BEGINS = (
    b'{"type":"RECORD"',
    b'{"type": "RECORD"',
)  # so write nearly all taps; other lines are looked at one by one
_stream_and_version = attrgetter("stream", "version")
_decode_record = msgspec.json.Decoder(_Record, float_hook=Decimal).decode


def _is_there(found: tuple[int, bytes, _Record | None]) -> bool:
    return found[2] is not None


class _Reader:
    """Converts lines to messages; keeps the schemas, which BATCH messages need."""

    def __init__(self, max_rows: int, limits: InputLimits, retries: Retries) -> None:
        self._max_rows, self._limits, self._retries = max_rows, limits, retries
        self._schemas: dict[str, dict[str, Any]] = {}
        self._handlers: dict[str, Callable[[int, str, dict[str, Any]], Iterator[Message]]] = {
            SCHEMA: self._schema,
            RECORD: self._record,
            BATCH: self._batch,
            ACTIVATE_VERSION: self._version,
        }

    def messages(self, block: Block) -> Iterator[Message]:
        """Yield the messages of all lines; no row is kept back until the next block."""
        if block.too_long:
            yield from self._line(block.first, block.lines[0], block)
            return
        first = block.first
        for is_record, run in groupby(block.lines, key=methodcaller("startswith", _RECORD_BEGINS)):
            lines = list(run)
            records = self._records(lines) if is_record else None
            if records is None:
                yield from self._each(list(enumerate(lines, first)), block)
            else:
                yield from self._together(range(first, first + len(lines)), records)
            first += len(lines)

    def _records(self, lines: Sequence[bytes]) -> list[_Record] | None:
        """Return the RECORDs of lines that all are valid ones; None if each line must be looked at."""
        try:
            records = list(map(_decode_record, lines))
        except (*NOT_EXACT_JSON, ValueError):
            return None
        text = b"\n".join(lines)
        rows = [each.record for each in records]
        more = sum((each.version is not None) + (each.time_extracted is not None) for each in records)
        depth = self._limits.max_nesting_depth - 1
        if are_flat_and_unique(text, rows, depth, names_beside=3 * len(records) + more):
            return records
        return records if all(map(self._is_sound, lines, records)) else None

    def _is_sound(self, line: bytes, record: _Record) -> bool:
        names = 3 + (record.version is not None) + (record.time_extracted is not None)
        try:
            check_structure(line, record.record, self._limits.max_nesting_depth - 1, names_beside=names, envelope=True)
        except (*NOT_EXACT_JSON, ValueError):
            return False
        return True

    def _each(self, lines: Sequence[tuple[int, bytes]], block: Block) -> Iterator[Message]:
        """Yield the messages of lines one by one; consecutive rows stay together."""
        for found, run in groupby(((number, line, self._record_in(line)) for number, line in lines), _is_there):
            if not found:
                for number, line, _ in run:
                    yield from self._line(number, line, block)
                continue
            numbers, records = [], []
            for number, _, record in run:
                if record is not None:
                    numbers.append(number)
                    records.append(record)
            yield from self._together(numbers, records)

    def _together(self, numbers: Sequence[int], records: Sequence[_Record]) -> Iterator[RecordLines]:
        """Yield consecutive rows of one stream and version together."""
        start = 0
        for (stream, version), run in groupby(records, key=_stream_and_version):
            rows = [each.record for each in run]
            for first in range(0, len(rows), self._max_rows):
                part = rows[first : first + self._max_rows]
                origins = [f"line {number}" for number in numbers[start + first : start + first + len(part)]]
                yield RecordLines(stream, part, origins, version)
            start += len(rows)

    def _record_in(self, line: bytes) -> _Record | None:
        """Return the RECORD in a line; None if the line is something else or not valid."""
        try:
            found = _decode_record(line)
        except (*NOT_EXACT_JSON, ValueError):
            return None
        return found if self._is_sound(line, found) else None

    def _line(self, number: int, line: bytes, block: Block) -> Iterator[Message]:
        """Yield the message of a line that is not a valid RECORD."""
        stream: str | None = None
        kind: BadKind = "line"
        try:
            if line.strip():
                message = line_object(line, block, self._limits, envelope=True)
                stream = message["stream"] if isinstance(message.get("stream"), str) else None
                kind = _KINDS.get(str(message.get("type")), "unknown_type")
                yield from self._message(number, message)
        except ValueError as error:
            yield BadLine.of(kind, f"line {number}", str(error), stream, line, cut=block.too_long)

    def _message(self, number: int, message: dict[str, Any]) -> Iterator[Message]:
        kind = message.get("type")
        if kind == STATE:
            yield StateLine(number, _field(message, "value", dict))
        elif isinstance(kind, str) and kind in self._handlers:
            yield from self._handlers[kind](number, _field(message, "stream", str), message)
        else:
            known = ", ".join((STATE, *self._handlers))
            raise ValueError(f"its type is none of {known}" if "type" in message else "it has no type")

    def _schema(self, number: int, stream: str, message: dict[str, Any]) -> Iterator[Message]:
        schema = _field(message, "schema", dict)
        self._schemas[stream] = schema
        keys = _texts(message, "key_properties") if message.get("key_properties") is not None else []
        yield SchemaLine(number, stream, schema, tuple(keys))

    def _record(self, number: int, stream: str, message: dict[str, Any]) -> Iterator[Message]:
        row = _field(message, "record", dict)
        version = _field(message, "version", int) if message.get("version") is not None else None
        yield RecordLines(stream, [row], [f"line {number}"], version)

    def _version(self, number: int, stream: str, message: dict[str, Any]) -> Iterator[Message]:
        yield VersionLine(number, stream, _field(message, "version", int))

    def _batch(self, _number: int, stream: str, message: dict[str, Any]) -> Iterator[Message]:
        from talon_one_singer.protocol.batch_reader import Batch, read_batch  # imports fsspec

        encoding, manifest = _field(message, "encoding", dict), _texts(message, "manifest")
        schema = self._schemas.get(stream, {})
        batch = Batch(stream, schema, encoding, manifest, self._max_rows, self._limits)
        yield from read_batch(batch, self._retries)


def _field(message: dict[str, Any], name: str, kind: type) -> Any:
    value = message.get(name)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    if value is None:
        raise ValueError(f"the {message['type']} has no {name}")
    names = {str: "a string", dict: "an object", list: "a list", int: "an integer"}
    raise ValueError(f"{name} must be {names[kind]}, not {kind_of(value)}")


def _texts(message: dict[str, Any], name: str) -> list[str]:
    values: list[str] = _field(message, name, list)
    if all(isinstance(value, str) for value in values):
        return values
    raise ValueError(f"{name} must be a list of strings")
