"""The parsing of dates and times: one, a list, or a range with a step.

A range has the form ``start/end/step`` of ISO 8601, with a step like P1D, P2W, P1M, P3M or P1Y.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from talon_one_singer.settings.json_files import json_type

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 10_000  # instants in a setting
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII)
_STEP = re.compile(r"P(\d{1,4})([DWMY])|PT(\d{1,4})H", re.ASCII)


def instant_of(value: date) -> datetime:
    """Return the instant of a date (its midnight in UTC) or of a date and time.

    Raises:
        ValueError: the time has no time zone.
    """
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value.utcoffset() is None:
        raise ValueError(f"must have a time zone: {value.isoformat()} has none; add Z for UTC")
    return value


def parse_date_time(text: str) -> datetime:
    """Return the instant in an RFC 3339 text; a date alone means its midnight in UTC.

    Raises:
        ValueError: the text is something else, or has no time zone.
    """
    if _DATE.fullmatch(text):
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    found = _DATE_TIME.fullmatch(text)
    if not found:
        raise ValueError(f"must be a date and time like 2026-01-31T00:00:00Z, or a date, not {text!r}")
    if not found[2]:
        raise ValueError(f"must have a time zone: {text} has none; add Z for UTC")
    return datetime.fromisoformat(text.upper())


def parse_instants(value: Any) -> tuple[datetime, ...]:
    """Return the instants in a string, a date or a list of them, sorted and without duplicates.

    Raises:
        ValueError: its text completes the sentence "setting 'x' in config.json ...".
    """
    if isinstance(value, str):
        value = [text for text in value.split(",") if text.strip()]
    elif isinstance(value, date):
        value = [value]
    if not isinstance(value, list | tuple) or not value or not all(isinstance(one, str | date) for one in value):
        kind = "an empty list" if value == [] else json_type(value)
        raise ValueError(
            f"must be an instant, a list of instants, or a range like 2025-01-01/2025-12-31/P1M, not {kind}"
        )
    found = {instant for one in value for instant in _instants(one)}
    if len(found) > MOST:
        raise ValueError(f"names {len(found):,} instants; at most {MOST:,} can be read at once")
    return tuple(sorted(found))


def _instants(given: str | date) -> Iterator[datetime]:
    if isinstance(given, date):
        yield instant_of(given)
        return
    text = given.strip()
    if "/" not in text:
        yield parse_date_time(text)
        return
    parts = text.split("/")
    step = _STEP.fullmatch(parts[2].strip().upper()) if len(parts) == 3 else None
    if step is None or not int(step[1] or step[3]):
        raise ValueError(f"must have ranges like 2025-01-01/2025-12-31/P1M (P1D, P1W, P1M, P1Y or PT1H), not {text!r}")
    start, end = (parse_date_time(part.strip()) for part in parts[:2])
    if end < start:
        raise ValueError(f"has a range that ends before it starts: {text}")
    for number in range(MOST + 1):
        instant = _after(start, number * int(step[1] or step[3]), step[2] or "H")
        if instant is None or instant > end:
            return
        yield instant
    raise ValueError(f"has a range of more than {MOST:,} instants: {text}")


def _after(start: datetime, count: int, unit: str) -> datetime | None:
    """Return the instant ``count`` units later; None after year 9999. In a shorter month the 31st is its last day."""
    try:
        if unit in "DWH":
            return start + count * {"D": timedelta(days=1), "W": timedelta(weeks=1), "H": timedelta(hours=1)}[unit]
        years, month = divmod(start.month - 1 + count * (12 if unit == "Y" else 1), 12)
        last = calendar.monthrange(start.year + years, month + 1)[1]
        return start.replace(year=start.year + years, month=month + 1, day=min(start.day, last))
    except (OverflowError, ValueError):
        return None
