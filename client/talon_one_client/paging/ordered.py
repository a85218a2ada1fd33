"""Work on many ids at once, results in the order of the ids, memory bounded."""

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

BUFFERED_PARTS = 4  # parts that an id may be ahead of the reader


class _Stopped(Exception):
    """The reader has gone; the worker ends."""


class _Lane(Generic[K, V]):
    """The parts of one id on their way to the reader."""

    def __init__(self, key: K, stop: threading.Event) -> None:
        self.key = key
        self._parts: queue.Queue[tuple[V | None, BaseException | None]] = queue.Queue(BUFFERED_PARTS)
        self._stop = stop

    def fill(self, produce: Callable[[K], Iterable[V]]) -> None:
        try:
            for part in produce(self.key):
                self._put((part, None))
            self._put((None, None))
        except _Stopped:
            return
        except BaseException as error:  # noqa: BLE001 - handed to the reader, who raises it
            self._put((None, error))

    def _put(self, item: tuple[V | None, BaseException | None]) -> None:
        while not self._stop.is_set():
            try:
                self._parts.put(item, timeout=0.2)
            except queue.Full:
                continue
            return
        raise _Stopped

    def drain(self, poll: Callable[[], None]) -> Iterator[V]:
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


def _nothing() -> None:
    """The default ``poll``."""


def ordered_parts(
    keys: Iterable[K], produce: Callable[[K], Iterable[V]], concurrency: int, poll: Callable[[], None] = _nothing
) -> Generator[tuple[K, Iterator[V]]]:
    """For each key, in order, the parts that ``produce(key)`` yields; up to ``concurrency`` keys at once.

    The parts of a key must be read before the next key is asked for. ``keys`` is read lazily, a few times
    ``concurrency`` ahead. ``poll`` is called while nothing comes and may raise to end the work. An error of a
    worker is raised where its parts are read; closing the iterator stops the workers after the request in flight.
    """
    stop = threading.Event()
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="talon-one")
    lanes: deque[_Lane[K, V]] = deque()
    source = iter(keys)
    try:
        while True:
            for key in islice(source, 4 * concurrency - len(lanes)):
                lane: _Lane[K, V] = _Lane(key, stop)
                lanes.append(lane)
                pool.submit(lane.fill, produce)
            if not lanes:
                return
            head = lanes.popleft()
            yield head.key, head.drain(poll)
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
