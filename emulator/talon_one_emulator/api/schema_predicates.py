"""JSON Schemas compiled to predicates, for speed.

A predicate never accepts what jsonschema refuses. A value that a predicate refuses is validated again by jsonschema,
which names the problem.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import talon_one_schemas

Predicate = Callable[[Any], bool]

_ANNOTATIONS = frozenset({"$schema", "title", "format", "default", "readOnly", "x-since", "description"})


@cache
def accepts(name: str) -> Predicate:
    """Return the predicate of a request schema."""
    return _compiled(talon_one_schemas.request(name))


def _compiled(schema: Mapping[str, Any]) -> Predicate:
    found = (_KEYWORDS[word](value, schema) for word, value in schema.items() if word not in _ANNOTATIONS)
    checks = [check for check in found if check is not None]
    if not checks:
        return lambda _: True
    if len(checks) == 1:
        return checks[0]
    return lambda value: all(check(value) for check in checks)


def _type(name: str | list[str], schema: Mapping[str, Any]) -> Predicate:
    if isinstance(name, list):
        checks = [_type(each, schema) for each in name]
        return lambda value: any(check(value) for check in checks)
    if name == "integer":
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return lambda value: isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    kind = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}[name]
    return lambda value: isinstance(value, kind)


def _properties(properties: Mapping[str, Any], schema: Mapping[str, Any]) -> Predicate:
    checks = {name: _compiled(each) for name, each in properties.items()}
    extra = schema.get("additionalProperties")
    other = _compiled(extra) if isinstance(extra, dict) and extra else None

    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        for name, each in value.items():
            test = checks.get(name, other)
            if test is not None and not test(each):
                return False
        return True

    return check


def _additional(extra: Any, schema: Mapping[str, Any]) -> Predicate | None:
    if "properties" in schema:
        return None
    return _properties({}, schema) if isinstance(extra, dict) and extra else None


def _required(names: list[str], _: Mapping[str, Any]) -> Predicate:
    wanted = frozenset(names)
    return lambda value: not isinstance(value, dict) or wanted <= value.keys()


def _items(each: Mapping[str, Any], _: Mapping[str, Any]) -> Predicate:
    check = _compiled(each)
    return lambda value: not isinstance(value, list) or all(map(check, value))


def _one_of(branches: list[Mapping[str, Any]], _: Mapping[str, Any]) -> Predicate:
    checks = [_compiled(branch) for branch in branches]
    return lambda value: sum(check(value) for check in checks) == 1


def _matches(pattern: re.Pattern[str]) -> Predicate:
    return lambda value: not isinstance(value, str) or pattern.search(value) is not None


def _unique(wanted: bool, _: Mapping[str, Any]) -> Predicate | None:
    if not wanted:
        return None
    return lambda value: not isinstance(value, list) or all(each not in value[:at] for at, each in enumerate(value))


def _sized(kind: type | tuple[type, ...], test: Callable[[Any, Any], bool]) -> Any:
    def keyword(limit: Any, _: Mapping[str, Any]) -> Predicate:
        return lambda value: not isinstance(value, kind) or isinstance(value, bool) or test(value, limit)

    return keyword


_KEYWORDS: Mapping[str, Callable[[Any, Mapping[str, Any]], Predicate | None]] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "required": _required,
    "items": _items,
    "oneOf": _one_of,
    "uniqueItems": _unique,
    "enum": lambda values, _: lambda value: isinstance(value, str) and value in values,
    "const": lambda wanted, _: lambda value: bool(value == wanted),
    "pattern": lambda text, _: _matches(re.compile(text)),
    "minLength": _sized(str, lambda value, limit: len(value) >= limit),
    "maxLength": _sized(str, lambda value, limit: len(value) <= limit),
    "minItems": _sized(list, lambda value, limit: len(value) >= limit),
    "maxItems": _sized(list, lambda value, limit: len(value) <= limit),
    "minimum": _sized((int, Decimal), lambda value, limit: value >= limit),
    "maximum": _sized((int, Decimal), lambda value, limit: value <= limit),
}
