"""Rows through stream maps and flattening: the mapper of the Singer SDK, with errors that name stream and row.

https://sdk.meltano.com/en/latest/stream_maps.html
"""

from __future__ import annotations

import logging
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_singer.errors import ConfigError, SingerError
from talon_one_singer.maps.row_reasons import row_reason
from talon_one_singer.maps.settings import MAPS, are_maps_installed
from talon_one_singer.settings.json_files import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from singer_sdk.mapper import StreamMap

logger = logging.getLogger(__name__)

_SOURCE = "__source__"
_decode = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


class MapError(SingerError):
    """A row that an expression of the maps cannot be computed for. The message has no value of the row but its key."""


@dataclass(frozen=True, slots=True)
class MappedStream:
    """A stream that the maps make of another one.

    Attributes:
        source: the stream that it is made of.
        name: its name in messages.
        schema: JSON schema of its rows.
        key_properties: properties that identify a row.
        transform: the map of the SDK.
    """

    source: str
    name: str
    schema: dict[str, Any]
    key_properties: tuple[str, ...]
    transform: StreamMap

    def encoded(self, row: Mapping[str, Any]) -> bytes | None:
        """Return the mapped row as JSON; None if the maps leave it out.

        Raises:
            MapError: an expression cannot be computed, or its value cannot be written as JSON.
        """
        expression = None
        try:
            try:
                mapped = self.transform.transform(dict(row))
            except Exception:
                # Without an evaluator the map has no expressions.
                expression = getattr(getattr(self.transform, "expr_evaluator", None), "expr", None)
                raise
            return None if mapped is None else _encode(mapped)
        except Exception as error:
            key = ", ".join(f"{name}={row[name]}" for name in self.transform.raw_key_properties or () if name in row)
            start, reason = f"stream_maps: {self.source}", row_reason(error, expression or "", row)
            raise MapError(
                f"{start}: the row {key or 'without a key'} cannot be mapped: {reason}",
                brief=[f"{start}: a row cannot be mapped: {reason}"],
            ) from error


class StreamMaps:
    """The maps of a run.

    Args:
        settings: with the settings of ``MAPS``.

    Raises:
        ConfigError: the extra is not installed, or the settings cannot be used.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        if not are_maps_installed():
            used = "stream_maps" if settings["stream_maps"] else "flattening_enabled"
            raise ConfigError(
                f"the setting {used} needs the Singer SDK; run: pip install 'talon-one-connector[maps]', or remove it"
            )
        from singer_sdk.mapper import PluginMapper

        logging.getLogger("singer_sdk").setLevel(logging.WARNING)  # it logs each rule of each stream
        given = {one.name: deepcopy(settings[one.name]) for one in MAPS if settings[one.name] is not None}
        if given["flattening_enabled"] and "flattening_max_depth" not in given:
            raise ConfigError("flattening_enabled needs flattening_max_depth, the number of levels to flatten")
        self._sources = _sources(given.get("stream_maps", {}))
        self._matched: set[str] = set()
        self._missing: set[tuple[str, str]] = set()  # stream and property that were warned of
        try:
            self._mapper = PluginMapper(given, logger)
        except Exception as error:
            raise ConfigError(f"stream_maps: {_reason(error)}") from error

    def register(self, stream: str, schema: Mapping[str, Any], key_properties: Sequence[str]) -> list[MappedStream]:
        """Return the streams that the maps make of a stream; none if they leave it out.

        Raises:
            ConfigError: the maps do not fit the stream.
        """
        from singer_sdk.mapper import RemoveRecordTransform

        self._matched |= {source for source in self._sources if fnmatch(stream, source)}
        try:
            self._mapper.register_raw_stream_schema(
                stream, {"properties": {}, **deepcopy(dict(schema))}, list(key_properties)
            )
        except Exception as error:
            raise ConfigError(f"stream_maps: {stream}: {_reason(error)}") from error
        found = self._mapper.stream_maps[stream]
        self._warn_of_missing_properties(stream, schema)
        return [
            MappedStream(
                stream, one.stream_alias, one.transformed_schema, tuple(one.transformed_key_properties or ()), one
            )
            for one in found
            if not isinstance(one, RemoveRecordTransform)
        ]

    def check_streams(self, known: Iterable[str]) -> None:
        """Check that the maps are about streams that there are.

        Raises:
            ConfigError: a map names a stream that does not exist, so that it would do nothing.
        """
        names = list(known)
        for source in self._sources:
            if not any(fnmatch(name, source) for name in names):
                hint = nearest(source, names) or f"; the streams are {', '.join(names)}"
                raise ConfigError(f"stream_maps: there is no stream {source!r}{hint}")

    def warn_of_unused(self) -> None:
        """Log the maps of streams that the input did not have."""
        for source in sorted(self._sources.keys() - self._matched):
            logger.warning("stream_maps: the input has no stream %r, so its map did nothing", source)

    def _warn_of_missing_properties(self, stream: str, schema: Mapping[str, Any]) -> None:
        properties = schema.get("properties", {})
        for source, maps in self._sources.items():
            if not fnmatch(stream, source):
                continue
            for name in (name for one in maps for name, value in one.items() if value in (None, "__NULL__")):
                if not name.startswith("__") and name not in properties and (stream, name) not in self._missing:
                    self._missing.add((stream, name))
                    hint = nearest(name, properties)
                    logger.warning("stream_maps: %s has no property %r to be left out%s", stream, name, hint)


def stream_maps(settings: Mapping[str, Any]) -> StreamMaps | None:
    """Return the maps of the settings; None if there are none, so that rows take the usual way.

    Raises:
        ConfigError: see StreamMaps.
    """
    return StreamMaps(settings) if settings["stream_maps"] or settings["flattening_enabled"] else None


def decoded(row: bytes) -> dict[str, Any]:
    """Return an encoded row; numbers with a fraction or an exponent are Decimals with all their digits."""
    return _decode(row)


def _sources(maps: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the maps by the stream, or the pattern of streams, that they read."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for name, given in maps.items():
        if not name.startswith("__"):
            source = given.get(_SOURCE, name) if isinstance(given, dict) else name
            found.setdefault(source, []).append(given if isinstance(given, dict) else {})
    return found


def _reason(error: Exception) -> str:
    """Return what is wrong with the settings."""
    from singer_sdk.exceptions import ConfigValidationError, MapExpressionError, StreamMapConfigError

    if isinstance(error, MapExpressionError) and error.__cause__ is not None:
        return f"{str(error).rstrip('.')}: {error.__cause__}"
    if isinstance(error, MapExpressionError | StreamMapConfigError | ConfigValidationError | NotImplementedError):
        return str(error)
    return f"{type(error).__name__}: {error}"
