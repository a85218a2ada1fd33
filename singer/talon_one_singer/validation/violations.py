"""The description of an invalid row: one sentence that names the field and contains no values of the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_singer.values.exact_json import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

_MOST_CHARS = 200
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a value violates.

    Attributes:
        path: path of the value in the row.
        schema_path: path of the rule.
        schema: the schema with the rule.
    """

    path: Sequence[str | int]
    schema_path: Sequence[str | int]
    schema: Any

    @property
    def rule(self) -> str:
        """The keyword of the rule."""
        return "propertyNames" if "propertyNames" in self.schema_path[:-1] else str(self.schema_path[-1])

    def order(self) -> tuple[list[str], str, list[str]]:
        """Return a sort key, so that the first of several violations is always the same."""
        return [str(step) for step in self.path], self.rule, [str(step) for step in self.schema_path]


def sentence(violation: Violation, row: Any) -> str:
    """Return a sentence like "points must be a number or null, not a string"."""
    path, value = walk(row, violation.path)
    rule, schema = violation.rule, violation.schema
    if not isinstance(schema, dict) or rule not in schema:
        schema = {}
    if rule == "required" and schema:
        return f"{field_name([*path, _first_missing(schema[rule], value)])} is missing"
    if rule == "additionalProperties" and schema and "patternProperties" not in schema:
        return f"{field_name([*path, _first_missing(value, schema.get('properties', ()))])} is not in the schema"
    words = _WORDS.get(rule) if schema else None
    return f"{field_name(path)} {words(schema[rule], value) if words else f'breaks the rule {rule!r} of its schema'}"


def walk(value: Any, path: Sequence[str | int]) -> tuple[list[str | int], Any]:
    """Return the path with the names of fields, and the value there.

    jsonschema-rs returns the names "3" and "03" as the number 3.
    """
    found: list[str | int] = []
    for step in path:
        if isinstance(value, dict) and isinstance(step, int):
            step = next((name for name in (str(step), *value) if name in value and _is(name, step)), str(step))  # noqa: PLW2901
        found.append(step)
        value = value[step]
    return found, value


def _is(name: str, number: int) -> bool:
    return name.isdecimal() and int(name) == number


def _first_missing(names: Iterable[str], there: Container[str]) -> str:
    return next((name for name in names if name not in there), "")


def field_name(path: Sequence[str | int]) -> str:
    """Return a name like items[0].sku."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
    return _short(text) if path else "the row"


def _short(text: str) -> str:
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= _MOST_CHARS else f"{text[: _MOST_CHARS - 1]}…"


def _json(value: Any) -> str:
    return _short(_encode(value).decode())


def _type(needs: Any, value: Any) -> str:
    return f"must be {_either(needs if isinstance(needs, list) else [needs])}, not {kind_of(value)}"


def _either(types: Sequence[str]) -> str:
    named = [kind if kind == "null" else f"an {kind}" if kind[0] in "aio" else f"a {kind}" for kind in types]
    return " or ".join(filter(None, (", ".join(named[:-1]), named[-1])))


def _any_of(needs: Any, value: Any) -> str:
    """Return the sentence for anyOf, whose schemas usually differ only in their type."""
    types = [each.get("type") if isinstance(each, dict) else None for each in needs]
    kinds = list(dict.fromkeys(kind for each in types for kind in (each if isinstance(each, list) else [each])))
    kind = kind_of(value).split()[-1]
    if None in kinds or kind in kinds or (kind == "number" and "integer" in kinds):
        return "fits none of the forms that its schema allows"
    return _type(kinds, value)


def _counted(least: str, noun: str) -> Callable[[Any, Any], str]:
    return lambda needs, value: f"must have {least} {needs} {noun}{'' if needs == 1 else 's'}, not {len(value)}"


_WORDS: Mapping[str, Callable[[Any, Any], str]] = {
    "type": _type,
    "anyOf": _any_of,
    "oneOf": lambda *_: "must fit exactly one of the forms that its schema allows",
    "enum": lambda needs, _: f"must be one of {_short(', '.join(map(_json, needs)))}",
    "const": lambda needs, _: f"must be {_json(needs)}",
    "minimum": lambda needs, _: f"must be at least {needs}",
    "maximum": lambda needs, _: f"must be at most {needs}",
    "exclusiveMinimum": lambda needs, _: f"must be more than {needs}",
    "exclusiveMaximum": lambda needs, _: f"must be less than {needs}",
    "multipleOf": lambda needs, _: f"must be a multiple of {needs}",
    "minLength": _counted("at least", "character"),
    "maxLength": _counted("at most", "character"),
    "minItems": _counted("at least", "item"),
    "maxItems": _counted("at most", "item"),
    "minProperties": _counted("at least", "field"),
    "maxProperties": _counted("at most", "field"),
    "uniqueItems": lambda *_: "must not have the same item twice",
    "pattern": lambda needs, _: f"must match the pattern {_short(needs)}",
    "additionalProperties": lambda *_: "has a field that is not in the schema",
    "not": lambda needs, _: "is what its schema excludes" if needs else "must not be present",
}
