"""The algorithm of the rate limits: even spacing, and never more than the rate in a second.

Spacing alone does not bound the requests in a second: a request that first has to connect departs late, together with
those after it. So the last departures are kept, and a request waits until few enough of them lie in the last window.
See docs/decisions/0009-own-rate-budget.md.

All functions are pure, on integers of microseconds; the Redis script in ``redis_script.py`` is the same in Lua.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from math import ceil, floor

# Requests that depart evenly arrive unevenly: headroom between them, and at the end of each window.
GAP_HEADROOM = 1.04
WINDOW_HEADROOM = 1.035
MAX_SIZE = 128  # departures that are kept; for a higher rate the window is a fraction of a second
LATE_US = 25_000  # what a busy machine wakes up late by does not lower the rate
PROMPT_US = 2_000  # a departure this soon after its grant need not be noted


@dataclass(frozen=True, slots=True)
class Pace:
    """A rate: at most ``size`` departures in ``window_us``, ``gap_us`` apart.

    Example:
        >>> Pace.of(20)
        Pace(size=20, window_us=1035000, gap_us=52000, prompt_us=2000)
    """

    size: int
    window_us: int
    gap_us: int
    prompt_us: int

    @property
    def headroom_us(self) -> int:
        """By how much the window is longer than the rate demands: a request may arrive that late."""
        return round(self.window_us * (1 - 1 / WINDOW_HEADROOM))

    @classmethod
    def of(cls, rate: float) -> Pace:
        """Return the pace of a number of requests a second."""
        parts = ceil(rate / MAX_SIZE)
        size = max(1, floor(rate / parts))
        window_us = ceil(WINDOW_HEADROOM * 1e6 * size / rate)
        gap_us = ceil(GAP_HEADROOM * 1e6 / rate)
        return cls(size, window_us, gap_us, min(PROMPT_US, window_us // 100))


@dataclass(slots=True)
class Departures:
    """The state of one rate limit: the instant that was planned for the last grant, and the last departures."""

    planned_us: int = 0
    departed_us: list[int] = field(default_factory=list)

    def encode(self) -> str:
        """Return the state as text: integers with spaces between them."""
        return " ".join(map(str, (self.planned_us, *self.departed_us)))

    @classmethod
    def decode(cls, text: str) -> Departures:
        """Return the state that ``encode`` has written.

        Raises:
            ValueError: ``encode`` has not written this text.
        """
        planned, *departed = map(int, text.split(" "))
        return cls(planned, sorted(departed))

    def clamp(self, now_us: int) -> int:
        """Move instants in the future, where no departure can have been, to now; return how far they were ahead."""
        ahead_us = max([self.planned_us, *self.departed_us[-1:]]) - now_us
        if ahead_us > 0:
            self.planned_us = min(self.planned_us, now_us)
            self.departed_us = [min(at_us, now_us) for at_us in self.departed_us]
        return max(ahead_us, 0)

    def take(self, pace: Pace, now_us: int) -> int:
        """Grant a departure now and return 0, or return the microseconds to wait before asking again."""
        next_us = self.planned_us + pace.gap_us
        due_us = next_us
        if len(self.departed_us) >= pace.size:
            due_us = max(due_us, self.departed_us[-pace.size] + pace.window_us)
        if now_us < due_us:
            return due_us - now_us
        # A thread that wakes up a little late keeps the plan, so that the whole rate is used; the window holds anyway.
        self.planned_us = next_us if now_us - next_us <= max(pace.gap_us // 2, LATE_US) else now_us
        insort(self.departed_us, now_us)
        del self.departed_us[:-MAX_SIZE]
        return 0

    def move(self, granted_us: int, to_us: int) -> None:
        """Note that a granted request departs, or arrives, only at another instant."""
        if granted_us in self.departed_us:
            self.departed_us.remove(granted_us)
        insort(self.departed_us, to_us)
        del self.departed_us[:-MAX_SIZE]
