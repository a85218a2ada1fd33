"""What the threads of ``Workers`` call again and again, and how its calls wait."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from talon_one_client.http.waits import interruptible_sleep, wait_for_retries_by
from talon_one_client.paging.workers import GROWTH_S, POLL_S, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from talon_one_client.paging.workers import Workers


class _Closed(Exception):
    """The work is to end; raised in its calls only."""


class Work:
    """What the threads of ``Workers`` call again and again.

    Args:
        workers: the threads.
        call: what they call from ``begin`` on. It returns NOTHING_NOW if it found nothing to do; after FINISHED or an
            error no call begins.

    Attributes:
        closed: no call begins any more.
    """

    def __init__(self, workers: Workers, call: Callable[[], Turn]) -> None:
        self._workers, self._call = workers, call
        self._open: list[None] = []  # an entry for each call; adding one and taking it away need no lock
        self._news = threading.Event()
        self._error: BaseException | None = None
        self.closed = False

    def begin(self) -> None:
        """Let the threads call the work."""
        self._workers.add(self)

    def wait(self, poll: Callable[[], None], *, or_retries: bool = False) -> None:
        """Wait until the work is finished; ``poll`` is called now and then, and may raise to end the wait.

        Raises the error of a call, if there was one.

        Args:
            or_retries: wait only until slots are free because the last calls wait for their retries.
        """
        polled_s, look_s = time.monotonic(), GROWTH_S
        while not self.closed and not (or_retries and self._workers.only_retries):
            if self._news.wait(look_s):
                self._news.clear()
            look_s = self._workers.grow()
            if time.monotonic() - polled_s >= POLL_S:
                poll()
                polled_s = time.monotonic()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Let no call begin; calls that wait for a retry end."""
        self.closed = True
        self._news.set()

    def join(self) -> None:
        """Close, and wait until the calls that are open have ended."""
        self.close()
        while self._open:
            if self._news.wait(POLL_S):
                self._news.clear()
        self._workers.remove(self)

    def fail(self, error: BaseException) -> None:
        """Close with an error that ``wait`` raises."""
        self._error = self._error or error
        self.close()

    def note_news(self) -> None:
        """Let ``wait`` look at the state of the workers."""
        self._news.set()

    def turn(self) -> Turn:
        """Call the work once, in a thread that holds a slot and holds one afterwards."""
        self._open.append(None)
        try:
            turn = Turn.FINISHED if self.closed else self._called()
        except _Closed:
            turn = Turn.FINISHED
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits, which raises it
            self.fail(error)
            turn = Turn.FINISHED
        finally:
            self._open.pop()
        if turn is Turn.FINISHED or self.closed:
            self.close()  # ``join`` may wait for this call
        return turn

    def pause(self) -> None:
        """Give the slot to a call that has waited for its retry, if there is one, and wait for another slot."""
        self._workers.pause()
        self._raise_if_closed()

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
            self._raise_if_closed()
            yield

    def _called(self) -> Turn:
        wait_for_retries_by(self._wait_for_retry)
        return self._call()

    def _wait_in_place(self, seconds: float, stop: Callable[[], None]) -> None:
        def check() -> None:
            stop()
            self._raise_if_closed()

        interruptible_sleep(check)(seconds)

    def _wait_for_retry(self, seconds: float, stop: Callable[[], None]) -> None:
        with self._workers.retrying():
            self._wait_in_place(seconds, stop)
        self._raise_if_closed()

    def _raise_if_closed(self) -> None:
        if self.closed:
            raise _Closed
