"""The clock of the emulator: real time, shifted time or a frozen instant, so that tests need not sleep."""

from __future__ import annotations

import time

from talon_one_emulator.domain import timestamps


class Clock:
    """The time of the account in microseconds, and a monotonic time in seconds for rate limits.

    While the clock is frozen, only ``advance`` moves the time of the account. The monotonic time continues and is moved
    by every ``advance`` too, so that a client that waits in real time is let through.
    """

    def __init__(self) -> None:
        self._frozen: int | None = None
        self._shift = 0
        self._advanced_s = 0.0

    def now(self) -> int:
        """Return the time of the account, in microseconds since 1970 UTC."""
        if self._frozen is not None:
            return self._frozen
        return time.time_ns() // 1000 + self._shift

    def monotonic_s(self) -> float:
        """Return monotonic seconds, including those of every ``advance``."""
        return time.monotonic() + self._advanced_s

    def freeze(self, at: int | None = None) -> None:
        """Stop at an instant, by default now. Raise ValueError outside the years 1 to 9998."""
        self._frozen = _checked(self.now() if at is None else at)

    def advance(self, seconds: float) -> None:
        """Move forward by seconds, frozen or not. Raise ValueError outside the years 1 to 9998."""
        moved = round(seconds * timestamps.SECOND)
        _checked(self.now() + moved)
        self._advanced_s += seconds
        if self._frozen is None:
            self._shift += moved
        else:
            self._frozen += moved

    def reset(self) -> None:
        """Return to real time."""
        self._frozen, self._shift = None, 0

    def describe(self) -> dict[str, object]:
        """Return ``{now, frozen, shift_s}``."""
        return {
            "now": timestamps.render(self.now()),
            "frozen": self._frozen is not None,
            "shift_s": self._shift / timestamps.SECOND,
        }


def _checked(at: int) -> int:
    # The last year is excluded, so that every instant of a running clock can be printed.
    if not timestamps.FIRST <= at <= timestamps.LAST - 366 * timestamps.DAY:
        raise ValueError("the clock must stay in the years 1 to 9998")
    return at
