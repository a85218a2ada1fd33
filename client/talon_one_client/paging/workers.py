"""Work by several threads that share slots: a thread that waits for a retry gives its slot to another one."""

from __future__ import annotations

import enum
import threading
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPARE = 3  # threads for each slot that go on in the place of others; bounds the work that is begun and waits
POLL_S = 0.5
FIRST_SLOTS = 2
GROWTH_S = 0.005  # how soon the first look at the use of the CPU comes; the time doubles if it is the limit
# Share of a CPU from which twice as many calls at once cannot help: their threads contend for the interpreter.
BUSY = 0.5


class Turn(enum.Enum):
    """What came of one call of the work."""

    WORKED = enum.auto()
    NOTHING_NOW = enum.auto()
    FINISHED = enum.auto()


class Called(Protocol):
    """What the threads call, see ``Work``."""

    def turn(self) -> Turn:
        """Call it once, in a thread that holds a slot and holds one afterwards."""

    def note_news(self) -> None:
        """Let whoever waits for it look at the state of the workers."""

    def fail(self, error: BaseException) -> None:
        """End with an error."""

    def join(self) -> None:
        """Let no call begin, and wait until the calls that are open have ended."""


class Workers:
    """Threads that share slots: each call of a work holds one of them.

    A thread starts when a slot is free and there may be something to do. It calls the work that has begun first, and
    the next one if that found nothing to do. If all of them found nothing, they are called again after ``wake`` or when
    another call has worked.

    Two slots are used at first, and twice as many whenever the process has waited more than it worked. Where answers
    come at once the CPU is the limit: 16 threads on a local server are a third slower than 2.

    A call gives its slot back while it waits for a retry (see ``retry_sleep``). So more calls than slots can be open;
    as long as one of them wants its slot again, no new one begins.

    Args:
        slots: number of slots.
        cpu_share: returns the share of one CPU that this process has used since the last call.
    """

    def __init__(self, slots: int, cpu_share: Callable[[], float] | None = None) -> None:
        self._cpu_share = cpu_share or _Usage().share
        self._slots, self._most = slots, slots * (1 + SPARE)
        self._free = self._used = min(FIRST_SLOTS, slots)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._works: list[Called] = []
        self._awake: deque[threading.Lock] = deque()  # gates of calls that have waited and want a slot again
        self._paused: deque[threading.Lock] = deque()  # gates of calls that gave their slot to one of these
        self._resting: deque[threading.Lock] = deque()  # gates of threads without a call
        self._may_find = False
        self._wakes = self._retrying = 0
        self._look_s = GROWTH_S
        self._closed = False

    def add(self, work: Called) -> None:
        """Call a work from now on."""
        self._works.append(work)
        self.wake()

    def remove(self, work: Called) -> None:
        """Call a work no more."""
        if work in self._works:
            self._works.remove(work)

    def close(self) -> None:
        """End all works, and the threads."""
        for work in tuple(self._works):
            work.join()
        with self._lock:
            self._closed = True
            for gate in self._resting:
                gate.release()
            self._resting.clear()
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

    @property
    def only_retries(self) -> bool:
        """Whether a slot is free because calls wait for their retries, and nothing else is to be done."""
        return self._free > 0 and self._retrying > 0 and not self._may_find

    def pause(self) -> None:
        """Give the slot to a call that has waited for its retry, if there is one, and wait for another slot."""
        if not self._awake:
            return
        with self._lock:
            if not self._awake:
                return
            self._awake.popleft().release()
            gate = _gate(self._paused)
        gate.acquire()

    @contextmanager
    def retrying(self) -> Iterator[None]:
        """Give the slot back for the wait for a retry, and take another one after it."""
        with self._lock:
            self._free += 1
            self._retrying += 1
            self._use_free_slot()
        self._note_only_retries()
        try:
            yield
        finally:
            self._take_slot()

    def grow(self) -> float:
        """Use more slots unless the CPU is the limit; return the seconds until the next look."""
        if self._used == self._slots:
            return POLL_S
        if self._cpu_share() >= BUSY:
            self._look_s = min(2 * self._look_s, POLL_S)
            return self._look_s
        with self._lock:
            more = min(self._used, self._slots - self._used)
            self._used += more
            self._free += more
            for _ in range(more):
                self._use_free_slot()
        self._look_s = GROWTH_S
        return self._look_s

    def _use_free_slot(self) -> None:
        """Give a free slot to whoever wants it most; called with the lock."""
        if not self._free or self._closed:
            return
        gates = self._awake or self._paused or (self._resting if self._may_find else None)
        if gates:
            self._free -= 1
            gates.popleft().release()
        elif self._may_find and len(self._threads) < self._most:
            thread = threading.Thread(target=self._run, name=f"talon-one_{len(self._threads)}", daemon=True)
            thread.start()  # the system may refuse another thread
            self._free -= 1
            self._threads.append(thread)

    def _take_slot(self) -> None:
        with self._lock:
            self._retrying -= 1
            if self._free:
                self._free -= 1
                return
            gate = _gate(self._awake)
        gate.acquire()

    def _run(self) -> None:
        """Work in a thread, which starts with a slot."""
        try:
            while not self._closed:
                wakes = self._wakes
                self._next(self._has_worked(), wakes)
        except BaseException as error:  # noqa: BLE001 - handed to the threads that wait, which raise it
            for work in tuple(self._works):
                work.fail(error)

    def _has_worked(self) -> bool:
        return any(work.turn() is Turn.WORKED for work in tuple(self._works))

    def _next(self, has_worked: bool, wakes: int) -> None:
        """Keep the slot for another call, or wait for one.

        Args:
            has_worked: there may be something else to do.
            wakes: number of wakes before the call: something may have come up while it found nothing.
        """
        with self._lock:
            if self._closed:  # from now on nobody opens gates
                return
            self._may_find = has_worked or self._wakes != wakes
            if self._may_find and not self._awake and not self._paused:
                if self._free:
                    self._use_free_slot()
                return
            gate = _gate(self._resting)
            self._free += 1
            self._use_free_slot()
        self._note_only_retries()
        gate.acquire()

    def _note_only_retries(self) -> None:
        if self.only_retries:
            for work in tuple(self._works):
                work.note_news()


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
