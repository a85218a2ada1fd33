"""Rate budgets by key and endpoint, evenly paced, shared by threads, processes or machines.

The algorithm and the stores come from pyrate-limiter; ours is the choice of buckets and a SQLite store for
its constant-state algorithm. Talon.One documents 3 requests/s per Management API endpoint
(https://docs.talon.one/docs/dev/management-api/overview) and no figure for the Integration API.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import ConfigurationError, ConnectionFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.config import ClientConfig
    from talon_one_client.endpoints import Endpoint

# Requests sent evenly arrive unevenly. Four percent of air between them keeps any window of a second clean.
HEADROOM = 1.04


class RateBudget:
    """Paces requests under the budgets of a configuration. Thread-safe; ``sleep`` and ``clock_ms`` are for tests."""

    def __init__(
        self,
        config: ClientConfig,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock_ms: Callable[[], int] | None = None,
    ) -> None:
        self._config = config
        self._sleep, self._clock_ms = sleep, clock_ms
        self._pacers: dict[tuple[str, str], _Pacer] = {}
        self._lock = threading.Lock()
        if config.budget_url:
            _check_budget_url(config.budget_url)

    def acquire(self, endpoint: Endpoint) -> float:
        """Wait for a free place; return the seconds waited.

        Raises:
            ConnectionFailedError: the shared store does not answer.
        """
        rate = self.rate_of(endpoint)
        if rate is None:
            return 0.0
        pacer, waited_s = self._pacer(endpoint, rate), 0.0
        # Each try asks at the present instant: a thread that overslept must not leave a gap too short behind it.
        while wait_s := pacer.try_once(self._clock_ms):
            self._sleep(wait_s)
            waited_s += wait_s
        return waited_s

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
                self._pacers[bucket] = _Pacer(self._store(bucket), rate)
            return self._pacers[bucket]

    def _store(self, bucket: tuple[str, str]) -> Any:
        from pyrate_limiter.buckets.state_bucket import InMemoryStateStore

        url = self._config.budget_url
        if not url:
            return InMemoryStateStore()
        config = self._config
        key = config.management_key if bucket[0] == "management" else config.api_key
        secret = f"{config.base_url} {key.reveal() if key else ''}"
        name = ":".join(("talon-one-budget", hashlib.sha256(secret.encode()).hexdigest()[:16], *bucket))
        return _sqlite_store(url, name) if url.startswith("sqlite:") else _redis_store(url, name)


class _Pacer:
    """One budget: a store that keeps when the next request may leave, and the rate."""

    def __init__(self, store: Any, rate: float) -> None:
        from pyrate_limiter import Rate
        from pyrate_limiter.abstracts.algorithm import GCRA

        self.store = store
        self._algorithm = GCRA()
        # The clock counts milliseconds: at high rates a second place makes up for what rounding would waste.
        burst = 2 if rate >= 67 else 1
        self._rates = [Rate(1000, max(1, round(1000 * HEADROOM * 1000 / rate)), burst=burst)]

    def try_once(self, clock_ms: Callable[[], int] | None) -> float:
        """0 if a request may leave now, else in how many seconds to ask again."""
        now = (clock_ms or self.store.default_clock.now)()
        decision = self.store.check(self._algorithm, self._rates, now, 1)
        return 0.0 if decision.allowed else max(1, decision.retry_after_ms) / 1000


def _check_budget_url(url: str) -> None:
    if not url.startswith(("sqlite:///", "redis://", "rediss://")):
        raise ConfigurationError("budget_url must start with sqlite:///, redis:// or rediss://")


def _redis_store(url: str, name: str) -> Any:
    try:
        import redis
    except ImportError as error:
        raise ConfigurationError(
            "budget_url names Redis, but its client is not installed: pip install 'talon-one-connector[redis]'"
        ) from error
    from pyrate_limiter.buckets.redis_state import RedisStateStore

    class TellingRedisStore(RedisStateStore):
        """A Redis store whose failures are ours, and which closes its connections."""

        def check(self, algorithm: Any, rates: Any, now: int, weight: int) -> Any:
            try:
                return super().check(algorithm, rates, now, weight)  # type: ignore[no-untyped-call]
            except redis.RedisError as error:
                raise ConnectionFailedError(f"budget_url: Redis does not answer ({type(error).__name__})") from error

        def close(self) -> None:
            self.redis.close()

    try:
        connection = redis.Redis.from_url(url)
    except ValueError as error:
        raise ConfigurationError("budget_url must look like redis://host:6379/0") from error
    try:
        connection.ping()
    except redis.RedisError as error:
        connection.close()
        raise ConfigurationError(f"budget_url: Redis does not answer ({type(error).__name__})") from error
    return TellingRedisStore(connection, name)


def _sqlite_store(url: str, name: str) -> Any:
    from pyrate_limiter.abstracts.store import StateStore
    from pyrate_limiter.clocks import WallClock

    class SqliteStateStore(StateStore):
        """One row of numbers per budget, read and written under SQLite's write lock."""

        default_clock = WallClock()

        def __init__(self) -> None:
            self._lock = threading.RLock()
            try:
                self._db = sqlite3.connect(
                    url.removeprefix("sqlite:///"), timeout=60, isolation_level=None, check_same_thread=False
                )
                self._db.execute("PRAGMA synchronous=OFF")
                self._db.execute("CREATE TABLE IF NOT EXISTS budget (name TEXT PRIMARY KEY, state TEXT NOT NULL)")
            except sqlite3.Error as error:
                raise ConfigurationError(f"budget_url: cannot open the SQLite file: {error}") from error

        def check(self, algorithm: Any, rates: Any, now: int, weight: int) -> Any:
            try:
                with self._lock:
                    return self._step(algorithm, rates, now, weight)
            except sqlite3.Error as error:
                raise ConnectionFailedError(f"budget_url: the SQLite file cannot be used: {error}") from error

        def _step(self, algorithm: Any, rates: Any, now: int, weight: int) -> Any:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                state, decision = algorithm.step(rates, self.read(algorithm, rates), now, weight)
                if decision.allowed:
                    text = " ".join(map(repr, state))
                    self._db.execute("INSERT OR REPLACE INTO budget VALUES (?, ?)", (name, text))
            finally:
                self._db.execute("COMMIT")
            return decision

        def read(self, algorithm: Any, rates: Any) -> Any:
            row = self._db.execute("SELECT state FROM budget WHERE name = ?", (name,)).fetchone()
            return algorithm.decode(row[0].split()) if row else algorithm.initial(rates)

        def reset(self) -> None:
            self._db.execute("DELETE FROM budget WHERE name = ?", (name,))

        def close(self) -> None:
            self._db.close()

    return SqliteStateStore()
