"""Slow a key down when the server refuses its requests with HTTP 429, whether a rate limit is configured or not.

A rate limit shows in the share of answers that are 429: what was accepted is what the server allows. So the rate falls
to a little less than that, at once, and rises again in equal steps until it limits nothing. A few refusals among many
answers are left to the requests that they hit. See docs/decisions/0021-adaptive-rate.md.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("talon_one_client")

WINDOW_S = 1.0
WINDOW_ANSWERS = 20
FEW_REFUSALS = 3
FEW_REFUSALS_SHARE = 0.03
DECREASE = 0.95  # of what was accepted
STEP = 0.05  # of the highest accepted rate, in each window without many refusals
LOWEST_RATE = 1.0  # requests a second
UNLIMITED = 1.5  # times the highest accepted rate
RECENT_ANSWERS = 20
PAUSING_ANSWERS = 10  # so many of the recent answers must be 429 before the whole key pauses


class AdaptiveRate:
    """The rate that the server allows a key, as far as its answers show. Thread-safe.

    Args:
        name: names the key in the log.
        clock: monotonic seconds.
        longest_pause_s: a longer ``Retry-After`` pauses nothing; the requests that get it fail.
    """

    def __init__(self, name: str, clock: Callable[[], float], longest_pause_s: float) -> None:
        self._name, self._clock, self._longest_pause_s = name, clock, longest_pause_s
        self._lock = threading.Lock()
        self._rate: float | None = None
        self._next_s = self._paused_until_s = 0.0
        self._recent: deque[bool] = deque(maxlen=RECENT_ANSWERS)
        self._window_start_s = clock()
        self._answers = self._refusals = 0
        self._highest = 0.0
        self._is_logged = False

    def reserve(self) -> float:
        """Reserve a departure; return the seconds until it."""
        if self._rate is None and not self._paused_until_s:
            return 0.0
        with self._lock:
            now_s = self._clock()
            at_s = max(now_s, self._next_s, self._paused_until_s)
            if now_s >= self._paused_until_s:
                self._paused_until_s = 0.0
            if self._rate is not None:
                self._next_s = at_s + 1 / self._rate
            return at_s - now_s

    def wait_s(self) -> float:
        """Return the seconds until the next departure that nobody has reserved."""
        if self._rate is None:
            return self.pause_s()
        return max(0.0, self._next_s - self._clock(), self.pause_s())

    def pause_s(self) -> float:
        """Return the seconds that the key still pauses."""
        return max(0.0, self._paused_until_s - self._clock()) if self._paused_until_s else 0.0

    def answered(self, *, refused: bool, retry_after_s: float | None = None) -> None:
        """Note an answer.

        Args:
            refused: it was a 429.
            retry_after_s: its ``Retry-After``.
        """
        with self._lock:
            now_s = self._clock()
            self._answers += 1
            self._recent.append(refused)
            if refused:
                self._refusals += 1
                self._pause(now_s, retry_after_s)
            if self._answers >= WINDOW_ANSWERS and now_s - self._window_start_s >= WINDOW_S:
                self._adapt(now_s)

    def _pause(self, now_s: float, retry_after_s: float | None) -> None:
        refused = sum(self._recent)
        if retry_after_s is None or refused < PAUSING_ANSWERS or 2 * refused <= len(self._recent):
            return
        if retry_after_s <= self._longest_pause_s:
            self._paused_until_s = max(self._paused_until_s, now_s + retry_after_s)
            self._log(f"all requests wait {retry_after_s:,.0f} s, as it asks (Retry-After)")

    def _adapt(self, now_s: float) -> None:
        """Set the rate by the answers of a window, and begin the next window."""
        accepted = (self._answers - self._refusals) / (now_s - self._window_start_s)
        self._highest = max(self._highest, accepted)
        if self._refusals >= max(FEW_REFUSALS, FEW_REFUSALS_SHARE * self._answers):
            rate = max(LOWEST_RATE, DECREASE * accepted)
            self._rate = rate if self._rate is None else min(self._rate, rate)
            self._log(f"this run slows down to {self._rate:,.0f} requests/s for now")
        elif self._rate is not None:
            self._rate += max(STEP * self._highest, STEP * LOWEST_RATE)
            if self._rate > UNLIMITED * self._highest:
                self._rate = None
        self._window_start_s, self._answers, self._refusals = now_s, 0, 0

    def _log(self, what: str) -> None:
        if not self._is_logged:
            self._is_logged = True
            log.warning(
                "Talon.One refuses many requests of %s (HTTP 429): %s; a lower rate limit "
                "(requests_per_second, management_requests_per_second) avoids this",
                self._name,
                what,
            )
