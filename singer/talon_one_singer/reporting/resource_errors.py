"""The errors that mean that the machine has run out of a resource, and what to do about it."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OUT_OF_MEMORY = "not enough memory for this process; give it more, or lower concurrency and page_size, then run again"
_FILES = "too many open files for this process; raise its limit (ulimit -n) or lower concurrency, then run again"
_DISK = "no space is left on the disk; free some space, then run again"
_THREADS = "no more threads for this process; raise its limits (memory, ulimit -u) or lower concurrency, then run again"

_BY_NUMBER: Mapping[int, str] = {
    errno.ENOMEM: OUT_OF_MEMORY,
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.ENOSPC: _DISK,
    errno.EDQUOT: _DISK,
}
# Loaders of shared libraries, the interpreter and DuckDB report a shortage only in the text of the error. EAGAIN
# ("Resource temporarily unavailable") means a shortage of threads only where a thread was to be started: locks and
# sockets report it too.
_BY_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"annot allocate memory|Out of Memory Error|failed to map segment"), OUT_OF_MEMORY),
    (re.compile(r"Too many open files"), _FILES),
    (re.compile(r"No space left on device"), _DISK),
    (
        re.compile(r"can't start new thread|(?i:threads?\b|pthread_create|fork).*Resource temporarily unavailable"),
        _THREADS,
    ),
)


def resource_shortage(error: BaseException) -> str | None:
    """Return which resource the machine has run out of and what to do; None if the error has another reason.

    Libraries wrap the errors of the system, so the causes of the error count too.
    """
    for each in _causes(error):
        if isinstance(each, MemoryError):
            return OUT_OF_MEMORY
        if isinstance(each, OSError) and each.errno is not None and each.errno in _BY_NUMBER:
            return _BY_NUMBER[each.errno]
        if _may_wrap(each):
            found = next((shortage for pattern, shortage in _BY_WORDS if pattern.search(str(each))), None)
            if found:
                return found
    return None


def is_panic(error: BaseException) -> bool:
    """Return whether a library written in Rust has given up; its exception is not one of Python's ``Exception``."""
    return type(error).__module__ == "pyo3_runtime"


def _may_wrap(error: BaseException) -> bool:
    from_database = type(error).__module__.partition(".")[0] in {"duckdb", "_duckdb", "sqlite3"}
    return from_database or is_panic(error) or isinstance(error, OSError | ImportError | RuntimeError)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and its causes.

    An error that was being handled when another one was raised counts as its cause only if the other one is of a class
    in which libraries wrap errors of the system. A KeyError raised while a full disk is handled is reported as a bug.
    """
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        wraps = _may_wrap(current) and not current.__suppress_context__
        current = current.__cause__ or (current.__context__ if wraps else None)
