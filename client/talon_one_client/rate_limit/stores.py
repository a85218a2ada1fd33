"""Where the state of a rate limit is kept: in this process, in a SQLite file, or in Redis."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from talon_one_client.errors import ConnectionFailedError, RateLimitUrlError
from talon_one_client.rate_limit.departures import MAX_SIZE, Departures
from talon_one_client.rate_limit.redis_script import SCRIPT

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.rate_limit.departures import Pace

UNREADABLE = -1


@dataclass(frozen=True, slots=True)
class StoreReply:
    """The reply of a store.

    Attributes:
        wait_us: 0: granted; otherwise how long to wait before asking again.
        now_us: the store's clock.
        ahead_us: how far the kept state was ahead of that clock, or UNREADABLE; the store has corrected it.
    """

    wait_us: int
    now_us: int
    ahead_us: int = 0


class RateLimitStore(Protocol):
    """Keeps the departures of one rate limit."""

    def step(self, pace: Pace, granted_us: int | None, to_us: int | None = None) -> StoreReply:
        """Read, change and write the state atomically.

        Args:
            pace: the rate.
            granted_us: None requests a departure; otherwise the departure that is moved.
            to_us: the instant it is moved to; None: now.

        Raises:
            ConnectionFailedError: the store does not answer.
        """
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


def _step(departures: Departures, pace: Pace, move: tuple[int | None, int | None], now_us: int) -> StoreReply:
    granted_us, to_us = move
    ahead_us = departures.clamp(now_us)
    if granted_us is None:
        return StoreReply(departures.take(pace, now_us), now_us, ahead_us)
    departures.move(granted_us, now_us if to_us is None else min(to_us, now_us))
    return StoreReply(0, now_us, ahead_us)


class MemoryStore:
    """Keeps the state for the threads of this process."""

    def __init__(self, clock_us: Callable[[], int] | None) -> None:
        self._clock_us = clock_us or (lambda: time.monotonic_ns() // 1000)
        self._departures = Departures(planned_us=-(1 << 62))
        self._lock = threading.Lock()

    def step(self, pace: Pace, granted_us: int | None, to_us: int | None = None) -> StoreReply:
        """See RateLimitStore."""
        with self._lock:
            return _step(self._departures, pace, (granted_us, to_us), self._clock_us())

    def close(self) -> None:
        """Do nothing: there are no connections."""


def _sqlite_path(url: str) -> str:
    """Return the path in a URL; ``%20`` is a space, unless a file exists whose name holds ``%20``."""
    written = Path(url.removeprefix("sqlite:///")).expanduser()
    decoded = Path(unquote(url.removeprefix("sqlite:///"))).expanduser()
    return str(written if written.exists() and not decoded.exists() else decoded)


class SqliteStore:
    """Keeps the state for the processes of this machine: one row for each rate limit, under SQLite's write lock.

    The table is called ``budget`` because versions that share a file must agree on it.

    Raises:
        RateLimitUrlError: the file cannot be opened.
    """

    def __init__(self, url: str, name: str, clock_us: Callable[[], int] | None) -> None:
        self._name = name
        self._clock_us = clock_us or (lambda: time.time_ns() // 1000)
        self._lock = threading.RLock()
        try:
            with ExitStack() as stack:
                path = _sqlite_path(url)
                self._db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
                stack.callback(self._db.close)
                self._db.execute("PRAGMA synchronous=OFF")
                self._db.execute("CREATE TABLE IF NOT EXISTS budget (name TEXT PRIMARY KEY, state TEXT NOT NULL)")
                self._db.execute("BEGIN IMMEDIATE")  # fails if the file may only be read
                self._db.execute("COMMIT")
                stack.pop_all()
        except sqlite3.Error as error:
            raise RateLimitUrlError(
                f"rate_limit_url: cannot open the SQLite file: {error}; name a file in a folder that this process may "
                "write, or leave rate_limit_url out"
            ) from error

    def step(self, pace: Pace, granted_us: int | None, to_us: int | None = None) -> StoreReply:
        """See RateLimitStore."""
        try:
            with self._lock:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    return self._step_in_transaction(pace, (granted_us, to_us))
                finally:
                    self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise ConnectionFailedError(f"rate_limit_url: the SQLite file cannot be used: {error}") from error

    def _step_in_transaction(self, pace: Pace, move: tuple[int | None, int | None]) -> StoreReply:
        row = self._db.execute("SELECT state FROM budget WHERE name = ?", (self._name,)).fetchone()
        now_us, unreadable = self._clock_us(), False
        try:
            departures = Departures.decode(str(row[0])) if row else Departures()
        except ValueError:
            departures, unreadable = Departures(), True
        reply = _step(departures, pace, move, now_us)
        if unreadable:
            reply = StoreReply(reply.wait_us, now_us, UNREADABLE)
        if reply.wait_us == 0 or reply.ahead_us:
            self._db.execute("INSERT OR REPLACE INTO budget VALUES (?, ?)", (self._name, departures.encode()))
        return reply

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class RedisStore:
    """Keeps the state for many machines, on the clock of the Redis server.

    Raises:
        RateLimitUrlError: the URL is no Redis URL, Redis does not answer, or its client is not installed.
    """

    def __init__(self, url: str, name: str) -> None:
        try:
            import redis
        except ImportError as error:
            raise RateLimitUrlError(
                "rate_limit_url names Redis, but its client is not installed: pip install 'talon-one-connector[redis]'"
            ) from error
        self._name, self._error = name, redis.RedisError
        try:
            self._redis: Any = redis.Redis.from_url(url, socket_timeout=30, socket_connect_timeout=10)
        except ValueError as error:
            raise RateLimitUrlError("rate_limit_url must look like redis://host:6379/0") from error
        self._script = self._redis.register_script(SCRIPT)
        try:
            self._redis.ping()
        except redis.RedisError as error:
            self._redis.close()
            raise RateLimitUrlError(f"rate_limit_url: Redis does not answer ({type(error).__name__})") from error

    def step(self, pace: Pace, granted_us: int | None, to_us: int | None = None) -> StoreReply:
        """See RateLimitStore."""
        arguments = (pace.size, pace.window_us, pace.gap_us, granted_us or 0, MAX_SIZE, to_us or 0)
        try:
            return StoreReply(*self._script(keys=[self._name], args=arguments))
        except self._error as error:
            raise ConnectionFailedError(f"rate_limit_url: Redis does not answer ({type(error).__name__})") from error

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()
