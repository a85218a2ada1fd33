"""A stream in the catalog, and the metadata that selects it and its fields.

https://github.com/singer-io/getting-started/blob/master/docs/DISCOVERY_MODE.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Breadcrumb = tuple[str, ...]
Metadata = Mapping[Breadcrumb, Mapping[str, Any]]
ReplicationMethod = Literal["FULL_TABLE", "INCREMENTAL", "LOG_BASED"]


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One stream of a catalog.

    Attributes:
        tap_stream_id: identity of the stream in catalog and state.
        stream: name of the stream in messages.
        schema: JSON schema of a row, without ``$ref``.
        key_properties: fields that identify a row.
        replication_method: how the stream is read; None if a catalog file does not say.
        replication_key: field by which new rows are recognized.
        metadata: by breadcrumb: ``()`` for the stream, ``("properties", "x")`` for a field.
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
        """Return an entry with its metadata, as ``--discover`` prints it.

        Args:
            name: tap_stream_id and stream name.
            schema: JSON schema of a row.
            key_properties: fields that identify a row; always selected.
            replication_key: field by which new rows are recognized; always selected.
            replication_method: INCREMENTAL if there is a replication key, else FULL_TABLE.
            forced: True if the stream has no other method; False if a catalog may set another.
            selected_by_default: True if the stream is read unless a catalog says otherwise.
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
        """Return the entry as it is written in a catalog file."""
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
