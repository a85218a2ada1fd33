"""Rate limits on a clock that only sleeping moves."""

from __future__ import annotations

from talon_one_client import ClientConfig, Secret
from talon_one_client.rate_limit.limiter import RateLimiter

URL = "https://demo.talon.one"


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.ms = 1_000_000.0

    def sleep(self, seconds):
        """Move the clock."""
        self.ms += seconds * 1000

    def now(self):
        """Return the time in milliseconds."""
        return int(self.ms)


def limiter(time, **config):
    return RateLimiter(
        ClientConfig(base_url=URL, api_key=Secret("k" * 8), **config), sleep=time.sleep, clock_ms=time.now
    )


def most_in_a_second(instants):
    ordered = sorted(instants)
    return max(sum(1 for other in ordered if at <= other < at + 1) for at in ordered)
