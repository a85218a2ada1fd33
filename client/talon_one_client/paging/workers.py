"""Work by several threads that share slots: a thread that waits for a retry gives its slot to another one."""

from __future__ import annotations

import enum
import threading
import time
from collections import deque
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from talon_one_client.http.waits import interruptible_sleep, wait_for_retries_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPARE = 3  # threads for each slot that go on in the place of others; bounds the work that is begun and waits
POLL_S = 0.5
FIRST_SLOTS = 2
GROWTH_S = 0.005  # how soon the first look at the use of the CPU comes; the time doubles if it is the limit
BUSY = (
    0.5  # share of a CPU from which twice as many calls at once cannot help: their threads contend for the interpreter
)


class Turn(enum.Enum):
    """What came of one call of the work."""

    WORKED = enum.auto()
    NOTHING_NOW = enum.auto()
    FINISHED = enum.auto()


class _Closed(Exception):
    """The workers are to end; raised in their threads only."""


class Workers:
    """Threads that call ``work`` again and again; each call holds one of ``slots``.

    A thread starts when a slot is free and there may be work. ``work`` returns NOTHING_NOW if it found nothing to do;
    it is called again after ``wake`` or when another call has worked. After FINISHED or an error no call begins.

    Two slots are used at first, and twice as many whenever the process has waited more than it worked. Where answers
    come at once the CPU is the limit: 16 threads on a local server are a third slower than 2.

    A call gives its slot back while it waits for a retry (see ``retry_sleep``). So more calls than slots can be open;
    as long as one of them wants its slot again, no new one begins.

    Args:
        slots: number of slots.
        work: what the threads call.
        cpu_share: returns the share of one CPU that this process has used since the last call.
    """

    def __init__(self, slots: int, work: Callable[[], Turn], cpu_share: Callable[[], float] | None = None) -> None:
        self._work, self._cpu_share = work, cpu_share or _Usage().share
        self._slots, self._most = slots, slots * (1 + SPARE)
        self._free = self._used = min(FIRST_SLOTS, slots)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._awake: deque[threading.Lock] = deque()  # gates of calls that have waited and want a slot again
        self._paused: deque[threading.Lock] = deque()  # gates of calls that gave their slot to one of these
        self._resting: deque[threading.Lock] = deque()  # gates of threads without a call
        self._may_find = True
        self._wakes = 0
        self._error: BaseException | None = None
        self._done = threading.Event()
        self.closed = False

    def wait(self, poll: Callable[[], None]) -> None:
        """Start, and wait until the work is finished; ``poll`` is called now and then, and may raise to end the wait.

        Raises the error of a worker, if there was one.
        """
        self.wake()
        polled_s, tick_s = time.monotonic(), GROWTH_S
        while not self._done.wait(tick_s):
            tick_s = self._grow(tick_s)
            if time.monotonic() - polled_s >= POLL_S:
                poll()
                polled_s = time.monotonic()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Let no call begin; calls that wait for a retry end."""
        with self._lock:
            self.closed = True
            for gate in chain(self._awake, self._paused, self._resting):
                gate.release()
            for gates in (self._awake, self._paused, self._resting):
                gates.clear()
        self._done.set()

    def join(self) -> None:
        """Close, and wait until the calls that are open have ended."""
        self.close()
        for thread in self._threads:
            thread.join()

    def wake(self) -> None:
        """Let another call begin if a slot is free: there may be something to do."""
        with self._lock:
            self._may_find = True
            self._wakes += 1
            self._use_free_slot()

    @property
    def idle(self) -> bool:
        """Whether a slot is free."""
        return self._free > 0

    def pause(self) -> None:
        """Give the slot to a call that has waited for its retry, if there is one, and wait for another slot."""
        if not self._awake:
            return
        with self._lock:
            if self.closed:
                raise _Closed
            if not self._awake:
                return
            self._awake.popleft().release()
            gate = _gate(self._paused)
        gate.acquire()
        if self.closed:
            raise _Closed

    @contextmanager
    def keeping_slot(self) -> Iterator[None]:
        """Keep the slot of a call while it waits for a retry: for a wait that all other calls would wait for."""
        wait_for_retries_by(self._wait_in_place)
        try:
            yield
        finally:
            wait_for_retries_by(self._wait_for_retry)

    @contextmanager
    def holding(self, lock: threading.Lock) -> Iterator[None]:
        """Hold a lock in a call; after ``close`` the call ends instead."""
        with lock:
            if self.closed:
                raise _Closed
            yield

    def _grow(self, tick_s: float) -> float:
        """Use more slots unless the CPU is the limit; return the seconds until the next look."""
        if self._used == self._slots:
            return POLL_S
        if self._cpu_share() >= BUSY:
            return min(2 * tick_s, POLL_S)
        with self._lock:
            more = min(self._used, self._slots - self._used)
            self._used += more
            self._free += more
            for _ in range(more):
                self._use_free_slot()
        return GROWTH_S

    def _use_free_slot(self) -> None:
        """Give a free slot to whoever wants it most; called with the lock."""
        if not self._free or self.closed:
            return
        gates = self._awake or self._paused or (self._resting if self._may_find else None)
        if gates:
            self._free -= 1
            gates.popleft().release()
        elif self._may_find and len(self._threads) < self._most:
            self._free -= 1
            thread = threading.Thread(target=self._run, name=f"talon-one_{len(self._threads)}", daemon=True)
            thread.start()  # the system may refuse another thread
            self._threads.append(thread)

    def _run(self) -> None:
        """Work in a thread, which starts with a slot."""
        wait_for_retries_by(self._wait_for_retry)
        try:
            going = True
            while going and not self.closed:
                wakes = self._wakes
                going = self._next(self._work(), wakes)
        except _Closed:
            return
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits, which raises it
            self._error = self._error or error
            self.close()

    def _next(self, turn: Turn, wakes: int) -> bool:
        """Keep the slot for another call, or wait for one; return False if no call is to begin.

        Args:
            wakes: number of wakes before the call: something may have come up while it found nothing.
        """
        if turn is Turn.FINISHED:
            self.close()
            return False
        with self._lock:
            if self.closed:  # from now on nobody opens gates
                return False
            self._may_find = turn is Turn.WORKED or self._wakes != wakes
            if self._may_find and not self._awake and not self._paused:
                if self._free:
                    self._use_free_slot()
                return True
            gate = _gate(self._resting)
            self._free += 1
            self._use_free_slot()
        gate.acquire()
        return True

    def _wait_in_place(self, seconds: float, stop: Callable[[], None]) -> None:
        def check() -> None:
            stop()
            if self.closed:
                raise _Closed

        interruptible_sleep(check)(seconds)

    def _wait_for_retry(self, seconds: float, stop: Callable[[], None]) -> None:
        with self._lock:
            self._free += 1
            self._use_free_slot()
        self._wait_in_place(seconds, stop)
        with self._lock:
            if self.closed:
                raise _Closed
            if self._free:
                self._free -= 1
                return
            gate = _gate(self._awake)
        gate.acquire()
        if self.closed:
            raise _Closed


class _Usage:
    """The use of the CPU by this process."""

    def __init__(self) -> None:
        self._cpu_s, self._s = time.process_time(), time.monotonic()

    def share(self) -> float:
        """Return the share of one CPU since the last call."""
        cpu_s, s = time.process_time(), time.monotonic()
        share = (cpu_s - self._cpu_s) / max(s - self._s, 1e-9)
        self._cpu_s, self._s = cpu_s, s
        return share


def _gate(gates: deque[threading.Lock]) -> threading.Lock:
    """Append a closed gate: acquiring it waits until another thread releases it."""
    gate = threading.Lock()
    gate.acquire()
    gates.append(gate)
    return gate
