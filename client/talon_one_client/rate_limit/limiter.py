"""Rate budgets by key and endpoint, evenly paced, shared by threads, processes or machines.

Talon.One documents 3 requests/s per Management API endpoint
(https://docs.talon.one/docs/dev/management-api/overview) and no figure for the Integration API.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talon_one_client.errors import ConfigurationError
from talon_one_client.http.waits import SLICE_S, interruptible_sleep, never
from talon_one_client.rate_limit.stores import UNREADABLE, MemoryStore, RedisStore, SqliteStore
from talon_one_client.rate_limit.token_bucket import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.connection.config import ClientConfig
    from talon_one_client.endpoints import Endpoint
    from talon_one_client.rate_limit.stores import Answer, BudgetStore

log = logging.getLogger("talon_one_client")

LONG_WAIT_S = 10.0
CREDIT_US = 1_000_000
CLOCK_STEP_US = 1_000_000  # clocks are put right by less than this without a word


class RateBudget:
    """Paces requests under the budgets of a configuration.

    Thread-safe; ``sleep`` and ``clock_ms`` are for tests. ``stop`` raises once the run is to end.
    """

    def __init__(
        self,
        config: ClientConfig,
        *,
        sleep: Callable[[float], None] | None = None,
        clock_ms: Callable[[], float] | None = None,
        stop: Callable[[], None] = never,
    ) -> None:
        self._config = config
        self._sleep, self._stop = sleep or interruptible_sleep(stop), stop
        self._clock_us = (lambda: round(clock_ms() * 1000)) if clock_ms else None
        self._watch_us = self._clock_us or (lambda: time.monotonic_ns() // 1000)
        self._pacers: dict[tuple[str, str], _Pacer] = {}
        self._lock = threading.Lock()
        if config.budget_url:
            _check_budget_url(config.budget_url)

    def acquire(self, endpoint: Endpoint) -> float:
        """Wait for a departure that happens at once; return the seconds waited.

        Raises:
            ConnectionFailedError: the shared store does not answer.
        """
        return self.grant(endpoint).waited_s

    def grant(self, endpoint: Endpoint) -> Grant:
        """Wait for a departure.

        Raises:
            ConnectionFailedError: the shared store does not answer.
        """
        rate = self.rate_of(endpoint)
        grant = Grant(None if rate is None else self._pacer(endpoint, rate))
        grant.wait()
        return grant

    def rate_of(self, endpoint: Endpoint) -> float | None:
        """Requests per second that the budget allows ``endpoint``, None for no limit."""
        config = self._config
        return config.management_requests_per_second if endpoint.api == "management" else config.requests_per_second

    def close(self) -> None:
        """Give back connections to shared stores."""
        with self._lock:
            for pacer in self._pacers.values():
                pacer.store.close()
            self._pacers.clear()

    def _pacer(self, endpoint: Endpoint, rate: float) -> _Pacer:
        bucket = (endpoint.api, endpoint.name if endpoint.api == "management" else "")
        with self._lock:
            if bucket not in self._pacers:
                self._pacers[bucket] = _Pacer(self._store(bucket), rate, self._sleep, self._stop, self._watch_us)
            return self._pacers[bucket]

    def _store(self, bucket: tuple[str, str]) -> BudgetStore:
        url = self._config.budget_url
        if not url:
            return MemoryStore(self._clock_us)
        config = self._config
        key = config.management_key if bucket[0] == "management" else config.api_key
        secret = f"{config.base_url} {key.reveal() if key else ''}"
        name = ":".join(("talon-one-budget-2", hashlib.sha256(secret.encode()).hexdigest()[:16], *bucket))
        return SqliteStore(url, name, self._clock_us) if url.startswith("sqlite:") else RedisStore(url, name)


@dataclass(slots=True)
class Grant:
    """The right to send one request.

    Attributes:
        pacer: of its budget, None for no limit.
        waited_s: seconds that were spent on it.
        granted_us: when it was granted, on the store's clock.
        since_us: the same on the clock of this process.
    """

    pacer: _Pacer | None
    waited_s: float = 0.0
    granted_us: int = 0
    since_us: int = 0

    def wait(self) -> None:
        """Wait for the right."""
        if self.pacer is not None:
            waited_s, self.granted_us = self.pacer.wait()
            self.since_us = self.pacer.watch_us()
            self.waited_s += waited_s

    def answered(self) -> None:
        """Say that the answer is there, so that the request has arrived."""
        if self.pacer is not None:
            self.pacer.arrived(self)

    def depart(self) -> None:
        """Say that the request is written now; if its turn is long over, wait for another one."""
        while self.pacer is not None and not self.pacer.departs(self):
            self.wait()


class _Pacer:
    """One budget: the store that keeps its departures, and the rate."""

    def __init__(
        self,
        store: BudgetStore,
        rate: float,
        sleep: Callable[[float], None],
        stop: Callable[[], None],
        watch_us: Callable[[], int],
    ) -> None:
        self.store, self.watch_us = store, watch_us
        self._rate, self._pace = rate, Pace.of(rate)
        self._sleep, self._stop = sleep, stop
        self._turn = threading.Lock()  # one thread asks the store, the others wait for it
        self._told = False
        self._lock = threading.Lock()
        self._credit_us, self._credited_us = CREDIT_US, watch_us()

    def wait(self) -> tuple[float, int]:
        """Wait for a departure; return the seconds waited and the instant that the store granted."""
        waited_s = 0.0
        while not self._turn.acquire(timeout=SLICE_S):
            self._stop()
            waited_s += SLICE_S
        try:
            while True:
                answer = self._noted(self.store.step(self._pace, None))
                if not answer.wait_us:
                    return waited_s, answer.now_us
                # Each try asks at the present instant: what was granted before a long sleep is worth nothing.
                wait_s = answer.wait_us / 1e6
                self._tell_long_wait(waited_s + wait_s)
                self._sleep(wait_s)
                waited_s += wait_s
        finally:
            self._turn.release()

    def departs(self, grant: Grant) -> bool:
        """Note that a granted request leaves now; False if it is too late for that."""
        late_us = self.watch_us() - grant.since_us
        if late_us > self._pace.window_us // 2:
            return False
        if late_us > self._pace.prompt_us:
            grant.granted_us = self._noted(self.store.step(self._pace, grant.granted_us)).now_us
            grant.since_us += late_us
        return True

    def arrived(self, grant: Grant) -> None:
        """Note that a request may have arrived so late that it meets those behind it.

        Only an answer says when a request has arrived at the latest. A server that always takes its time must not cost
        budget, so that all this may delay is one second, and one hundredth of the time that passes.
        """
        now_us = self.watch_us()
        late_us = now_us - grant.since_us - self._pace.air_us
        if late_us <= 0:
            return
        with self._lock:
            self._credit_us = min(CREDIT_US, self._credit_us + (now_us - self._credited_us) // 100)
            self._credited_us = now_us
            if late_us > self._credit_us:
                return
            self._credit_us -= late_us
        self._noted(self.store.step(self._pace, grant.granted_us, grant.granted_us + late_us))

    def _noted(self, answer: Answer) -> Answer:
        if answer.cut_us == UNREADABLE:
            log.warning("the state of the shared rate budget (budget_url) could not be read; it starts anew")
        elif answer.cut_us > CLOCK_STEP_US:
            log.warning(
                "the shared rate budget (budget_url) was %.0f s ahead of the clock and has been put right; "
                "check the clocks of all machines that share it",
                answer.cut_us / 1e6,
            )
        return answer

    def _tell_long_wait(self, wait_s: float) -> None:
        if wait_s > LONG_WAIT_S and not self._told:
            self._told = True
            log.warning("waiting %.0f s for the rate budget of %g requests a second", wait_s, self._rate)


def check_budget(url: str) -> None:
    """Open the store of a shared budget once, so that one that cannot work is found before anything is sent.

    Args:
        url: the setting ``budget_url``.

    Raises:
        ConfigurationError: it is no URL of such a store, or the store cannot be opened.
    """
    _check_budget_url(url)
    store = SqliteStore(url, "", None) if url.startswith("sqlite:") else RedisStore(url, "")
    store.close()


def _check_budget_url(url: str) -> None:
    if not url.startswith(("sqlite:///", "redis://", "rediss://")):
        raise ConfigurationError("budget_url must start with sqlite:///, redis:// or rediss://")
    if url.startswith("sqlite:///") and any(mark in url for mark in "?#"):
        raise ConfigurationError(
            "budget_url is the URL of a file, which has neither query nor fragment; leave out what is behind ? or #, "
            "or write %3F or %23 if it is part of the path"
        )
