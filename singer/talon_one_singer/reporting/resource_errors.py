"""Which errors mean that the machine has run out of something, and what to do about it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OUT_OF_MEMORY = "not enough memory for this process; give it more, or lower concurrency and page_size, then run again"
_FILES = "too many open files for this process; raise its limit (ulimit -n) or lower concurrency, then run again"
_DISK = "no space is left on the disk; free some, then run again"
_THREADS = "no more threads for this process; raise its limits (memory, ulimit -u) or lower concurrency, then run again"

_BY_NUMBER: Mapping[int, str] = {
    errno.ENOMEM: OUT_OF_MEMORY,
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.ENOSPC: _DISK,
    errno.EDQUOT: _DISK,
}
# Loaders of shared libraries, the interpreter and DuckDB say it in words only.
_BY_WORDS: Mapping[str, str] = {
    "annot allocate memory": OUT_OF_MEMORY,
    "Out of Memory Error": OUT_OF_MEMORY,
    "failed to map segment": OUT_OF_MEMORY,
    "Too many open files": _FILES,
    "No space left on device": _DISK,
    "can't start new thread": _THREADS,
    "Resource temporarily unavailable": _THREADS,
}


def scarcity(error: BaseException) -> str | None:
    """Return what the machine has run out of and what to do, or None if the error says something else.

    Causes and contexts of the error are looked at too: libraries wrap what the system tells them.
    """
    for one in _chain(error):
        if isinstance(one, MemoryError):
            return OUT_OF_MEMORY
        if isinstance(one, OSError) and one.errno is not None and one.errno in _BY_NUMBER:
            return _BY_NUMBER[one.errno]
        if isinstance(one, OSError | ImportError | RuntimeError) or _of_database(one):
            found = next((what for words, what in _BY_WORDS.items() if words in str(one)), None)
            if found:
                return found
    return None


def _of_database(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in {"duckdb", "_duckdb", "sqlite3"}


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [other for other in (one.__cause__, one.__context__) if other is not None]
