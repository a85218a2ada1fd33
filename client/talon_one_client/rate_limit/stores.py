"""Where the state of a rate budget is kept: in this process, in a SQLite file, or in Redis."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from talon_one_client.errors import BudgetUrlError, ConnectionFailedError
from talon_one_client.rate_limit.token_bucket import MAX_SIZE, Track

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.rate_limit.token_bucket import Pace

UNREADABLE = -1


@dataclass(frozen=True, slots=True)
class Answer:
    """What a store says.

    Attributes:
        wait_us: 0: granted; otherwise how long to wait before asking again.
        now_us: the store's clock.
        cut_us: by how much the kept state was ahead of that clock, or UNREADABLE; it has been put right.
    """

    wait_us: int
    now_us: int
    cut_us: int = 0


class BudgetStore(Protocol):
    """Keeps a Track."""

    def step(self, pace: Pace, granted_us: int | None, to_us: int | None = None) -> Answer:
        """Read, change and write the track as one.

        Args:
            pace: the rate.
            granted_us: None asks for a departure; otherwise that one is moved.
            to_us: where it is moved; None: now.

        Raises:
            ConnectionFailedError: the store does not answer.
        """
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


def _changed(track: Track, pace: Pace, move: tuple[int | None, int | None], now_us: int) -> Answer:
    granted_us, to_us = move
    cut_us = track.cut(now_us)
    if granted_us is None:
        return Answer(track.take(pace, now_us), now_us, cut_us)
    track.move(granted_us, now_us if to_us is None else min(to_us, now_us))
    return Answer(0, now_us, cut_us)


class MemoryStore:
    """For the threads of this process."""

    def __init__(self, clock_us: Callable[[], int] | None) -> None:
        self._clock_us = clock_us or (lambda: time.monotonic_ns() // 1000)
        self._track = Track(planned_us=-(1 << 62))
        self._lock = threading.Lock()

    def step(self, pace: Pace, granted_us: int | None, to_us: int | None = None) -> Answer:
        """See BudgetStore."""
        with self._lock:
            return _changed(self._track, pace, (granted_us, to_us), self._clock_us())

    def close(self) -> None:
        """Nothing is open."""


def _sqlite_path(url: str) -> str:
    """The path in a URL; ``%20`` is a space, unless there is a file whose name holds it."""
    written = Path(url.removeprefix("sqlite:///")).expanduser()
    decoded = Path(unquote(url.removeprefix("sqlite:///"))).expanduser()
    return str(written if written.exists() and not decoded.exists() else decoded)


class SqliteStore:
    """For the processes of this machine: one row for each budget, changed under SQLite's write lock.

    Raises:
        BudgetUrlError: the file cannot be opened.
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
            raise BudgetUrlError(
                f"budget_url: cannot open the SQLite file: {error}; name a file in a folder that this process may "
                "write, or leave budget_url out"
            ) from error

    def step(self, pace: Pace, granted_us: int | None, to_us: int | None = None) -> Answer:
        """See BudgetStore."""
        try:
            with self._lock:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    return self._step(pace, (granted_us, to_us))
                finally:
                    self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise ConnectionFailedError(f"budget_url: the SQLite file cannot be used: {error}") from error

    def _step(self, pace: Pace, move: tuple[int | None, int | None]) -> Answer:
        row = self._db.execute("SELECT state FROM budget WHERE name = ?", (self._name,)).fetchone()
        now_us, unreadable = self._clock_us(), False
        try:
            track = Track.decode(str(row[0])) if row else Track()
        except ValueError:
            track, unreadable = Track(), True
        answer = _changed(track, pace, move, now_us)
        if unreadable:
            answer = Answer(answer.wait_us, now_us, UNREADABLE)
        if answer.wait_us == 0 or answer.cut_us:
            self._db.execute("INSERT OR REPLACE INTO budget VALUES (?, ?)", (self._name, track.encode()))
        return answer

    def close(self) -> None:
        """Close the file."""
        self._db.close()


# The same as Track, on the clock of the Redis server.
_SCRIPT = """
local size, window, gap, granted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local text = redis.call('GET', KEYS[1]) or '0'
local cut, numbers = 0, {}
if not text:match('^[%d ]+$') then text, cut = '0', -1 end
for digits in text:gmatch('%d+') do
    local number = tonumber(digits)
    if number > now then
        cut = math.min(math.max(cut, number - now), 9e15)
        number = now
    end
    numbers[#numbers + 1] = number
end
local planned = table.remove(numbers, 1) or 0
table.sort(numbers)
local function answer(wait)
    if wait == 0 or cut ~= 0 then
        while #numbers > tonumber(ARGV[5]) do table.remove(numbers, 1) end
        table.insert(numbers, 1, planned)
        for index, number in ipairs(numbers) do numbers[index] = string.format('%.0f', number) end
        redis.call('SET', KEYS[1], table.concat(numbers, ' '), 'PX', 60000 + math.ceil(window / 500))
    end
    return {wait, now, cut}
end
if granted > 0 then
    for index, number in ipairs(numbers) do
        if number == granted then
            table.remove(numbers, index)
            break
        end
    end
    local to = tonumber(ARGV[6])
    numbers[#numbers + 1] = to > 0 and math.min(to, now) or now
    table.sort(numbers)
    return answer(0)
end
local due = planned + gap
if #numbers >= size then due = math.max(due, numbers[#numbers - size + 1] + window) end
if now < due then return answer(due - now) end
if now - planned - gap <= math.floor(gap / 2) then planned = planned + gap else planned = now end
numbers[#numbers + 1] = now
return answer(0)
"""


class RedisStore:
    """For many machines, on the clock of the Redis server.

    Raises:
        ConfigurationError: the URL is no Redis URL, Redis does not answer, or its client is not installed.
    """

    def __init__(self, url: str, name: str) -> None:
        try:
            import redis
        except ImportError as error:
            raise BudgetUrlError(
                "budget_url names Redis, but its client is not installed: pip install 'talon-one-connector[redis]'"
            ) from error
        self._name, self._error = name, redis.RedisError
        try:
            self._redis: Any = redis.Redis.from_url(url, socket_timeout=30, socket_connect_timeout=10)
        except ValueError as error:
            raise BudgetUrlError("budget_url must look like redis://host:6379/0") from error
        self._script = self._redis.register_script(_SCRIPT)
        try:
            self._redis.ping()
        except redis.RedisError as error:
            self._redis.close()
            raise BudgetUrlError(f"budget_url: Redis does not answer ({type(error).__name__})") from error

    def step(self, pace: Pace, granted_us: int | None, to_us: int | None = None) -> Answer:
        """See BudgetStore."""
        arguments = (pace.size, pace.window_us, pace.gap_us, granted_us or 0, MAX_SIZE, to_us or 0)
        try:
            return Answer(*self._script(keys=[self._name], args=arguments))
        except self._error as error:
            raise ConnectionFailedError(f"budget_url: Redis does not answer ({type(error).__name__})") from error

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()
