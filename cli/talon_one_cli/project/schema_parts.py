"""Parts of JSON Schemas, each with its description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Schema = dict[str, Any]


def value(kind: str, description: str, **more: Any) -> Schema:
    """Return the schema of a value; a kind that ends with ? may be null."""
    types = [kind.rstrip("?"), "null"] if kind.endswith("?") else kind
    return {"type": types, "description": description, **more}


def closed_object(description: str, properties: Mapping[str, Schema], *, optional: Collection[str] = ()) -> Schema:
    """Return the schema of an object that has these properties, and no others."""
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }


def by_name(description: str, of: Schema) -> Schema:
    """Return the schema of an object whose names are data."""
    return {"type": "object", "description": description, "additionalProperties": of}


def list_of(description: str, of: Schema) -> Schema:
    """Return the schema of an array."""
    return {"type": "array", "description": description, "items": of}


def integers(**about: str) -> dict[str, Schema]:
    """Return the schemas of counts by their names."""
    return {name: value("integer", text, minimum=0) for name, text in about.items()}


def texts(**about: str) -> dict[str, Schema]:
    """Return the schemas of texts by their names."""
    return {name: value("string", text) for name, text in about.items()}
