"""Time windows of a ledger, and instants as microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
MIN_US = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICRO  # a window from here is read without a startDate
MAX_US = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICRO
SECOND_US = 1_000_000


class Window(NamedTuple):
    """Half-open span of ``created``: [start_us, end_us) in microseconds since 1970, UTC."""

    start_us: int
    end_us: int

    @property
    def width_us(self) -> int:
        """Microseconds from start to end."""
        return self.end_us - self.start_us

    def without(self, part: Window) -> Window:
        """Return what is left when a part that lies at one end is taken away."""
        if part.start_us == self.start_us:
            return Window(part.end_us, self.end_us)
        return Window(self.start_us, part.start_us)


def to_us(instant: datetime) -> int:
    """Return the microseconds since 1970 of an aware datetime."""
    return (instant - EPOCH) // MICRO


def from_us(value: int) -> datetime:
    """Return the UTC datetime of microseconds since 1970, clamped to what a datetime can hold."""
    return EPOCH + MICRO * min(max(value, MIN_US), MAX_US)
