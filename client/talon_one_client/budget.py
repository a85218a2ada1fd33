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

from talon_one_client.errors import ConfigurationError

if TYPE_CHECKING:
    from talon_one_client.config import ClientConfig
    from talon_one_client.endpoints import Endpoint

# Requests sent evenly arrive unevenly. Four percent of air between them keeps any window of a second clean.
HEADROOM = 1.04


class RateBudget:
    """Paces requests under the budgets of a configuration. Thread-safe."""

    def __init__(self, config: ClientConfig) -> None:
        self._config = config
        self._limiters: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        if config.budget_url:
            _check_budget_url(config.budget_url)

    def acquire(self, endpoint: Endpoint) -> float:
        """Wait for a free place; return the seconds waited."""
        rate = self._rate(endpoint)
        if rate is None:
            return 0.0
        started = time.monotonic()
        self._limiter(endpoint, rate).try_acquire("request")
        return time.monotonic() - started

    def rate_of(self, endpoint: Endpoint) -> float | None:
        """Requests per second that the budget allows ``endpoint``, None for no limit."""
        return self._rate(endpoint)

    def close(self) -> None:
        """Give back connections to shared stores."""
        with self._lock:
            for limiter in self._limiters.values():
                limiter.close()
            self._limiters.clear()

    def _rate(self, endpoint: Endpoint) -> float | None:
        config = self._config
        return config.management_requests_per_second if endpoint.api == "management" else config.requests_per_second

    def _limiter(self, endpoint: Endpoint, rate: float) -> Any:
        bucket = (endpoint.api, endpoint.name if endpoint.api == "management" else "")
        with self._lock:
            if bucket not in self._limiters:
                self._limiters[bucket] = self._make(bucket, rate)
            return self._limiters[bucket]

    def _make(self, bucket: tuple[str, str], rate: float) -> Any:
        from pyrate_limiter import Limiter, Rate
        from pyrate_limiter.abstracts.algorithm import GCRA
        from pyrate_limiter.buckets.state_bucket import StateBucket
        from pyrate_limiter.limiter import SingleBucketFactory

        interval_ms = max(1, round(1000 * HEADROOM * 1000 / rate))
        bucket_of_one = StateBucket([Rate(1000, interval_ms, burst=1)], algorithm=GCRA(), store=self._store(bucket))
        return Limiter(SingleBucketFactory(bucket_of_one, schedule_leak=False), buffer_ms=0)

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


def _check_budget_url(url: str) -> None:
    if not url.startswith(("sqlite:///", "redis://", "rediss://")):
        scheme = url.split(":", 1)[0]
        raise ConfigurationError(f"budget_url must start with sqlite:///, redis:// or rediss://, not {scheme!r}")


def _redis_store(url: str, name: str) -> Any:
    try:
        import redis
    except ImportError as error:
        raise ConfigurationError(
            "budget_url names Redis, but its client is not installed: pip install 'talon-one-connector[redis]'"
        ) from error
    from pyrate_limiter.buckets.redis_state import RedisStateStore

    connection = redis.Redis.from_url(url)
    try:
        connection.ping()
    except redis.RedisError as error:
        raise ConfigurationError(f"budget_url: Redis does not answer ({type(error).__name__})") from error
    return RedisStateStore(connection, name)


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
            with self._lock:
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
