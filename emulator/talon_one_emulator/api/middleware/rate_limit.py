"""429: the rate limit of the Management API."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from talon_one_emulator.api.errors import ApiError, Problem

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint
    from talon_one_emulator.domain.clock import Clock


class RateLimit:
    """At most ``per_second`` requests within any second to each management endpoint; 0 switches the limit off."""

    def __init__(self, per_second: int, clock: Clock) -> None:
        self.per_second = per_second
        self._clock = clock
        self._passed: dict[str, deque[float]] = {}

    def check(self, endpoint: Endpoint) -> None:
        """Raise ApiError 429 if the limit of the endpoint is reached. The vendor documents no Retry-After header."""
        if endpoint.api != "management" or not self.per_second:
            return
        now = self._clock.monotonic_s()
        passed = self._passed.setdefault(endpoint.name, deque())
        while passed and passed[0] <= now - 1:
            passed.popleft()
        if len(passed) >= self.per_second:
            raise ApiError(429, [Problem("Rate limit", f"{self.per_second} requests a second on this endpoint")])
        passed.append(now)

    def clear(self) -> None:
        """Forget all earlier requests."""
        self._passed.clear()
