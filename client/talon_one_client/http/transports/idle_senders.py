"""Senders with an open connection that wait for their next request."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from talon_one_client.http.transports.watchdog import Exchange, Watchdog
    from talon_one_client.http.waits import Bounds


class Sender(Protocol):
    """Sends one request at a time over a connection of its own."""

    exchange: Exchange

    def close(self) -> None:
        """Close the connection."""
        ...


S = TypeVar("S", bound=Sender)


class IdleSenders(Generic[S]):
    """Senders that all threads share: there are as many as there have been requests at the same time.

    The sender that was used last is used next, so that few connections carry the requests and the others may be closed
    by the server. Taking and giving back need no lock, because the methods of a list are atomic.

    Args:
        make: returns a new sender.
        watchdog: watches the requests of all senders.
    """

    def __init__(self, make: Callable[[], S], watchdog: Watchdog) -> None:
        self._make, self._watchdog = make, watchdog
        self._idle: list[S] = []
        self._inherited: list[S] = []
        self._pid = os.getpid()
        self._closed = False

    def take(self) -> S:
        """Return an idle sender, or a new one."""
        if self._pid != os.getpid():
            self._forget_inherited()
        try:
            return self._idle.pop()
        except IndexError:
            sender = self._make()
            self._watchdog.add(sender.exchange)
            return sender

    @contextmanager
    def sending(self, sender: S, bounds: Bounds) -> Iterator[None]:
        """Watch the request of a sender that was taken, then make the sender available for the next one.

        Raises:
            TransportFailure: the request was cut off.
        """
        exchange = sender.exchange
        try:
            exchange.begin(bounds)
            self._watchdog.wake()
            yield
            exchange.raise_if_cut()
        finally:
            exchange.end()
            self._give_back(sender)

    def close(self) -> None:
        """Close the connections of all idle senders, and those of the others when they are given back."""
        self._closed = True
        while self._idle:
            sender = self._idle.pop()
            self._watchdog.discard(sender.exchange)
            sender.close()

    def _give_back(self, sender: S) -> None:
        self._idle.append(sender)
        if self._closed:
            self.close()

    def _forget_inherited(self) -> None:
        """Leave the connections of the process that forked this one alone; they are not even closed here."""
        self._inherited += self._idle
        self._idle.clear()
        self._pid = os.getpid()
