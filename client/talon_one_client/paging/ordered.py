"""Work on many keys at once: results in the order of the keys, in bounded memory."""

from __future__ import annotations

import queue
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

K = TypeVar("K")
V = TypeVar("V")

BUFFERED_PARTS = 4  # parts that a key may be ahead of the reader


class _ReaderClosed(Exception):
    """The reader has closed the iterator; the worker ends."""


class _KeyResults(Generic[K, V]):
    """The parts of one key, between the worker that produces them and the reader."""

    def __init__(self, key: K, closed: threading.Event) -> None:
        self.key = key
        self._parts: queue.Queue[tuple[V | None, BaseException | None]] = queue.Queue(BUFFERED_PARTS)
        self._closed = closed

    def produce(self, produce: Callable[[K], Iterable[V]]) -> None:
        """Put all parts, then an end or the error; runs in a worker."""
        try:
            for part in produce(self.key):
                self._put((part, None))
            self._put((None, None))
        except _ReaderClosed:
            return
        except BaseException as error:  # noqa: BLE001 - handed to the reader, who raises it
            self._put((None, error))

    def _put(self, item: tuple[V | None, BaseException | None]) -> None:
        while not self._closed.is_set():
            try:
                self._parts.put(item, timeout=0.2)
            except queue.Full:
                continue
            return
        raise _ReaderClosed

    def read(self, poll: Callable[[], None]) -> Iterator[V]:
        """Yield the parts as they come."""
        while True:
            try:
                part, error = self._parts.get(timeout=0.5)
            except queue.Empty:
                poll()
                continue
            if error is not None:
                raise error
            if part is None:
                return
            yield part


def _do_nothing() -> None:
    """The default ``poll``."""


def ordered_parts(
    keys: Iterable[K], produce: Callable[[K], Iterable[V]], concurrency: int, poll: Callable[[], None] = _do_nothing
) -> Generator[tuple[K, Iterator[V]]]:
    """Yield for each key, in order, the parts that ``produce(key)`` yields; up to ``concurrency`` keys at once.

    The parts of a key must be read before the next key is requested. ``keys`` is read lazily, at most four times
    ``concurrency`` ahead. ``poll`` is called while no part comes and may raise to end the work. An error of a worker is
    raised where its parts are read; closing the iterator stops the workers after the request in flight.
    """
    closed = threading.Event()
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="talon-one")
    started: deque[_KeyResults[K, V]] = deque()
    source = iter(keys)
    try:
        while True:
            for key in islice(source, 4 * concurrency - len(started)):
                results: _KeyResults[K, V] = _KeyResults(key, closed)
                started.append(results)
                pool.submit(results.produce, produce)
            if not started:
                return
            first = started.popleft()
            yield first.key, first.read(poll)
    finally:
        closed.set()
        pool.shutdown(wait=True, cancel_futures=True)
