"""Canonical JSON: each value has one spelling, so that equal content has equal bytes.

A number is written without unneeded zeros (10, 10.0 and 1E+1 are ``10``), with all its digits; an instant in UTC.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, time
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from talon_one_singer.values.refused_value import RefusedValue
from target_talon_one.mapping.conversion_errors import ConversionError
from target_talon_one.mapping.instants import date_instant, instant, time_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode

_EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])
_POWERS = 324  # the largest power of ten of a double
_LARGEST = int(sys.float_info.max)  # readers of JSON take what a double holds


def number(value: Decimal) -> int | Decimal:
    """Return the number in its canonical form. Raises ConversionError: it is not finite, or out of range."""
    if not value.is_finite():
        raise ConversionError("{} is not a number that JSON can hold", value)
    exact = value.normalize(_EXACT)
    if abs(exact.adjusted()) > _POWERS or (exact and not float(exact)) or exact.copy_abs() > _LARGEST:
        raise ConversionError("{} is out of the range of JSON numbers", value)
    return integer(int(exact)) if exact == exact.to_integral_value() else exact


def number_json(value: Decimal) -> bytes:
    """Return the number in its canonical form as JSON. Raises ConversionError like ``number``."""
    text = str(value.normalize(_EXACT))
    if "E" in text or len(text) > _POWERS // 2 or not value.is_finite():
        return encode(number(value))
    return b"0" if text == "-0" else text.encode()


def float_number(value: float) -> int | Decimal:
    """Return the number that a float shows: 0.1 is one tenth. Raises ConversionError like ``number``."""
    return number(Decimal(float.__repr__(value)))


def integer(value: int) -> int:
    """Return the integer. Raises ConversionError: out of range."""
    if -_LARGEST <= value <= _LARGEST:
        return int(value)
    raise ConversionError("{} is out of the range of JSON numbers", value)


def plain(value: Any) -> Any:
    """Return a value as JSON, according to its own type; lists and objects are converted with their contents.

    Decimals and floats become numbers, datetimes and dates RFC 3339 text (UTC without a zone), times and UUIDs text.

    Raises:
        ConversionError: JSON has no such value.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    convert = _PLAIN.get(kind) or _of_subclass(value)
    return convert(value)


def _of_subclass(value: Any) -> Callable[[Any], Any]:
    for kind, convert in _PLAIN.items():
        if isinstance(value, kind):
            return convert
    if isinstance(value, RefusedValue):
        raise ConversionError(value.reason, kind=None)
    raise ConversionError("{} cannot be written as JSON", value)


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    for key in value:
        if not isinstance(key, str):
            raise ConversionError("{} is the name of a property, but not a text", key)
    return {str.__str__(key): plain(item) for key, item in value.items()}


_PLAIN: Mapping[type, Callable[[Any], Any]] = {
    int: integer,
    str: str.__str__,
    Decimal: number,
    float: float_number,
    datetime: instant,
    date: date_instant,
    time: time_text,
    UUID: str,
    dict: _object,
    list: lambda items: [plain(item) for item in items],
    tuple: lambda items: [plain(item) for item in items],
}
