"""The sink in front of the messages that puts rows through stream maps and flattening."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from talon_one_singer import ConfigError
from talon_one_singer.maps.stream_maps import MapError, decoded
from talon_one_singer.protocol.selection import selected_schema
from talon_one_singer.reporting.amounts import counted
from tap_talon_one.errors import RowRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_client.paging.windows import Window
    from talon_one_singer import CatalogEntry, RunContext
    from talon_one_singer.maps.stream_maps import MappedStream, StreamMaps
    from tap_talon_one.engine.sinks import Sink

logger = logging.getLogger(__name__)


class MappedSink:
    """Maps streams and rows, and passes them to another sink.

    Args:
        sink: receives what the maps make of the rows.
        maps: the maps.
        context: the run, whose streams the maps must fit.

    Raises:
        ConfigError: the maps do not fit the streams.
    """

    def __init__(self, sink: Sink, maps: StreamMaps, context: RunContext) -> None:
        self._sink, self._maps = sink, maps
        self._streams: dict[str, list[MappedStream]] = {}
        self._left_out: Counter[str] = Counter()
        maps.check_streams([entry.stream for entry in context.catalog])
        names: dict[str, str] = {}
        for entry in context.selected:
            for one in maps.register(entry.stream, selected_schema(entry), entry.key_properties):
                if one.name in names:
                    both = " and ".join(dict.fromkeys((names[one.name], entry.stream)))
                    raise ConfigError(f"stream_maps: two maps of {both} write the stream {one.name!r}; rename one")
                names[one.name] = entry.stream

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any], *, whole: bool) -> None:
        """Write the SCHEMA of each stream that the maps make of a stream."""
        self._streams[entry.stream] = mapped = self._maps.register(entry.stream, schema, entry.key_properties)
        for one in mapped:
            kept = entry.replication_key if entry.replication_key in one.schema["properties"] else None
            named = replace(entry, stream=one.name, key_properties=one.key_properties, replication_key=kept)
            self._sink.open(named, one.schema, whole=whole)

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Map rows and pass them on.

        Raises:
            RowRefused: one of the rows cannot be mapped; none of them is passed on.
        """
        given = [decoded(row) for row in rows]
        try:
            found = {one.name: [one.encoded(row) for row in given] for one in self._streams[stream]}
        except MapError as error:
            raise RowRefused(str(error), brief=error.brief) from error
        for name, mapped in found.items():
            kept = [row for row in mapped if row is not None]
            self._left_out[name] += len(mapped) - len(kept)
            if kept:
                self._sink.rows(name, kept)

    def read_whole(self, stream: str, within: Mapping[str, Sequence[int] | Window]) -> None:
        """Pass on for each stream that the maps make of it: rows that a filter leaves out are gone there."""
        for one in self._streams[stream]:
            self._sink.read_whole(one.name, within)

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Pass on the state, and at the end log how many rows the maps have left out."""
        self._sink.checkpoint(state, final=final)
        if final:
            for name, count in self._left_out.items():
                if count:
                    logger.info("%s: stream_maps left out %s", name, counted(count, "row"))
