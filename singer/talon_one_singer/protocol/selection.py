"""Which streams and fields a catalog selects, by the rules of the Singer SDK and Meltano.

For the stream and for each field, the first that applies: its parent is deselected -> no; inclusion ``unsupported``
-> no; ``automatic`` -> yes; ``selected``; ``selected-by-default``; as its parent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from talon_one_singer.protocol.catalog import Breadcrumb, CatalogEntry


@dataclass(frozen=True, slots=True)
class FieldMask:
    """The selected fields of an object of which not everything is selected.

    Attributes:
        fields: selected field -> None (all of it) or the mask of its object.
        dropped: fields that the schema names and nobody wants.
        open: the schema says ``additionalProperties``: fields that it does not name are kept. Otherwise they go,
            for nobody can select what has no name.
    """

    fields: Mapping[str, FieldMask | None]
    dropped: frozenset[str] = field(default_factory=frozenset)
    open: bool = False

    def apply(self, value: Any) -> Any:
        """A copy of ``value`` with the selected fields only; anything but an object as it is.

        For encoded rows there is ``raw_mask.RawMask``.
        """
        if not isinstance(value, dict):
            return value
        return {name: self._inner(name, item) for name, item in value.items() if self.keeps(name)}

    def apply_to_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of the schema of the object, with the selected fields only."""
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
        """The fields of which a part is selected, each with its mask."""
        return [(name, mask) for name, mask in self.fields.items() if mask]

    def keeps(self, name: str) -> bool:
        """Whether a field of that name stays, whole or in part."""
        return name in self.fields or (self.open and name not in self.dropped)

    def _inner(self, name: str, item: Any) -> Any:
        mask = self.fields.get(name)
        return mask.apply(item) if mask else item


def selected_streams(catalog: Iterable[CatalogEntry]) -> list[CatalogEntry]:
    """The selected entries, in the catalog's order."""
    return [entry for entry in catalog if is_selected(entry)]


def is_selected(entry: CatalogEntry) -> bool:
    """Whether the stream is read."""
    root = entry.metadata.get((), {})
    if root.get("selected") is None and entry.selected is not None and root.get("inclusion") != "unsupported":
        return entry.selected
    return _resolve(entry, (), parent=not entry.metadata)


def selected_fields(entry: CatalogEntry) -> list[str] | None:
    """Names of the selected top-level fields, in the schema's order; None if rows pass whole."""
    mask = field_mask(entry)
    return None if mask is None else list(mask.fields)


def field_mask(entry: CatalogEntry) -> FieldMask | None:
    """The mask of the stream's rows; None if every field at every depth is selected."""
    return _mask(entry, entry.schema, ())


def selected_schema(entry: CatalogEntry) -> dict[str, Any]:
    """The schema for the SCHEMA message: that of the selected fields."""
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
