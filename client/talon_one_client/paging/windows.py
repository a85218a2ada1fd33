"""Time windows of a ledger, and the rows of a page that lie in one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from talon_one_client.paging.pages import Page

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
MIN_US = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICRO  # a window from here is read without a startDate
MAX_US = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICRO
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open span of ``created``: [start_us, end_us) in microseconds since 1970, UTC."""

    start_us: int
    end_us: int

    @property
    def width_us(self) -> int:
        """Microseconds from start to end."""
        return self.end_us - self.start_us


ALL_TIME = Window(MIN_US, MAX_US)


class Row(msgspec.Struct):
    """A ledger row, decoded as far as paging needs it.

    Attributes:
        id: the row's id.
        created_us: when the row was created; the start of the window if ``created`` is no instant.
        raw: the row as it was sent.
        dated: False if ``created`` is no instant.
    """

    id: int
    created_us: int
    raw: msgspec.Raw
    dated: bool = True


class _DatedRow(msgspec.Struct):
    id: int
    created: datetime


class _AnyRow(msgspec.Struct):
    id: int
    created: str


_dated_row = msgspec.json.Decoder(_DatedRow)
_any_row = msgspec.json.Decoder(_AnyRow)
_LEAP_SECOND = re.compile(r"(.*T\d\d:\d\d):60(.*)", re.ASCII)


def to_us(instant: datetime) -> int:
    """Return the microseconds since 1970 of an aware datetime."""
    return (instant - EPOCH) // MICRO


def from_us(value: int) -> datetime:
    """Return the UTC datetime of microseconds since 1970, clamped to what a datetime can hold."""
    return EPOCH + MICRO * min(max(value, MIN_US), MAX_US)


def rows_of(page: Page, window: Window) -> list[Row]:
    """Return the rows of a page whose ``created`` lies in the window.

    A row whose ``created`` is no instant counts as lying at the window's start, so that every window that meets it
    returns it: such a row may come twice, but it is never lost.

    Raises:
        msgspec.DecodeError: a row has no id or no created.
    """
    found: list[Row] = []
    for raw in page.data:
        try:
            head = _dated_row.decode(raw)
            row = Row(head.id, _utc_us(head.created), raw)
        except msgspec.ValidationError:
            row = _unusual_row(raw, window)
        if window.start_us <= row.created_us < window.end_us:
            found.append(row)
    return found


def _unusual_row(raw: msgspec.Raw, window: Window) -> Row:
    """Return a row whose ``created`` is a leap second (taken for the instant after it) or no instant at all."""
    row = _any_row.decode(raw)
    leap = _LEAP_SECOND.fullmatch(row.created)
    try:
        before = datetime.fromisoformat(f"{leap[1]}:59{leap[2]}") if leap else None
    except ValueError:
        before = None
    if before is None:
        return Row(row.id, window.start_us, raw, dated=False)
    return Row(row.id, _utc_us(before) + SECOND_US, raw)


def _utc_us(instant: datetime) -> int:
    return to_us(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
