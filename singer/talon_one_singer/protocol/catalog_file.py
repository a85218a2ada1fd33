"""Reading a catalog that a person or Meltano has edited, and laying it over the discovered one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_singer.errors import ConfigError
from talon_one_singer.protocol.catalog import Breadcrumb, CatalogEntry, ReplicationMethod
from talon_one_singer.settings.json_files import json_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ADVICE = "; write a fresh one with --discover"


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
    """The entries of a catalog file.

    Raises:
        ConfigError: not a catalog; names ``source`` and the place.
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
    """Refuse a schema whose ``properties``, or those of an object in it, are not an object."""
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


def merged_entry(ours: CatalogEntry, theirs: CatalogEntry, source: str) -> CatalogEntry:
    """The discovered entry with the choices of the given one.

    Raises:
        ConfigError: a replication method or key that the stream does not have.
    """
    properties = ours.schema.get("properties", {}) | theirs.schema.get("properties", {})
    method = _method(ours, theirs, source)
    return replace(
        ours,
        schema={**ours.schema, "properties": properties},
        replication_method=method,
        replication_key=_replication_key(ours, theirs, source) if method == "INCREMENTAL" else None,
        metadata=_merged_metadata(ours, theirs),
        selected=theirs.selected,
    )


def _merged_metadata(ours: CatalogEntry, theirs: CatalogEntry) -> dict[Breadcrumb, Mapping[str, Any]]:
    merged: dict[Breadcrumb, Mapping[str, Any]] = dict(ours.metadata)
    for crumb, chosen in theirs.metadata.items():
        known = ours.metadata.get(crumb, {})
        fixed = {k: known[k] for k in ("inclusion", "table-key-properties", "valid-replication-keys") if k in known}
        merged[crumb] = {**known, **chosen, **fixed}
    return merged


def _method(ours: CatalogEntry, theirs: CatalogEntry, source: str) -> ReplicationMethod | None:
    wanted = theirs.metadata.get((), {}).get("replication-method") or theirs.replication_method
    forced = ours.metadata.get((), {}).get("forced-replication-method")
    possible = [forced] if forced else ["FULL_TABLE", *(["INCREMENTAL"] if _valid_keys(ours) else [])]
    if wanted is None or wanted == ours.replication_method:
        return ours.replication_method
    if wanted not in possible:
        raise ConfigError(
            f"{source}: the stream {ours.tap_stream_id!r} cannot be read as {wanted}; possible: {', '.join(possible)}"
        )
    method: ReplicationMethod = wanted
    return method


def _replication_key(ours: CatalogEntry, theirs: CatalogEntry, source: str) -> str | None:
    wanted = theirs.metadata.get((), {}).get("replication-key") or theirs.replication_key
    if wanted is None or wanted == ours.replication_key:
        return ours.replication_key or next(iter(_valid_keys(ours)), None)
    valid = _valid_keys(ours)
    if wanted not in valid:
        raise ConfigError(
            f"{source}: the stream {ours.tap_stream_id!r} has no replication key {wanted!r}; "
            f"possible: {', '.join(valid) or 'none'}"
        )
    return str(wanted)


def _valid_keys(entry: CatalogEntry) -> list[str]:
    keys: list[str] = entry.metadata.get((), {}).get("valid-replication-keys", [])
    return keys
