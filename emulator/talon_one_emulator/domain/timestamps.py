"""Instants as integer microseconds since 1970 UTC, and their RFC 3339 text.

In query parameters, the time (midnight) and the zone (UTC) are optional.
Source: https://docs.talon.one/docs/dev/getting-started/overview
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

SECOND = 1_000_000
DAY = 86_400 * SECOND
FOREVER = 1 << 62
# The first and last instants that can be printed: years 1 to 9999.
FIRST, LAST = -62_135_596_800 * SECOND, 253_402_300_799 * SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FORM = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?)?",
    re.ASCII,
)
_BARE_ZONE = re.compile(r"(?<=\d)([+-]\d\d)(\d\d)$", re.ASCII)


def parse(text: str) -> int:
    """Return the microseconds of an RFC 3339 instant. Finer digits are cut off; a leap second becomes the next second.

    Raises:
        ValueError: the text is not an RFC 3339 date-time.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an RFC 3339 date-time")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    leap = second == "60"
    seconds = 59 if leap else int(second or 0)
    moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), seconds, tzinfo=UTC)
    return from_datetime(moment) + leap * SECOND + int((fraction or "0").ljust(6, "0")[:6]) - _offset(zone)


def parse_query(text: str) -> int:
    """Return the same as ``parse``, and accept a zone without a colon: the vendor's Python SDK 26.2 sends ``+0000``."""
    return parse(_BARE_ZONE.sub(r"\1:\2", text))


def from_datetime(moment: datetime) -> int:
    """Return the microseconds of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def render(microseconds: int) -> str:
    """Return the RFC 3339 text with six fractional digits, as the vendor prints it."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def http_date(microseconds: int) -> str:
    """Return the text of a ``Date`` header, in whole seconds."""
    return format_datetime(_EPOCH + timedelta(microseconds=microseconds - microseconds % SECOND), usegmt=True)


def _offset(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return (-minutes if zone[0] == "-" else minutes) * 60 * SECOND
