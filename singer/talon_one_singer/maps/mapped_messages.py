"""The messages of an input, with the streams and rows that the maps make of them."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_singer.maps.stream_maps import MapError
from talon_one_singer.protocol.messages import DELETED_AT, BadLine, RecordLines, SchemaLine, StateLine
from talon_one_singer.reporting.amounts import counted
from talon_one_singer.values.column_names import folded
from talon_one_singer.values.exact_json import decode_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from talon_one_singer.maps.stream_maps import MappedStream, StreamMaps
    from talon_one_singer.protocol.messages import Message

logger = logging.getLogger(__name__)

_encode = msgspec.json.Encoder(decimal_format="number").encode


class _Mapping:
    """Maps messages one after the other, and counts the rows that the maps leave out."""

    def __init__(self, maps: StreamMaps) -> None:
        self._maps = maps
        self._streams: dict[str, list[MappedStream]] = {}
        self.left_out: Counter[str] = Counter()

    def mapped(self, message: Message) -> Iterator[Message]:
        """Yield what the maps make of a message."""
        if isinstance(message, SchemaLine):
            found = self._maps.register(message.stream, message.schema, message.key_properties)
            self._streams[message.stream] = found
            for one in found:
                yield SchemaLine(message.line, one.name, one.schema, one.key_properties)
            return
        streams = None if isinstance(message, StateLine) else self._streams.get(message.stream or "")
        if streams is None or isinstance(message, StateLine):
            yield message
            return
        for one in streams:
            if isinstance(message, RecordLines):
                yield from self._rows(one, message)
            else:
                yield replace(message, stream=one.name)

    def _rows(self, stream: MappedStream, message: RecordLines) -> Iterator[Message]:
        """Yield the mapped rows; a row that cannot be mapped keeps its place between those before and after it."""
        rows: list[dict[str, Any]] = []
        origins: list[str] = []
        for row, origin in zip(message.rows, message.origins, strict=True):
            try:
                mapped = _mapped_row(stream, row)
            except MapError as error:
                if rows:
                    yield RecordLines(stream.name, rows, origins, message.version)
                    rows, origins = [], []
                line = _encode({"type": "RECORD", "stream": message.stream, "record": row})
                yield BadLine.of("record", origin, str(error), stream.name, line, cut=False)
                continue
            if mapped is None:
                self.left_out[stream.name] += 1
            else:
                rows.append(mapped)
                origins.append(origin)
        if rows:
            yield RecordLines(stream.name, rows, origins, message.version)


def mapped_messages(messages: Iterator[Message], maps: StreamMaps) -> Iterator[Message]:
    """Yield the messages with mapped streams and rows; a row that cannot be mapped is a ``BadLine``.

    A row that is marked as deleted keeps its mark. If the maps leave it out, or cannot be computed because it has only
    its key, it goes on as it is, so that no deletion is lost.

    Raises:
        ConfigError: the maps do not fit a stream.
    """
    mapping = _Mapping(maps)
    for message in messages:
        yield from mapping.mapped(message)
    maps.warn_of_unused()
    for stream, count in mapping.left_out.items():
        logger.info("%s: stream_maps left out %s", stream, counted(count, "row"))


def _mapped_row(stream: MappedStream, row: Mapping[str, Any]) -> dict[str, Any] | None:
    marks = {name: value for name, value in row.items() if value not in (None, "") and folded(name) == DELETED_AT}
    try:
        encoded = stream.encoded(row)
    except MapError:
        if not marks:
            raise
        encoded = None
    if encoded is None:
        return dict(row) if marks else None
    return {**decode_json(encoded), **marks}
