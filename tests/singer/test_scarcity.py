"""A machine that has run out of something is named in one line."""

from __future__ import annotations

import errno
import os

import duckdb
import pytest

from talon_one_singer import SingerError
from talon_one_singer.reporting.resource_errors import scarcity

SHORT = {
    "memory": (
        MemoryError(),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        ImportError("libx.so: cannot allocate memory in static TLS block"),
        ImportError("libarrow.so: failed to map segment from shared object"),
        duckdb.OutOfMemoryException("Out of Memory Error: Allocation failure"),
    ),
    "open files": (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), RuntimeError("epoll: Too many open files")),
    "disk": (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), RuntimeError("write: No space left on device")),
    "threads": (RuntimeError("can't start new thread"),),
}


@pytest.mark.parametrize(("what", "error"), [(what, error) for what, errors in SHORT.items() for error in errors])
def test_an_error_of_the_system_says_what_is_short(what: str, error: Exception):
    """The line names what there is too little of."""
    assert what in (scarcity(error) or "")


@pytest.mark.parametrize("what", SHORT)
def test_a_cause_that_a_library_has_wrapped_is_found(what: str):
    """The chain of causes is looked at to its end."""
    wrapped = ValueError("the library gives up")
    wrapped.__context__ = KeyError("inner")
    wrapped.__context__.__cause__ = SHORT[what][0]
    assert what in (scarcity(wrapped) or "")


def test_an_error_that_is_a_bug_stays_one():
    """Other errors are not explained away."""
    assert scarcity(KeyError("memory")) is None
    assert scarcity(SingerError("too many open files")) is None
