"""The table of streams: the operation that each is read from, its key, and its fields."""

from tap_talon_one.streams.model import Entity, Nested, Parent, ReaderName, Stream, StreamGroup
from tap_talon_one.streams.table import LEDGERS, MARKED, READ_WHOLE, STREAM_GROUPS, STREAMS

__all__ = [
    "LEDGERS",
    "MARKED",
    "READ_WHOLE",
    "STREAMS",
    "STREAM_GROUPS",
    "Entity",
    "Nested",
    "Parent",
    "ReaderName",
    "Stream",
    "StreamGroup",
]
