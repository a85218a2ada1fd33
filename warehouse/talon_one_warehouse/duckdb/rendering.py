"""DuckDB values read as text and decoded by the names of their types.

``verify`` reads values in this second way, which shares no code with the usual way through Arrow.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from talon_one_singer.values.arrow_extensions import json_of, number_of
from talon_one_singer.values.refused_value import RefusedValue
from talon_one_storage.sql_names import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)?(\+00)?")
_MICROSECONDS = len(".123456")


def rendering(names: Sequence[str], types: Sequence[str]) -> tuple[str, dict[str, Callable[[Any], Any]]]:
    """Return the expressions of a SELECT that render the columns as text, and the decoder of each column.

    The columns are selected by their positions, because DuckDB does not distinguish names that differ only in case.

    Args:
        names: names of the columns.
        types: DuckDB's names of their types; columns of nested types are not rendered.
    """
    decoders = {name: decode for name, kind in zip(names, types, strict=True) if (decode := _decoder(kind))}
    shown = (
        f"CAST(#{position} AS VARCHAR) AS {quoted(name)}" if name in decoders else f"#{position} AS {quoted(name)}"
        for position, name in enumerate(names, 1)
    )
    return ", ".join(shown), decoders


def _decoder(kind: str) -> Callable[[Any], Any] | None:
    return number_of if kind.startswith("DECIMAL(") and kind.endswith(")") else _DECODERS.get(kind)


def _boolean(text: str) -> bool:
    return text == "true"


def _day(text: str) -> Any:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return RefusedValue(f"{text} is outside of the years 1 to 9999")


def _instant(text: str) -> Any:
    found = _INSTANT.fullmatch(text)
    if found is None:
        return RefusedValue(f"{text} is outside of the years 1 to 9999")
    second, fraction = found[1], (found[2] or "").rstrip("0")
    if len(fraction) > _MICROSECONDS:
        return f"{second.replace(' ', 'T')}{fraction}Z"
    moment = datetime.fromisoformat(f"{second}{fraction.ljust(_MICROSECONDS, '0') if fraction else ''}")
    return moment.replace(tzinfo=UTC)


def _time(text: str) -> Any:
    try:
        return text if len(text.rstrip("0")) > len("00:00:00.123456") else time.fromisoformat(text)
    except ValueError:  # 24:00:00
        return text


_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_DECODERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys((*_INTEGERS, *(f"U{name}" for name in _INTEGERS), "BIGNUM", "FLOAT", "DOUBLE"), number_of),
    **dict.fromkeys(
        (*(f"TIMESTAMP{end}" for end in ("", "_S", "_MS", "_NS", " WITH TIME ZONE")), "TIMESTAMPTZ_NS"), _instant
    ),
    **dict.fromkeys(("TIME", "TIME_NS"), _time),
    **dict.fromkeys(("VARCHAR", "UUID", "BIT"), str),
    "BOOLEAN": _boolean,
    "DATE": _day,
    "JSON": json_of,
}
