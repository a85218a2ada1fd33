"""The selection of streams and fields in a catalog, by the rules of the Singer SDK and Meltano.

For the stream and for each field the first rule that applies decides: not selected if its parent is not; not selected
if its inclusion is ``unsupported``; selected if it is ``automatic``; the flag ``selected``; the flag
``selected-by-default``; the same as its parent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from talon_one_singer.protocol.catalog_entry import Breadcrumb, CatalogEntry


@dataclass(frozen=True, slots=True)
class FieldMask:
    """The selected fields of an object, if some of its fields are not selected.

    Attributes:
        fields: for each selected field None (all of it) or the mask of its object.
        dropped: fields of the schema that are not selected.
        open: True if the schema allows ``additionalProperties``: fields that are not in the schema are then kept,
            and otherwise dropped.
    """

    fields: Mapping[str, FieldMask | None]
    dropped: frozenset[str] = field(default_factory=frozenset)
    open: bool = False

    def apply(self, value: Any) -> Any:
        """Return a copy of an object with the selected fields only; any other value is returned unchanged.

        ``encoded_selection.RawMask`` does the same for encoded rows.
        """
        if not isinstance(value, dict):
            return value
        return {name: self._inner(name, item) for name, item in value.items() if self.keeps(name)}

    def apply_to_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy of the schema of the object with the selected fields only."""
        properties = {}
        for name, sub in schema.get("properties", {}).items():
            if name in self.fields:
                mask = self.fields[name]
                properties[name] = mask.apply_to_schema(sub) if mask else sub
        masked = {**schema, "properties": properties}
        if "required" in schema:
            masked["required"] = [name for name in schema["required"] if name in properties]
        return masked

    @property
    def nested(self) -> list[tuple[str, FieldMask]]:
        """The fields that are selected in part, each with its mask."""
        return [(name, mask) for name, mask in self.fields.items() if mask]

    def keeps(self, name: str) -> bool:
        """Return whether a field is kept, completely or in part."""
        return name in self.fields or (self.open and name not in self.dropped)

    def _inner(self, name: str, item: Any) -> Any:
        mask = self.fields.get(name)
        return mask.apply(item) if mask else item


def selected_streams(catalog: Iterable[CatalogEntry]) -> list[CatalogEntry]:
    """Return the selected entries, in the order of the catalog."""
    return [entry for entry in catalog if is_selected(entry)]


def is_selected(entry: CatalogEntry) -> bool:
    """Return whether the stream is selected."""
    root = entry.metadata.get((), {})
    if root.get("selected") is None and entry.selected is not None and root.get("inclusion") != "unsupported":
        return entry.selected
    return _resolve(entry, (), parent=not entry.metadata)


def field_mask(entry: CatalogEntry) -> FieldMask | None:
    """Return the mask of the rows of a stream; None if all fields on all levels are selected."""
    return _mask(entry, entry.schema, ())


def selected_schema(entry: CatalogEntry) -> dict[str, Any]:
    """Return the schema of the selected fields, for the SCHEMA message."""
    mask = field_mask(entry)
    return entry.schema if mask is None else mask.apply_to_schema(entry.schema)


def _mask(entry: CatalogEntry, schema: Mapping[str, Any], parent: Breadcrumb) -> FieldMask | None:
    fields: dict[str, FieldMask | None] = {}
    dropped = set()
    for name, sub in schema.get("properties", {}).items():
        crumb = (*parent, "properties", name)
        if _resolve(entry, crumb, parent=True):
            fields[name] = _mask(entry, sub, crumb) if isinstance(sub, dict) else None
        else:
            dropped.add(name)
    if not dropped and not any(fields.values()):
        return None
    return FieldMask(fields, frozenset(dropped), open=bool(schema.get("additionalProperties")))


def _resolve(entry: CatalogEntry, crumb: Breadcrumb, *, parent: bool) -> bool:
    item = entry.metadata.get(crumb, {})
    if item.get("inclusion") in ("unsupported", "automatic"):
        return bool(item["inclusion"] == "automatic")
    for flag in ("selected", "selected-by-default"):
        if item.get(flag) is not None:
            return bool(item[flag])
    return parent
