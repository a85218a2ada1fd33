"""Requests in flight, and the thread that cuts off those that take too long.

A socket timeout starts again with every byte, so that it never ends a server that sends one byte a second. A watching
thread shuts the socket down instead, whatever the request is waiting for: the TLS handshake, the headers or the body.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import urllib3.connection

from talon_one_client.http.retry_policy import Failure, TransportFailure
from talon_one_client.http.waits import never

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POLL_S = 0.1
IDLE_POLLS = 50  # the thread ends after five seconds without a request


class Exchange:
    """One request in flight.

    Args:
        deadline_s: seconds from its departure, or until the connection is made, to its last byte.
        depart: called when the connection is made, right before the request is written; may wait or raise.
    """

    def __init__(self, deadline_s: float, depart: Callable[[], None]) -> None:
        self._deadline_s, self._depart = deadline_s, depart
        self._due_s: float | None = time.monotonic() + deadline_s
        self._connection: Any = None
        self._socket: Any = None
        self._cut: TransportFailure | None = None

    def connecting(self, connection: Any) -> None:
        """Note the connection whose socket may have to be shut down."""
        self._connection = connection

    def departing(self, connection: Any) -> None:
        """Let the request depart, which may wait for the rate limit; the deadline counts from here.

        Raises:
            TransportFailure: the exchange was cut off before anything was sent.
        """
        self._socket = connection.sock
        self._due_s = None
        self._depart()
        self._due_s = time.monotonic() + self._deadline_s
        self.raise_if_cut()

    def cut_if_due(self, now_s: float) -> None:
        """Shut the socket down if the deadline has passed."""
        if self._due_s is not None and now_s >= self._due_s:
            reason = f"the answer was not complete after {self._deadline_s:.0f} s"
            self.cut(TransportFailure(Failure.BROKEN, reason))

    def cut(self, why: TransportFailure) -> None:
        """Shut the socket down, so that every read and write that waits for it fails."""
        self._cut = self._cut or why
        found = self._socket or getattr(self._connection, "sock", None)
        if found is not None:
            # Not SSLSocket.shutdown, which takes the TLS object away from the thread that is reading from it.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(found, socket.SHUT_RDWR)

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
        self._exchanges: set[Exchange] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    @contextlib.contextmanager
    def watching(self, exchange: Exchange) -> Iterator[None]:
        """Watch an exchange of this thread.

        Raises:
            TransportFailure: it was cut off.
        """
        with self._lock:
            self._exchanges.add(exchange)
            self._closed.clear()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="talon-one-watch", daemon=True)
                self._thread.start()
        _in_flight.exchange = exchange
        try:
            yield
        finally:
            _in_flight.exchange = None
            with self._lock:
                self._exchanges.discard(exchange)

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        thread = self._thread
        if thread is not None:
            thread.join(POLL_S)

    def _run(self) -> None:
        idle = 0
        while True:
            if self._exchanges:
                time.sleep(POLL_S)
            else:
                self._closed.wait(POLL_S)
            now_s = time.monotonic()
            stopping = self._grace_is_over(now_s)
            with self._lock:
                idle = 0 if self._exchanges else idle + 1
                if not self._exchanges and (self._closed.is_set() or idle >= IDLE_POLLS):
                    self._thread = None
                    return
                for exchange in self._exchanges:
                    if stopping:
                        exchange.cut(TransportFailure(Failure.STOPPED, "the run was asked to stop"))
                    exchange.cut_if_due(now_s)

    def _grace_is_over(self, now_s: float) -> bool:
        if self._stopped_s is None:
            try:
                self._stop()
            except Exception:  # noqa: BLE001 - the thread of the request meets the same error and raises it
                self._stopped_s = now_s
        return self._stopped_s is not None and now_s >= self._stopped_s + self._grace_s


class _InFlight(threading.local):
    exchange: Exchange | None = None


_in_flight = _InFlight()


class WatchedConnection(urllib3.connection.HTTPConnection):
    """A connection that reports to the exchange of its thread."""

    def connect(self) -> None:
        """Connect; see the base class."""
        _report_connecting(self)
        super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Connect, wait for the departure, then send; see the base class."""
        _report_departing(self)
        super().request(*args, **kwargs)


class WatchedTlsConnection(WatchedConnection, urllib3.connection.HTTPSConnection):
    """A TLS connection that reports to the exchange of its thread; ``super().connect()`` is that of the TLS class."""


def _report_connecting(connection: Any) -> None:
    if _in_flight.exchange is not None:
        _in_flight.exchange.connecting(connection)


def _report_departing(connection: Any) -> None:
    if connection.sock is None:
        connection.connect()
    if _in_flight.exchange is not None:
        _in_flight.exchange.departing(connection)
