"""Running one input on one target, with limits on time and memory."""

from __future__ import annotations

import logging
import resource
import signal
import sys
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from talon_one_client.errors import TalonOneError
from talon_one_singer.errors import SingerError
from talon_one_warehouse.errors import WarehouseError

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from types import FrameType

    from tests.fuzz.targets import Target

CORPUS = Path(__file__).with_name("corpus")
EXPECTED = (SingerError, TalonOneError, WarehouseError)
CPU_S = 2.0  # of the process, so that a busy machine causes no failure
WAITING_S = 20.0
MAX_GROWTH = 200_000_000  # bytes
MAX_MESSAGE = 50_000  # characters of an error


_SHARED = {"lines": "messages"}  # targets that use the inputs of another target


class TooLongError(BaseException):
    """The time limit is exceeded. No ``except Exception`` catches this error."""


class Failure(Exception):
    """An input led to neither a result nor an expected error."""


def corpus(name: str) -> list[bytes]:
    """Return the kept inputs of a target, in the order of their names."""
    folder = CORPUS / _SHARED.get(name, name)
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def variants(inputs: list[bytes], rng: random.Random) -> Iterator[bytes]:
    """Yield mutated copies of the inputs, without end."""
    from tests.fuzz.mutations import mutated

    while True:
        yield mutated(rng.choice(inputs), rng.choice(inputs), rng)


def run(target: Target, data: bytes) -> None:
    """Run a target with an input.

    Raises:
        Failure: it raised an unexpected exception, took too much time or memory, or its error has no message.
    """
    before, started = _peak(), time.process_time()
    try:
        with _deadline(), _strict():
            target(data)
    except EXPECTED as error:
        _check_message(error)
    except TooLongError:
        raise Failure(f"it did not end within {time.process_time() - started:.1f} s of CPU time") from None
    except Exception as error:
        raise Failure(f"{type(error).__name__}: {str(error)[:300]}") from error
    if time.process_time() - started > CPU_S:
        raise Failure(f"it took {time.process_time() - started:.1f} s of CPU time")
    if _peak() - before > MAX_GROWTH:
        raise Failure(f"it took {(_peak() - before) / 1e6:,.0f} MB more than any input before")


def _check_message(error: BaseException) -> None:
    words = str(error)
    if not words.strip():
        raise Failure(f"{type(error).__name__} without a message") from error
    if len(words) > MAX_MESSAGE:
        raise Failure(f"{type(error).__name__} of {len(words):,} characters: {words[:300]}") from error


def _peak() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@contextmanager
def _deadline() -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        raise TooLongError

    before = {number: signal.signal(number, end) for number in (signal.SIGPROF, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    signal.setitimer(signal.ITIMER_REAL, WAITING_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


class _Formatting(logging.Handler):
    """A handler that formats each message and raises its errors."""

    def emit(self, record: logging.LogRecord) -> None:
        """Format a message and discard it."""
        record.getMessage()


@contextmanager
def _strict() -> Iterator[None]:
    """Raise warnings and errors of log messages as exceptions; print nothing."""
    root, handler = logging.getLogger(), _Formatting()
    handlers, level = root.handlers, root.level
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
