"""Rate limits by key and endpoint, evenly paced, shared by threads, processes or machines.

Talon.One documents 3 requests/s per Management API endpoint
(https://docs.talon.one/docs/dev/management-api/overview) and no figure for the Integration API.
"""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING

from talon_one_client.errors import ConfigurationError
from talon_one_client.http.waits import interruptible_sleep, never
from talon_one_client.rate_limit.adaptive_rate import AdaptiveRate
from talon_one_client.rate_limit.rate_limit import Grant, RateLimit
from talon_one_client.rate_limit.stores import MemoryStore, RedisStore, SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.connection.config import ClientConfig
    from talon_one_client.endpoints import Endpoint
    from talon_one_client.rate_limit.stores import RateLimitStore


class RateLimiter:
    """Holds requests back until the rate limits of a configuration allow them. Thread-safe.

    Args:
        config: holds the rates, and where their state is shared.
        sleep: waits that many seconds; for tests.
        clock_ms: the present in milliseconds; for tests.
        pause: waits that many seconds while the server refuses requests; by default ``sleep``.
        pause_clock: the clock of these waits, in seconds; by default ``clock_ms``.
        stop: raises once the run was asked to stop.
    """

    def __init__(
        self,
        config: ClientConfig,
        *,
        sleep: Callable[[float], None] | None = None,
        clock_ms: Callable[[], float] | None = None,
        pause: Callable[[float], None] | None = None,
        pause_clock: Callable[[], float] | None = None,
        stop: Callable[[], None] = never,
    ) -> None:
        self._config = config
        self._sleep, self._stop = sleep or interruptible_sleep(stop), stop
        self._clock_us = (lambda: round(clock_ms() * 1000)) if clock_ms else None
        self._process_clock_us = self._clock_us or (lambda: time.monotonic_ns() // 1000)
        self._pause = pause or self._sleep
        self._pause_clock = pause_clock or ((lambda: clock_ms() / 1000) if clock_ms else time.monotonic)
        self._limits: dict[tuple[str, str], RateLimit] = {}
        self._adaptive_rates: dict[tuple[str, str], AdaptiveRate] = {}
        self._lock = threading.Lock()
        self._url = config.rate_limit_url.reveal() if config.rate_limit_url else ""
        if self._url:
            _check_url(self._url)

    def acquire(self, endpoint: Endpoint) -> float:
        """Wait until one request may be sent at once; return the seconds waited.

        Raises:
            ConnectionFailedError: the shared store does not answer.
        """
        grant = self.grant(endpoint)
        return grant.waited_s + grant.paused_s

    def grant(self, endpoint: Endpoint) -> Grant:
        """Wait for a departure.

        Raises:
            ConnectionFailedError: the shared store does not answer.
        """
        rate = self.rate_of(endpoint)
        grant = Grant(None if rate is None else self._limit(endpoint, rate))
        grant.paused_s = self._wait_for_server(self._adaptive(endpoint))
        grant.wait()
        return grant

    def answered(self, endpoint: Endpoint, *, refused: bool, retry_after_s: float | None = None) -> None:
        """Note an answer: a key whose requests are refused is slowed down.

        Args:
            endpoint: what was called.
            refused: the status was 429.
            retry_after_s: the ``Retry-After`` of the answer.
        """
        self._adaptive(endpoint).answered(refused=refused, retry_after_s=retry_after_s)

    def server_wait_s(self, endpoint: Endpoint) -> float:
        """Return how long a request would wait now because the server has refused others."""
        return self._adaptive(endpoint).wait_s()

    def _wait_for_server(self, adaptive: AdaptiveRate) -> float:
        """Wait as long as the refusals of the server demand, each thread for itself; return the seconds waited."""
        waited_s = wait_s = adaptive.reserve()
        while wait_s:
            self._pause(wait_s)
            wait_s = adaptive.pause_s()  # others may have been refused meanwhile
            waited_s += wait_s
        return waited_s

    def _adaptive(self, endpoint: Endpoint) -> AdaptiveRate:
        scope = _scope(endpoint)
        adaptive = self._adaptive_rates.get(scope)
        if adaptive is None:
            with self._lock:
                name = f"{endpoint.name} (management_key)" if scope[1] else "the Integration API key"
                made = AdaptiveRate(name, self._pause_clock, self._config.retry.budget_s)
                adaptive = self._adaptive_rates.setdefault(scope, made)
        return adaptive

    def rate_of(self, endpoint: Endpoint) -> float | None:
        """Return the requests per second that are allowed for ``endpoint``, None for no limit."""
        config = self._config
        return config.management_requests_per_second if endpoint.api == "management" else config.requests_per_second

    def close(self) -> None:
        """Close the connections to shared stores."""
        with self._lock:
            for limit in self._limits.values():
                limit.store.close()
            self._limits.clear()

    def _limit(self, endpoint: Endpoint, rate: float) -> RateLimit:
        scope = _scope(endpoint)
        with self._lock:
            if scope not in self._limits:
                self._limits[scope] = RateLimit(
                    self._store(scope), rate, self._sleep, self._stop, self._process_clock_us
                )
            return self._limits[scope]

    def _store(self, scope: tuple[str, str]) -> RateLimitStore:
        if not self._url:
            return MemoryStore(self._clock_us)
        config = self._config
        key = config.management_key if scope[0] == "management" else config.api_key
        secret = f"{config.base_url} {key.reveal() if key else ''}"
        # The prefix stays as it is: workers of several versions must find the same state.
        name = ":".join(("talon-one-budget-2", hashlib.sha256(secret.encode()).hexdigest()[:16], *scope))
        if self._url.startswith("sqlite:"):
            return SqliteStore(self._url, name, self._clock_us)
        return RedisStore(self._url, name)


def _scope(endpoint: Endpoint) -> tuple[str, str]:
    """Return what a rate limit of Talon.One belongs to: the integration key, or an endpoint of the management key."""
    return endpoint.api, endpoint.name if endpoint.api == "management" else ""


def check_rate_limit_url(url: str) -> None:
    """Open the store of a shared rate limit once, so that an unusable store is found before anything is sent.

    Args:
        url: the setting ``rate_limit_url``.

    Raises:
        ConfigurationError: the URL does not name such a store, or the store cannot be opened.
    """
    _check_url(url)
    store = SqliteStore(url, "", None) if url.startswith("sqlite:") else RedisStore(url, "")
    store.close()


def _check_url(url: str) -> None:
    if not url.startswith(("sqlite:///", "redis://", "rediss://")):
        raise ConfigurationError("rate_limit_url must start with sqlite:///, redis:// or rediss://")
    if url.startswith("sqlite:///") and any(mark in url for mark in "?#"):
        raise ConfigurationError(
            "rate_limit_url is the URL of a file, which has neither query nor fragment; remove what follows ? or #, "
            "or write %3F or %23 if the character is part of the path"
        )
