"""The catalog: which streams there are, and the metadata by which people choose among them.

https://github.com/singer-io/getting-started/blob/master/docs/DISCOVERY_MODE.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.json_files import nearest, read_json_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Breadcrumb = tuple[str, ...]
Metadata = Mapping[Breadcrumb, Mapping[str, Any]]
ReplicationMethod = Literal["FULL_TABLE", "INCREMENTAL", "LOG_BASED"]


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One stream of a catalog.

    Attributes:
        tap_stream_id: its identity in catalog and state.
        stream: its name in messages.
        schema: JSON schema of its rows, without ``$ref``.
        key_properties: fields that identify a row.
        replication_method: how it is read; None in a file that leaves it open.
        replication_key: field that says which rows are new.
        metadata: by breadcrumb: ``()`` the stream, ``("properties", "x")`` a field.
        selected: the flag of old ``--properties`` files, which had no metadata.
    """

    tap_stream_id: str
    stream: str
    schema: dict[str, Any]
    key_properties: tuple[str, ...] = ()
    replication_method: ReplicationMethod | None = None
    replication_key: str | None = None
    metadata: Metadata = field(default_factory=dict)
    selected: bool | None = None

    @classmethod
    def discovered(
        cls,
        name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str],
        *,
        replication_key: str | None = None,
        replication_method: ReplicationMethod | None = None,
        forced: bool = True,
        selected_by_default: bool = True,
        hidden_fields: Sequence[str] = (),
    ) -> CatalogEntry:
        """An entry as ``--discover`` shows it, with its metadata.

        Args:
            name: tap_stream_id and stream name.
            schema: JSON schema of a row.
            key_properties: fields that identify a row; always selected.
            replication_key: field that says which rows are new; always selected.
            replication_method: INCREMENTAL if there is a replication key, else FULL_TABLE.
            forced: the method is the stream's only one; False: a catalog may set another.
            selected_by_default: read when no catalog says otherwise.
            hidden_fields: top-level fields that are not selected by default.
        """
        method = replication_method or ("INCREMENTAL" if replication_key else "FULL_TABLE")
        root: dict[str, Any] = {
            "inclusion": "available",
            "selected-by-default": selected_by_default,
            "table-key-properties": list(key_properties),
            "forced-replication-method" if forced else "replication-method": method,
        }
        if replication_key:
            root["valid-replication-keys"] = [replication_key]
        fields = _field_metadata(schema, {*key_properties, replication_key}, hidden_fields)
        metadata: Metadata = {(): root, **fields}
        return cls(name, name, schema, tuple(key_properties), method, replication_key, metadata)

    def to_dict(self) -> dict[str, Any]:
        """The entry as a catalog file holds it."""
        value: dict[str, Any] = {
            "tap_stream_id": self.tap_stream_id,
            "stream": self.stream,
            "schema": self.schema,
            "key_properties": list(self.key_properties),
            "metadata": [{"breadcrumb": list(b), "metadata": dict(m)} for b, m in self.metadata.items()],
        }
        optional = {
            "replication_method": self.replication_method,
            "replication_key": self.replication_key,
            "selected": self.selected,
        }
        return value | {k: v for k, v in optional.items() if v is not None}


@dataclass(frozen=True, slots=True)
class Catalog:
    """The streams, in the order in which they are read."""

    entries: tuple[CatalogEntry, ...] = ()

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], source: str = "the catalog") -> Catalog:
        """The catalog in ``value``, of the shape ``{"streams": [...]}``.

        Raises:
            ConfigError: not a catalog; names ``source``, the place in it and what to do.
        """
        from talon_one_singer.protocol.catalog_file import parse_catalog

        return cls(tuple(parse_catalog(value, source)))

    @classmethod
    def from_file(cls, path: str) -> Catalog:
        """The catalog in a file.

        Raises:
            ConfigError: not readable, not JSON, or not a catalog.
        """
        return cls.from_dict(read_json_object(path, "catalog"), source=f"the catalog file {path}")

    def to_dict(self) -> dict[str, Any]:
        """``{"streams": [...]}``, what ``--discover`` prints."""
        return {"streams": [entry.to_dict() for entry in self.entries]}

    def __iter__(self) -> Iterator[CatalogEntry]:
        return iter(self.entries)

    def get(self, tap_stream_id: str) -> CatalogEntry | None:
        """The entry of that id, or None."""
        return next((e for e in self.entries if e.tap_stream_id == tap_stream_id), None)

    def chosen_by(self, given: Catalog, source: str = "the catalog") -> Catalog:
        """This discovered catalog with the choices of a given one; its streams alone, in this one's order.

        Keys, forced method and ``inclusion`` stay as discovered. A field's schema is the given one's where it has
        one (people override types there), so a catalog of an older version lacks no new field.

        Raises:
            ConfigError: a stream that does not exist, or a method or replication key that it does not have.
        """
        from talon_one_singer.protocol.catalog_file import merged_entry

        self._check_known(given, source)
        pairs = ((entry, given.get(entry.tap_stream_id)) for entry in self.entries)
        return replace(self, entries=tuple(merged_entry(ours, theirs, source) for ours, theirs in pairs if theirs))

    def _check_known(self, given: Catalog, source: str) -> None:
        known = [entry.tap_stream_id for entry in self.entries]
        strangers = [entry.tap_stream_id for entry in given if entry.tap_stream_id not in known]
        if strangers:
            hints = (nearest(name, known) or "; --discover lists all streams" for name in strangers)
            problems = zip(strangers, hints, strict=True)
            raise ConfigError(
                *(f"{source} names the stream {name!r}, which does not exist{hint}" for name, hint in problems)
            )


def _field_metadata(
    schema: Mapping[str, Any], automatic: set[str | None], hidden: Sequence[str]
) -> dict[Breadcrumb, Mapping[str, Any]]:
    metadata: dict[Breadcrumb, Mapping[str, Any]] = {}
    for crumb in _field_breadcrumbs(schema):
        if len(crumb) == 2 and crumb[1] in automatic:
            metadata[crumb] = {"inclusion": "automatic"}
        else:
            metadata[crumb] = {"inclusion": "available", "selected-by-default": crumb[1] not in hidden}
    return metadata


def _field_breadcrumbs(schema: Mapping[str, Any], parent: Breadcrumb = ()) -> Iterator[Breadcrumb]:
    for name, sub in schema.get("properties", {}).items():
        crumb = (*parent, "properties", name)
        yield crumb
        if isinstance(sub, dict):
            yield from _field_breadcrumbs(sub, crumb)
