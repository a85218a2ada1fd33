"""Work in a second thread, while the next rows are read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future


class Background:
    """A thread that does one piece of work at a time, in the order in which they were started.

    At most one piece is under way, which bounds the memory of all that waits. The error of a piece is raised once, by
    the next call of any method but ``close``.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._current: Future[None] | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Start work when the piece before it has ended.

        Raises:
            Exception: the error of the piece before, and the work is not started.
        """
        self.wait()
        self._current = self._executor.submit(work)

    def wait(self) -> None:
        """Wait for the end of the work. Raises its error."""
        if self._current is not None:
            self._current.exception()  # an interrupted wait does not forget the work
            current, self._current = self._current, None
            current.result()

    def raise_error(self) -> None:
        """Raise the error of work that has ended."""
        if self._current is not None and self._current.done():
            self.wait()

    def close(self) -> None:
        """Wait for the end of the work, and end the thread."""
        self._executor.shutdown()
