"""Several instants out of a setting: one, a list, or a range with a step.

A range is written as ISO 8601 writes it, ``start/end/step`` with a step like P1D, P2W, P1M, P3M or P1Y.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from talon_one_singer.settings.conversion import moment_of, parse_date_time
from talon_one_singer.settings.json_files import json_type

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 10_000  # instants in a setting
_STEP = re.compile(r"P(\d{1,4})([DWMY])|PT(\d{1,4})H", re.ASCII)


def parse_instants(value: Any) -> tuple[datetime, ...]:
    """The instants that a string, a date or a list of them names, in their order, each once.

    Raises:
        ValueError: completes the sentence "setting 'x' in config.json ...".
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
        yield moment_of(given)
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
    """The instant so many units later; None beyond year 9999. The 31st becomes the last day of a shorter month."""
    try:
        if unit in "DWH":
            return start + count * {"D": timedelta(days=1), "W": timedelta(weeks=1), "H": timedelta(hours=1)}[unit]
        years, month = divmod(start.month - 1 + count * (12 if unit == "Y" else 1), 12)
        last = calendar.monthrange(start.year + years, month + 1)[1]
        return start.replace(year=start.year + years, month=month + 1, day=min(start.day, last))
    except (OverflowError, ValueError):
        return None
