"""One input into one target, under a deadline and a bound of memory."""

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
CPU_S = 2.0  # of the process: a machine that is busy with other things is no fault
WAITING_S = 20.0
MOST_GROWTH = 200_000_000  # bytes
MOST_MESSAGE = 50_000  # characters of an error


_SHARED = {"lines": "messages"}  # targets that use the inputs of another


class TooLongError(BaseException):
    """The deadline is over; no ``except Exception`` takes it away."""


class Fault(Exception):
    """An input ended in something else than a result or an expected error."""


def corpus(name: str) -> list[bytes]:
    """Return the kept inputs of a target, in the order of their names."""
    folder = CORPUS / _SHARED.get(name, name)
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def variants(inputs: list[bytes], rng: random.Random) -> Iterator[bytes]:
    """Changed copies of the inputs, without end."""
    from tests.fuzz.mutations import mutated

    while True:
        yield mutated(rng.choice(inputs), rng.choice(inputs), rng)


def run(target: Target, data: bytes) -> None:
    """Give an input to a target.

    Raises:
        Fault: it ended in another exception, took too long or too much memory, or said nothing.
    """
    before, started = _peak(), time.process_time()
    try:
        with _deadline(), _strict():
            target(data)
    except EXPECTED as error:
        _check_words(error)
    except TooLongError:
        raise Fault(f"no end after {time.process_time() - started:.1f} s of CPU time") from None
    except Exception as error:
        raise Fault(f"{type(error).__name__}: {str(error)[:300]}") from error
    if time.process_time() - started > CPU_S:
        raise Fault(f"an end after {time.process_time() - started:.1f} s of CPU time only")
    if _peak() - before > MOST_GROWTH:
        raise Fault(f"it took {(_peak() - before) / 1e6:,.0f} MB more than anything before")


def _check_words(error: BaseException) -> None:
    words = str(error)
    if not words.strip():
        raise Fault(f"{type(error).__name__} without words") from error
    if len(words) > MOST_MESSAGE:
        raise Fault(f"{type(error).__name__} of {len(words):,} characters: {words[:300]}") from error


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
    """Formats each message, as a real handler does, and lets errors out."""

    def emit(self, record: logging.LogRecord) -> None:
        """Format a message and forget it."""
        record.getMessage()


@contextmanager
def _strict() -> Iterator[None]:
    """Warnings are errors, and messages that cannot be formatted too; nothing is printed."""
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
