"""The bounds of one request, and sleeps that end when the run is to stop."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SLICE_S = 0.1


def never() -> None:
    """The ``stop`` of a client that is never asked to end."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one request.

    Attributes:
        deadline_s: seconds from sending the request to the last byte of the answer.
        max_bytes: largest body of the answer, before and after decompression.
        depart: called when the connection is made, right before the request is written; may wait or raise.
    """

    deadline_s: float = 300.0
    max_bytes: int = 128 * 1024 * 1024
    depart: Callable[[], None] = never


DEFAULT_BOUNDS = Bounds()


def interruptible_sleep(stop: Callable[[], None]) -> Callable[[float], None]:
    """Return a sleep that calls ``stop`` every tenth of a second; it ends early when ``stop`` raises."""
    if stop is never:
        return time.sleep

    def sleep(seconds: float) -> None:
        end = time.monotonic() + seconds
        stop()
        while (remaining := end - time.monotonic()) > 0:
            time.sleep(min(SLICE_S, remaining))
            stop()

    return sleep


class _Here(threading.local):
    """What belongs to one thread: its way to wait for a retry, if it has one of its own."""

    wait: Callable[[float, Callable[[], None]], None] | None = None


_here = _Here()


def wait_for_retries_by(wait: Callable[[float, Callable[[], None]], None]) -> None:
    """Let this thread wait for its retries by ``wait(seconds, stop)``, so that others may go on in its place."""
    _here.wait = wait


def retry_sleep(stop: Callable[[], None]) -> Callable[[float], None]:
    """Return the sleep before a retry, see ``wait_for_retries_by``; it ends early when ``stop`` raises."""
    plain = interruptible_sleep(stop)

    def sleep(seconds: float) -> None:
        if _here.wait is None:
            plain(seconds)
        else:
            _here.wait(seconds, stop)

    return sleep
