"""The emulator's clock: real time, shifted time or a frozen instant, so that tests never sleep."""

from __future__ import annotations

import time

from talon_one_emulator.domain import timestamps


class Clock:
    """Tells the account's time in microseconds and a steady time in seconds for rate windows.

    Frozen, only ``advance`` moves the account's time; the steady time keeps running and takes part in every
    ``advance``, so a client that backs off in real time is still let through.
    """

    def __init__(self) -> None:
        self._frozen: int | None = None
        self._shift = 0
        self._advanced_s = 0.0

    def now(self) -> int:
        """The account's time, microseconds since 1970 UTC."""
        if self._frozen is not None:
            return self._frozen
        return time.time_ns() // 1000 + self._shift

    def steady_s(self) -> float:
        """Seconds that never run backwards, plus all ``advance``."""
        return time.monotonic() + self._advanced_s

    def freeze(self, at: int | None = None) -> None:
        """Stop at ``at``, or at the present instant. Raises ValueError outside the years 1 to 9998."""
        self._frozen = _checked(self.now() if at is None else at)

    def advance(self, seconds: float) -> None:
        """Move forward by ``seconds``, frozen or not. Raises ValueError outside the years 1 to 9998."""
        moved = round(seconds * timestamps.SECOND)
        _checked(self.now() + moved)
        self._advanced_s += seconds
        if self._frozen is None:
            self._shift += moved
        else:
            self._frozen += moved

    def reset(self) -> None:
        """Back to real time."""
        self._frozen, self._shift = None, 0

    def describe(self) -> dict[str, object]:
        """``{now, frozen, shift_s}``."""
        return {
            "now": timestamps.render(self.now()),
            "frozen": self._frozen is not None,
            "shift_s": self._shift / timestamps.SECOND,
        }


def _checked(at: int) -> int:
    # A year is left at the end, so that all instants of a running clock can be printed.
    if not timestamps.FIRST <= at <= timestamps.LAST - 366 * timestamps.DAY:
        raise ValueError("the clock goes from year 1 to year 9998")
    return at
