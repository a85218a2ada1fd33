"""The handling of SIGTERM and SIGINT: the first signal ends the run gracefully, the second one at once."""

from __future__ import annotations

import queue
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from talon_one_singer.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """Is set when the user or the orchestrator has requested that the process stops.

    Like ``threading.Event``, but safe to set from a signal handler: the thread that the handler interrupts may hold the
    lock of an Event, whereas ``SimpleQueue.put`` is reentrant.
    """

    def __init__(self) -> None:
        self.signum: int | None = None
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    def set(self, signum: int = signal.SIGTERM) -> None:
        """Request the stop, as a signal does."""
        self.signum = signum
        self._wake.put(None)

    def is_set(self) -> bool:
        """Return whether the stop was requested."""
        return self.signum is not None

    def wait(self, timeout_s: float) -> bool:
        """Sleep up to ``timeout_s`` seconds, or until the stop is requested; return whether it was."""
        try:
            self._wake.get(timeout=timeout_s)
        except queue.Empty:
            return self.is_set()
        self._wake.put(None)
        return True

    def check(self) -> None:
        """Raise Stopped if the stop was requested."""
        if self.signum is not None:
            raise Stopped(self.signum)

    @contextmanager
    def installed(self) -> Iterator[StopSignal]:
        """Handle SIGTERM and SIGINT in the block; after the first signal, the next one ends the process at once.

        Python allows handlers in the main thread only; in other threads this does nothing.
        """
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {signum: signal.signal(signum, self._handle) for signum in _SIGNALS}
        try:
            yield self
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)

    def _handle(self, signum: int, _frame: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        self.set(signum)
