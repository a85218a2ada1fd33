"""Instants as RFC 3339 text in UTC. A time without zone is taken as UTC, as warehouses without zones store it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from target_talon_one.mapping.conversion_errors import ConversionError

_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))? ?([Zz]|UTC|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
_NO_TIME = "not an RFC 3339 time, for example 2024-01-31T12:00:00Z"


def instant(value: datetime) -> str:
    """Return the text of a datetime. Raises ConversionError: out of the calendar."""
    if type(value) is not datetime:  # a subclass may be finer than microseconds, or no time at all
        return instant_of(value.isoformat())
    try:
        moment = value if value.utcoffset() is None else value.astimezone(UTC)
    except OverflowError:
        raise ConversionError(
            f"{value} is outside of the years 1 to 9999", kind="a time is outside of the years 1 to 9999"
        ) from None
    text = moment.replace(tzinfo=None).isoformat()
    return f"{text.rstrip('0') if moment.microsecond else text}Z"


def date_instant(value: date) -> str:
    """Return the text of the first instant of a day."""
    return f"{value.isoformat()}T00:00:00Z"


def time_text(value: time) -> str:
    """Return the text of a time of day, without unneeded zeros; with its zone, if it has one."""
    clock = value.replace(tzinfo=None).isoformat()
    return f"{clock.rstrip('0') if value.microsecond else clock}{value.isoformat()[len(clock) :]}"


def instant_of(text: str) -> str:
    """Return the canonical text of an instant in RFC 3339, with T or a space; a date alone is its midnight.

    Raises:
        ConversionError: the text is not an instant.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ConversionError(f"{{}} is {_NO_TIME}", text)
    try:
        day, clock, fraction, zone = match.groups()
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}+00:00")
        digits = (fraction or "").rstrip("0")
        text = (moment - _offset(zone)).replace(tzinfo=None).isoformat()
        return f"{text}{'.' if digits else ''}{digits}Z"
    except (ValueError, OverflowError):
        raise ConversionError(f"{{}} is {_NO_TIME}", text) from None


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone[0] not in "+-":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(f"{zone!r} is no zone")
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset
