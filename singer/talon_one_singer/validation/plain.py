"""A jsonschema validator with exact numbers and ECMA patterns: slower than jsonschema-rs, used without it."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jsonschema import Draft7Validator, FormatChecker, SchemaError, ValidationError
from jsonschema.exceptions import best_match
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT7

from talon_one_singer.validation.exact_schema import exact, python_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class PlainValidator:
    """Validates values against a schema.

    Raises:
        jsonschema.SchemaError: the schema is not valid.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        meta = _Draft7(Draft7Validator.META_SCHEMA, format_checker=_regex)
        if error := best_match(meta.iter_errors(schema)):
            raise SchemaError.create_from(error)
        _check_references(schema)
        self._rules = _Draft7(schema, registry=Registry())

    def iter_errors(self, value: Any) -> Iterator[ValidationError]:
        """Yield the errors of a value."""
        yield from self._rules.iter_errors(exact(value))


def _check_references(schema: Mapping[str, Any]) -> None:
    base = schema.get("$id", "")
    registry: Registry[Any] = Registry().with_resource(base, DRAFT7.create_resource(schema)).crawl()
    for reference in _references(schema):
        try:
            registry.resolver(base).lookup(reference)
        except Unresolvable:
            raise SchemaError(f"it has no {reference}") from None


def _references(part: Any) -> Iterator[str]:
    parts: Iterable[Any] = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    if isinstance(part, dict) and isinstance(part.get("$ref"), str):
        yield part["$ref"]
    for each in parts:
        yield from _references(each)


def _is_number(_checker: Any, value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is_integer(_checker: Any, value: Any) -> bool:
    return _is_number(_checker, value) and (isinstance(value, int) or value == value.to_integral_value())


def _multiple_of(rules: Any, divisor: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if rules.is_type(value, "number") and not _is_multiple(Decimal(value), Decimal(divisor)):
        yield ValidationError("no multiple")


def _is_multiple(value: Decimal, divisor: Decimal) -> bool:
    """Return whether a number is a multiple of another; exact, and fast for any exponent."""
    digits, unit = _digits(value), _digits(divisor)
    shift = int(value.as_tuple().exponent) - int(divisor.as_tuple().exponent)
    if shift >= 0:
        return digits * pow(10, shift, unit) % unit == 0
    return not digits or (-shift <= len(value.as_tuple().digits) and digits % (unit * 10**-shift) == 0)


def _digits(number: Decimal) -> int:
    return int(Decimal((0, number.as_tuple().digits, 0)))


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(python_pattern(pattern))


def _is_regex(pattern: Any) -> bool:
    return not isinstance(pattern, str) or bool(_compiled(pattern))


def _pattern(rules: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if rules.is_type(value, "string") and not _compiled(pattern).search(value):
        yield ValidationError("no match")


def _pattern_properties(rules: Any, patterns: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if rules.is_type(value, "object"):
        for pattern, schema in patterns.items():
            for name in filter(_compiled(pattern).search, value):
                yield from rules.descend(value[name], schema, path=name, schema_path=pattern)


def _additional_properties(rules: Any, extra: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if not rules.is_type(value, "object"):
        return
    patterns = [_compiled(pattern) for pattern in schema.get("patternProperties", ())]
    for name in value:
        if name in schema.get("properties", ()) or any(pattern.search(name) for pattern in patterns):
            continue
        if extra is False:
            yield ValidationError("not in the schema")
        else:
            yield from rules.descend(value[name], extra, path=name)


def _enum(_rules: Any, allowed: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if not any(_equal(each, value) for each in allowed):
        yield ValidationError("none of them")


def _const(_rules: Any, needed: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if not _equal(needed, value):
        yield ValidationError("another value")


def _unique_items(rules: Any, unique: bool, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if unique and rules.is_type(value, "array") and len({_key(each) for each in value}) < len(value):
        yield ValidationError("the same twice")


def _equal(one: Any, other: Any) -> bool:
    return bool(_key(one) == _key(other))


def _key(value: Any) -> Any:
    """Return a hashable key, equal for equal JSON values: true is not 1, but 1.0 is."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, dict):
        return ("object", frozenset((name, _key(item)) for name, item in value.items()))
    return ("array", tuple(map(_key, value))) if isinstance(value, list) else value


_Draft7 = extend(
    Draft7Validator,
    {
        "additionalProperties": _additional_properties,
        "const": _const,
        "enum": _enum,
        "multipleOf": _multiple_of,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "uniqueItems": _unique_items,
    },
    type_checker=Draft7Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_integer}),
)
_regex = FormatChecker(formats=())
_regex.checks("regex", raises=re.error)(_is_regex)
