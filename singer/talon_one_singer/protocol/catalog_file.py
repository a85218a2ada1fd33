"""Catalog files that a user or Meltano has edited, and their merge into the discovered catalog."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_singer.errors import ConfigError
from talon_one_singer.protocol.catalog_entry import Breadcrumb, CatalogEntry, ReplicationMethod
from talon_one_singer.settings.json_files import json_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ADVICE = "; write a new one with --discover"


class _Metadata(msgspec.Struct):
    breadcrumb: tuple[str, ...]
    metadata: dict[str, Any]


class _Stream(msgspec.Struct):
    tap_stream_id: str | None = None
    stream: str | None = None
    schema: dict[str, Any] = {}
    key_properties: tuple[str, ...] | None = None
    replication_method: ReplicationMethod | None = None
    replication_key: str | None = None
    metadata: list[_Metadata] | None = None
    selected: bool | None = None


class _File(msgspec.Struct):
    streams: list[_Stream]


def parse_catalog(value: Mapping[str, Any], source: str) -> Iterator[CatalogEntry]:
    """Yield the entries of a catalog file.

    Raises:
        ConfigError: it is not a catalog; the message names ``source`` and the position.
    """
    try:
        file = msgspec.convert(value, _File)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source} is not a Singer catalog: {error}{_ADVICE}") from None
    seen: set[str] = set()
    for index, stream in enumerate(file.streams):
        name = stream.tap_stream_id or stream.stream
        if not name:
            raise ConfigError(f"{source} is not a Singer catalog: $.streams[{index}] has no tap_stream_id{_ADVICE}")
        if name in seen:
            raise ConfigError(f"{source} names the stream {name!r} twice, again at $.streams[{index}]; remove one")
        seen.add(name)
        place = f"{source} is not a Singer catalog: $.streams[{index}]"
        _check_flags(stream, place)
        _check_properties(stream.schema, f"{place}.schema")
        yield _entry(name, stream)


def _check_flags(stream: _Stream, place: str) -> None:
    for index, item in enumerate(stream.metadata or ()):
        for flag in ("selected", "selected-by-default"):
            value = item.metadata.get(flag)
            if value is not None and not isinstance(value, bool):
                raise ConfigError(f"{place}.metadata[{index}].metadata.{flag} must be true or false, not {value!r}")


def _check_properties(schema: Mapping[str, Any], place: str) -> None:
    """Raise ConfigError for a schema whose ``properties``, on any level, are not an object."""
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        raise ConfigError(f"{place}.properties must be an object, not {json_type(properties)}{_ADVICE}")
    for name, sub in properties.items():
        if isinstance(sub, dict):
            _check_properties(sub, f"{place}.properties.{name}")


def _entry(name: str, stream: _Stream) -> CatalogEntry:
    metadata: dict[Breadcrumb, dict[str, Any]] = {}
    for item in stream.metadata or ():
        metadata.setdefault(item.breadcrumb, {}).update(item.metadata)
    legacy = stream.schema.get("selected")
    return CatalogEntry(
        tap_stream_id=name,
        stream=stream.stream or name,
        schema=stream.schema,
        key_properties=stream.key_properties or (),
        replication_method=stream.replication_method,
        replication_key=stream.replication_key,
        metadata=metadata,
        selected=stream.selected if stream.selected is not None else legacy if isinstance(legacy, bool) else None,
    )


def merged_entry(discovered: CatalogEntry, given: CatalogEntry, source: str) -> CatalogEntry:
    """Return the discovered entry with the selection of the given one.

    Raises:
        ConfigError: the stream does not have the given replication method or key.
    """
    properties = discovered.schema.get("properties", {}) | given.schema.get("properties", {})
    method = _method(discovered, given, source)
    return replace(
        discovered,
        schema={**discovered.schema, "properties": properties},
        replication_method=method,
        replication_key=_replication_key(discovered, given, source) if method == "INCREMENTAL" else None,
        metadata=_merged_metadata(discovered, given),
        selected=given.selected,
    )


def _merged_metadata(discovered: CatalogEntry, given: CatalogEntry) -> dict[Breadcrumb, Mapping[str, Any]]:
    merged: dict[Breadcrumb, Mapping[str, Any]] = dict(discovered.metadata)
    for crumb, chosen in given.metadata.items():
        known = discovered.metadata.get(crumb, {})
        fixed = {k: known[k] for k in ("inclusion", "table-key-properties", "valid-replication-keys") if k in known}
        merged[crumb] = {**known, **chosen, **fixed}
    return merged


def _method(discovered: CatalogEntry, given: CatalogEntry, source: str) -> ReplicationMethod | None:
    wanted = given.metadata.get((), {}).get("replication-method") or given.replication_method
    forced = discovered.metadata.get((), {}).get("forced-replication-method")
    possible = [forced] if forced else ["FULL_TABLE", *(["INCREMENTAL"] if _valid_keys(discovered) else [])]
    if wanted is None or wanted == discovered.replication_method:
        return discovered.replication_method
    if wanted not in possible:
        raise ConfigError(
            f"{source}: the stream {discovered.tap_stream_id!r} cannot be read as {wanted}; "
            f"possible: {', '.join(possible)}"
        )
    method: ReplicationMethod = wanted
    return method


def _replication_key(discovered: CatalogEntry, given: CatalogEntry, source: str) -> str | None:
    wanted = given.metadata.get((), {}).get("replication-key") or given.replication_key
    if wanted is None or wanted == discovered.replication_key:
        return discovered.replication_key or next(iter(_valid_keys(discovered)), None)
    valid = _valid_keys(discovered)
    if wanted not in valid:
        raise ConfigError(
            f"{source}: the stream {discovered.tap_stream_id!r} has no replication key {wanted!r}; "
            f"possible: {', '.join(valid) or 'none'}"
        )
    return str(wanted)


def _valid_keys(entry: CatalogEntry) -> list[str]:
    keys: list[str] = entry.metadata.get((), {}).get("valid-replication-keys", [])
    return keys
