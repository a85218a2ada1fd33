"""What commands print with ``--json``, for the page of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any]

_AS_PUSH = ("apply", "retry")


def json_output(command: str) -> tuple[str, list[tuple[str, str, str]]] | None:
    """Return a sentence about the output of a command and its fields, or None if it has no ``--json``."""
    from talon_one_cli.project.output_schemas import OUTPUTS

    found = next((one for one in OUTPUTS if one.command == command), None)
    if found is None:
        return None
    link = f"[schema](../../schemas/output/{found.file})"
    first, *others = found.schema.get("oneOf", [found.schema])
    what = "one object a line" if found.by_line else "a list" if first["type"] == "array" else "an object"
    about = f"`--json` prints {what} ({link})."
    if others:
        about += f" {others[0]['description']} Their output has {_names(others[0])}."
    rows = list(_fields(first, ""))
    if command in _AS_PUSH:
        about += " The counts of a sync are those of `talon-one push`."
        rows = [row for row in rows if ".NAME." not in row[0]]
    return about, rows


def _names(schema: Schema) -> str:
    *most, last = [f"`{name}`" for name in schema["properties"]]
    return f"{', '.join(most)} and {last}"


def _fields(schema: Schema, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield path, type and description of the fields of a schema, without earlier names."""
    if schema.get("type") == "array":
        yield from _fields(schema["items"], f"{path}[]")
        return
    of = schema.get("additionalProperties")
    if isinstance(of, dict):
        yield from _fields(of, f"{path}.NAME")
    for name, prop in schema.get("properties", {}).items():
        if not prop.get("deprecated"):
            inner = f"{path}.{name}".lstrip(".")
            yield f"`{inner}`", _type(prop), prop.get("description", "")
            yield from _fields(prop, inner)


def _type(prop: Schema) -> str:
    if "enum" in prop:
        return ", ".join(f"`{value}`" for value in prop["enum"])
    found = prop.get("type", "any")
    return found if isinstance(found, str) else " or ".join(found)
