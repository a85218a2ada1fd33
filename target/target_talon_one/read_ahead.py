"""Reads messages in a thread of its own, so that reading goes on while rows are compared and sent."""

from __future__ import annotations

from collections import deque
from io import RawIOBase
from threading import Condition, Thread
from typing import TYPE_CHECKING, BinaryIO, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

_T = TypeVar("_T")
MOST_BYTES = 4 << 20  # of input whose messages wait
MOST_MESSAGES = 64


class CountedInput(RawIOBase):
    """A file that counts the bytes that were read from it."""

    def __init__(self, source: BinaryIO) -> None:
        self._read = getattr(source, "read1", source.read)
        self._source = source
        self.count = 0

    def fileno(self) -> int:
        """Return the descriptor of the file."""
        return self._source.fileno()

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes."""
        chunk: bytes = self._read(size)
        self.count += len(chunk)
        return chunk


class ReadAhead(Generic[_T]):
    """Takes items from an iterator in a thread, a bounded number ahead of those that were taken from here.

    Args:
        items: read in the thread only; its error is raised by ``get``.
        position: returns how many bytes of the input were read.
    """

    def __init__(self, items: Iterator[_T], position: Callable[[], int]) -> None:
        self._items, self._position = items, position
        self._waiting: deque[tuple[_T, int]] = deque()
        self._changed = Condition()
        self._taken = 0  # position of the last item that was taken
        self._ended = self._closed = False
        self._error: BaseException | None = None
        self._thread = Thread(target=self._read, name="talon-one-read", daemon=True)

    def get(self, timeout_s: float | None = None) -> _T | None:
        """Return the next item, or None if there is none within a time.

        Raises:
            StopIteration: all items were taken.
            BaseException: what the iterator raised, after the items before it.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended, timeout_s)
            if self._waiting:
                item, self._taken = self._waiting.popleft()
                self._changed.notify_all()
                return item
            if not self._ended:
                return None
        if self._error is not None:
            raise self._error
        raise StopIteration

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """End the thread at its next item. It may wait for input that never comes, so it is not waited for."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _read(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except BaseException as error:  # noqa: BLE001 - raised by ``get``
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _put(self, item: _T) -> bool:
        """Add an item as soon as there is room; return False if nobody takes items any more."""
        position = self._position()
        with self._changed:
            self._waiting.append((item, position))
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._has_room(position) or self._closed)
            return not self._closed

    def _has_room(self, position: int) -> bool:
        return not self._waiting or (len(self._waiting) < MOST_MESSAGES and position - self._taken < MOST_BYTES)
