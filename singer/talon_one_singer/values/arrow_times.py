"""The conversion of dates, times and instants in Arrow columns, with all their digits.

A value outside the calendar of Python and RFC 3339 (infinity, years before 1 and after 9999) is refused.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from talon_one_singer.values.refused_value import RefusedValue

if TYPE_CHECKING:
    from collections.abc import Callable

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY_S = 86_400
_ZEROS = r"(\.[0-9]*[1-9])0+$|\.0+$"  # trailing zeros of a fraction
_MICROSECONDS = len("00:00:00.000000")
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31
_LAST_MS = (_LAST_DAY + 1) * _DAY_S * 1000 - 1
# Infinity: DuckDB writes the largest integers; the ADBC driver of PostgreSQL adds 30 years without a check.
_INFINITE = {
    2**31 - 1: "infinity",
    1 - 2**31: "-infinity",
    -2_147_472_692: "infinity",
    -2_147_472_691: "-infinity",
    2**63 - 1: "infinity",
    1 - 2**63: "-infinity",
    -9_222_425_352_054_775_809: "infinity",
    -9_222_425_352_054_775_808: "-infinity",
}


def dates(array: pa.Array, *, as_json: bool) -> list[Any]:
    """Return ``date`` objects, or texts like 2026-01-31."""
    if pa.types.is_date64(array.type):
        return _within(array, _days_of_ms, as_json=as_json, least=_FIRST_DAY * _DAY_S * 1000, most=_LAST_MS)
    return _within(array, _dates, as_json=as_json, least=_FIRST_DAY, most=_LAST_DAY)


def instants(array: pa.Array, *, as_json: bool) -> list[Any]:
    """Return ``datetime`` objects in UTC, or RFC 3339 texts; a timestamp without time zone is taken as UTC.

    A value with digits below the microsecond, which ``datetime`` does not have, is always text.
    """
    unit = _PER_SECOND[array.type.unit]
    least, most = _FIRST_DAY * _DAY_S * unit, (_LAST_DAY + 1) * _DAY_S * unit - 1
    # Infinity of DuckDB and NaT of pandas must not become nanoseconds of the years 2262 and 1677.
    least, most = max(least, 2 - 2**63), min(most, 2**63 - 2)
    return _within(array, _instant_texts if as_json else _datetimes, as_json=as_json, least=least, most=most)


def times(array: pa.Array, *, as_json: bool) -> list[Any]:
    """Return ``time`` objects, or texts; 24:00:00 and a time with digits below the microsecond are always text."""
    day = _DAY_S * _PER_SECOND[array.type.unit]
    numbers = array.view(_integers(array.type))
    if not _outside(numbers, 0, day - 1):
        return _times(array, as_json=as_json)
    found = _times(pc.if_else(_is_outside(numbers, 0, day - 1), pa.scalar(None, array.type), array), as_json=as_json)
    for at, number in enumerate(numbers.to_pylist()):
        if number == day:
            found[at] = "24:00:00"
        elif number is not None and found[at] is None:
            found[at] = RefusedValue(f"{number} {array.type.unit} is not a time of day")
    return found


def _within(array: pa.Array, convert: Callable[..., list[Any]], *, as_json: bool, least: int, most: int) -> list[Any]:
    """Return the converted values, with those out of range refused."""
    numbers = array.view(_integers(array.type))
    if not _outside(numbers, least, most):
        return convert(array, as_json=as_json)
    outside = _is_outside(numbers, least, most)
    found = convert(pc.if_else(outside, pa.scalar(None, array.type), array), as_json=as_json)
    for at, is_outside in enumerate(outside.to_pylist()):
        if is_outside:
            found[at] = RefusedValue(
                f"{_shown(array.slice(at, 1), numbers[at].as_py())} is outside of the years 1 to 9999"
            )
    return found


def _integers(kind: pa.DataType) -> pa.DataType:
    return pa.int32() if kind.bit_width == 32 else pa.int64()


def _outside(numbers: pa.Array, least: int, most: int) -> bool:
    ends = pc.min_max(numbers).as_py()
    return ends["min"] is not None and (ends["min"] < least or ends["max"] > most)


def _is_outside(numbers: pa.Array, least: int, most: int) -> pa.Array:
    kind = numbers.type
    return pc.or_(pc.less(numbers, pa.scalar(least, kind)), pc.greater(numbers, pa.scalar(most, kind)))


def _shown(single: pa.Array, number: int) -> str:
    if number in _INFINITE:
        return _INFINITE[number]
    try:
        text = str(single.cast(pa.string())[0].as_py())
        return text if text[:1] != "<" else f"a time {'beyond year 9999' if number > 0 else 'before year 1'}"
    except (pa.ArrowException, ValueError):
        return f"{number} ({single.type})"


def _dates(array: pa.Array, *, as_json: bool) -> list[Any]:
    found: list[Any] = (array.cast(pa.string()) if as_json else array).to_pylist()
    return found


def _days_of_ms(array: pa.Array, *, as_json: bool) -> list[Any]:
    days = array.cast(pa.date32(), safe=False)
    found = _dates(days, as_json=as_json)
    exact = pc.equal(days.cast(pa.date64()).view(pa.int64()), array.view(pa.int64()))
    if pc.all(exact, min_count=0).as_py():
        return found
    refused = RefusedValue("it is a date with a time of the day")
    return [
        value if is_exact is not False else refused for value, is_exact in zip(found, exact.to_pylist(), strict=True)
    ]


def _instant_texts(array: pa.Array, *, as_json: bool = True) -> list[Any]:
    del as_json
    texts = pc.strftime(array.cast(pa.timestamp(array.type.unit, "UTC")), "%Y-%m-%dT%H:%M:%SZ")
    short: list[Any] = pc.replace_substring_regex(texts, r"(\.[0-9]*[1-9])0+Z$|\.0+Z$", r"\1Z").to_pylist()
    return short


def _datetimes(array: pa.Array, *, as_json: bool = False) -> list[Any]:
    del as_json
    naive = array.cast(pa.timestamp(array.type.unit))
    coarse = naive.cast(pa.timestamp("us"), safe=False)
    found = [None if value is None else value.replace(tzinfo=UTC) for value in coarse.to_pylist()]
    if array.type.unit != "ns":
        return found
    exact = pc.equal(coarse.cast(naive.type).view(pa.int64()), naive.view(pa.int64()))
    if pc.all(exact, min_count=0).as_py():
        return found
    texts = _instant_texts(naive)
    return [
        text if is_exact is False else value
        for value, text, is_exact in zip(found, texts, exact.to_pylist(), strict=True)
    ]


def _times(array: pa.Array, *, as_json: bool) -> list[Any]:
    found: list[Any]
    if not as_json and array.type != pa.time64("ns"):
        found = array.to_pylist()
        return found
    texts: list[Any] = pc.replace_substring_regex(array.cast(pa.string()), _ZEROS, r"\1").to_pylist()
    if as_json:
        return texts
    found = array.cast(pa.time64("us"), safe=False).to_pylist()
    return [text if text and len(text) > _MICROSECONDS else value for value, text in zip(found, texts, strict=True)]
