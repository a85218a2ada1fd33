"""The conversion of values from DB-API drivers, with the same results as ``arrow_values``.

https://peps.python.org/pep-0249/
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import TYPE_CHECKING, Any
from uuid import UUID

from talon_one_singer.values.refused_value import RefusedValue, first_refused, has_refused, of_type
from talon_one_singer.values.value_texts import name_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_UNCHANGED = frozenset({type(None), bool, int, str, datetime, date, time})


def dbapi_values(column: Sequence[Any]) -> list[Any]:
    """Return the values of a column.

    Args:
        column: values from the driver; types that JSON cannot represent are refused, above all bytes and intervals.
    """
    there = set(map(type, column))
    if there <= _UNCHANGED:
        return list(column)
    return [value if type(value) in _UNCHANGED else _converted(value) for value in column]


def _converted(value: Any) -> Any:
    convert = _TABLE.get(type(value)) or next(
        (convert for kind, convert in _TABLE.items() if isinstance(value, kind)), None
    )
    return of_type(type(value).__name__) if convert is None else convert(value)


def _finite(value: Any) -> Any:
    finite = value - value == 0 if isinstance(value, float) else value.is_finite()
    return value if finite else RefusedValue(f"{_spelled(value)} is not a number that JSON can hold")


def _spelled(value: Any) -> str:
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(str(value).lower(), str(value))


def _items(value: Any) -> Any:
    found = dbapi_values(list(value))
    return first_refused(found) if has_refused(found) else found


def _object(value: Mapping[Any, Any]) -> Any:
    try:
        names = list(map(name_text, value))
    except ValueError as error:
        return RefusedValue(f"one of its names is not text: {error}")
    found = _items(value.values())
    return found if isinstance(found, RefusedValue) else dict(zip(names, found, strict=True))


def _day_or_nothing(value: Any) -> Any:
    return value if value == value else RefusedValue("it is not a time (NaT)")  # noqa: PLR0124  # only for NaT


_TABLE: Mapping[type, Callable[[Any], Any]] = {
    float: _finite,
    Decimal: _finite,
    datetime: _day_or_nothing,
    bool: bool,
    int: int,
    str: str.__str__,
    date: lambda value: value,
    time: lambda value: value,
    UUID: str,
    dict: _object,
    list: _items,
    tuple: _items,
    RefusedValue: lambda value: value,
    **dict.fromkeys((IPv4Address, IPv6Address, IPv4Interface, IPv6Interface, IPv4Network, IPv6Network), str),
}
