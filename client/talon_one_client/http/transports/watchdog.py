"""Requests in flight, and the thread that cuts off those that take too long.

A socket timeout starts again with every byte, so that it never ends a server that sends one byte a second. A watching
thread shuts the socket down instead, whatever the request is waiting for: the TLS handshake, the headers or the body.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import socket
import threading
import time
from math import inf
from typing import TYPE_CHECKING

from talon_one_client.http.retry_policy import Failure, TransportFailure
from talon_one_client.http.waits import DEFAULT_BOUNDS, never

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.http.waits import Bounds

POLL_S = 0.1
IDLE_POLLS = 50  # the thread ends after five seconds without a request


class Exchange:
    """The request in flight on a connection; the next request uses it again, so that a request costs no registration.

    Args:
        shut_down: shuts the sockets down, so that every read and write that waits for them fails.
        read_timeout_s: how long the server may be silent; ``inf`` if the sockets have timeouts themselves.

    Attributes:
        lock: held while sockets are shut down; hold it to close one, so that no other takes its number meanwhile.
        active: there is a request.
        departed: the connection was made, and the request was allowed to be written.
        heard_s: when the server was heard last.
    """

    def __init__(self, shut_down: Callable[[], None], read_timeout_s: float = inf) -> None:
        self._shut_down, self._read_timeout_s = shut_down, read_timeout_s
        self._bounds = DEFAULT_BOUNDS
        self._due_s = self.heard_s = inf
        self._cut: TransportFailure | None = None
        self.lock = threading.Lock()
        self.active = self.departed = False

    def begin(self, bounds: Bounds) -> None:
        """Begin a request. The deadline counts until the connection is made, and again from the departure."""
        self._bounds, self._cut, self.departed = bounds, None, False
        self._due_s, self.heard_s = time.monotonic() + bounds.deadline_s, inf
        self.active = True

    def end(self) -> None:
        """End the request: nothing cuts the connection off any more."""
        with self.lock:
            self.active = False

    def depart(self) -> None:
        """Let the request depart, which may wait for the rate limit.

        Raises:
            TransportFailure: the exchange was cut off before anything was sent.
            BaseException: what ``bounds.depart`` raises.
        """
        self._due_s = inf
        self._bounds.depart()
        self.heard_s = time.monotonic()
        self._due_s = self.heard_s + self._bounds.deadline_s
        self.departed = True
        self.raise_if_cut()

    def cut_if_due(self, now_s: float) -> None:
        """Shut the sockets down if the deadline has passed, or if the server is silent for too long."""
        if now_s >= self._due_s:
            self.cut(self._too_late())
        elif now_s - self.heard_s >= self._read_timeout_s:
            self.cut(TransportFailure(Failure.BROKEN, "no answer within the read timeout"))

    def _too_late(self) -> TransportFailure:
        deadline_s = self._bounds.deadline_s
        if self.departed:
            return TransportFailure(Failure.BROKEN, f"the answer was not complete after {deadline_s:.0f} s")
        return TransportFailure(Failure.CONNECT, f"the connection was not made after {deadline_s:.0f} s")

    def cut(self, why: TransportFailure) -> None:
        """Shut the sockets down, so that every read and write that waits for them fails."""
        with self.lock:
            if self.active:
                self._cut = self._cut or why
                self._shut_down()

    def raise_if_cut(self) -> None:
        """Raise the reason if the exchange was cut off.

        Raises:
            TransportFailure: the deadline has passed, or the run was asked to stop.
        """
        if self._cut is not None:
            raise self._cut


class Watchdog:
    """The exchanges of a transport, and the thread that watches them.

    Args:
        stop: raises once the run was asked to stop.
        grace_s: how long an exchange may continue after ``stop`` has raised.
    """

    def __init__(self, stop: Callable[[], None] = never, grace_s: float = 5.0) -> None:
        self._stop, self._grace_s = stop, grace_s
        self._stopped_s: float | None = None
        # A signal handler may interrupt every method, and wait for another thread. So there is no lock, but collections
        # whose methods are atomic, and threads of the lowest level, because threading.Thread.start has a lock.
        self._exchanges: set[Exchange] = set()
        self._vacancy = [True]  # the thread that takes it watches; empty while one does
        self._pid = os.getpid()
        self._closed, self._ended = threading.Event(), threading.Event()

    def add(self, exchange: Exchange) -> None:
        """Watch an exchange whenever it is active."""
        self._exchanges.add(exchange)

    def discard(self, exchange: Exchange) -> None:
        """Forget an exchange."""
        self._exchanges.discard(exchange)

    def wake(self) -> None:
        """Start the thread if it does not run. Call this after ``begin``."""
        if self._pid != os.getpid():  # a process that was forked has no threads
            self._pid, self._vacancy = os.getpid(), [True]
        if self._vacancy:
            self._closed = threading.Event()  # clearing the old one would take its lock
            _thread.start_new_thread(self._run, ())

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        if not self._vacancy:
            self._ended.wait(POLL_S)
            self._ended = threading.Event()

    def _run(self) -> None:
        while self._takes_vacancy():
            try:
                self._watch()
            finally:  # otherwise no thread would ever watch again
                self._vacancy.append(True)
            # Whoever begins a request now either sees the vacancy, or is seen by this check.
            if not self._check(time.monotonic()):
                self._ended.set()
                return

    def _takes_vacancy(self) -> bool:
        try:
            self._vacancy.pop()
        except IndexError:
            return False
        return True

    def _watch(self) -> None:
        """Watch until there has been no request for a while, or none after ``close``."""
        idle = 0
        while idle < IDLE_POLLS and not (idle and self._closed.is_set()):
            if self._closed.is_set():
                time.sleep(POLL_S)
            else:
                self._closed.wait(POLL_S)  # closing a client does not wait for the next look
            idle = 0 if self._check(time.monotonic()) else idle + 1

    def _check(self, now_s: float) -> bool:
        """Cut off what is due; return whether any exchange is active."""
        stopping = self._grace_is_over(now_s)
        active = [exchange for exchange in tuple(self._exchanges) if exchange.active]
        for exchange in active:
            if stopping:
                exchange.cut(TransportFailure(Failure.STOPPED, "the run was asked to stop"))
            exchange.cut_if_due(now_s)
        return bool(active)

    def _grace_is_over(self, now_s: float) -> bool:
        if self._stopped_s is None:
            try:
                self._stop()
            except Exception:  # noqa: BLE001 - the thread of the request meets the same error and raises it
                self._stopped_s = now_s
        return self._stopped_s is not None and now_s >= self._stopped_s + self._grace_s


def shut_down(found: socket.socket) -> None:
    """Shut a socket down, so that every read and write that waits for it fails."""
    # Not SSLSocket.shutdown, which takes the TLS object away from the thread that is reading from it.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(found, socket.SHUT_RDWR)
