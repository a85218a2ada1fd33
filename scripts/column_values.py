"""The values of the columns that have a fixed set of them, as the vendor documents it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from build_schemas import SCHEMAS, flatten

if TYPE_CHECKING:
    from collections.abc import Iterator

# Fields that the tap adds.
ADDED = {
    "start_kind": ("timestamp", "immediate", "on_action", "unparsed"),
    "expiry_kind": ("timestamp", "unlimited", "unparsed"),
}


def column_values() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield stream, field and values of every field with a fixed set of values."""
    from tap_talon_one import schemas
    from tap_talon_one.streams import STREAMS

    definitions = json.loads((SCHEMAS / "source" / "models.json").read_text(encoding="utf-8"))["$defs"]
    shipped = schemas.record
    # The shipped schemas of records have no values, so that a value of a later version of the API is read as well.
    schemas.record = lambda name: flatten(definitions[name], definitions, strict=True)
    try:
        fields = {stream.name: stream.schema()["properties"] for stream in STREAMS}
    finally:
        schemas.record = shipped
    for stream, properties in fields.items():
        for name, prop in properties.items():
            values = ADDED.get(name) or _values(prop)
            if values:
                yield stream, name, values


def _values(prop: dict[str, Any]) -> tuple[str, ...]:
    found = prop.get("enum") or prop.get("items", {}).get("enum") or ()
    return tuple(map(str, found))
