"""The preparation of JSON schemas: numbers become exact, and keywords that Singer targets do not assert are removed."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_ASSERTED = frozenset({"$schema", "contentEncoding", "contentMediaType", "format"})
_OF_SCHEMAS = frozenset({"definitions", "$defs", "dependencies", "patternProperties", "properties"})
_SCHEMAS = frozenset({"allOf", "anyOf", "contains", "else", "if", "items", "not", "oneOf", "propertyNames", "then"})
_ADDITIONAL = frozenset({"additionalItems", "additionalProperties"})
_DRAFT_4 = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))
_JSON_TEXT_TYPES = ("object", "array", "number", "boolean")


def prepared(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy that both validation libraries interpret the same way."""
    ready: dict[str, Any] = _prepared(dict(schema))
    before, after = schema.get("properties"), ready.get("properties")
    if isinstance(before, dict) and isinstance(after, dict):
        ready["properties"] = {name: _or_decoded(before[name], sub) for name, sub in after.items()}
    return ready


def exact(value: Any) -> Any:
    """Return the value with each float as the Decimal of its digits.

    Raises:
        ValueError: a number cannot be represented in JSON.
    """
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError("JSON has no NaN and no Infinity")
    if isinstance(value, dict):
        return {name: exact(item) for name, item in value.items()}
    return [exact(item) for item in value] if isinstance(value, list | tuple) else value


def python_pattern(pattern: str) -> str:
    r"""Return an ECMA 262 pattern as a Python pattern: $ is the very end, \d and \w are ASCII."""
    return re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]|\$", _python_part, pattern, flags=re.DOTALL)


def _prepared(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_prepared(each) for each in schema]
    if not isinstance(schema, dict):
        return {"not": {}} if schema is False else exact(schema)
    ready = {keyword: _value(keyword, value) for keyword, value in schema.items() if keyword not in _NOT_ASSERTED}
    for bound, exclusive in _DRAFT_4:
        if isinstance(ready.get(exclusive), bool):
            is_exclusive = ready.pop(exclusive)
            if is_exclusive and bound in ready:
                ready[exclusive] = ready.pop(bound)
    return ready


def _value(keyword: str, value: Any) -> Any:
    if keyword in _OF_SCHEMAS and isinstance(value, dict):
        return {name: _prepared(each) for name, each in value.items()}
    if keyword in _SCHEMAS or (keyword in _ADDITIONAL and isinstance(value, dict)):
        return _prepared(value)
    return exact(value)


def _or_decoded(before: Any, ready: Any) -> Any:
    """Return the schema for JSON text that accepts the text or its decoded value."""
    if not isinstance(before, dict) or before.get("contentMediaType") != "application/json" or "type" not in ready:
        return ready
    types = ready["type"] if isinstance(ready["type"], list) else [ready["type"]]
    return {**ready, "type": [*types, *(kind for kind in _JSON_TEXT_TYPES if kind not in types)]}


def _python_part(match: re.Match[str]) -> str:
    part = match[0]
    if part.startswith("["):
        return re.sub(r"\\.", lambda escape: {r"\d": "0-9", r"\w": "A-Za-z0-9_"}.get(escape[0], escape[0]), part)
    return {"$": r"\Z", r"\d": "[0-9]", r"\D": "[^0-9]", r"\w": "[A-Za-z0-9_]", r"\W": "[^A-Za-z0-9_]"}.get(part, part)
