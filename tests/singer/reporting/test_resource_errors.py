"""Errors of a machine that has run out of memory, files, disk or threads."""

from __future__ import annotations

import errno
import os

import duckdb
import pytest

from talon_one_singer import SingerError
from talon_one_singer.reporting.resource_errors import resource_shortage

# Rust raises a class that derives from BaseException, and that no module exports.
PanicException = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})
SHORT = {
    "memory": (
        MemoryError(),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        ImportError("libx.so: cannot allocate memory in static TLS block"),
        ImportError("libarrow.so: failed to map segment from shared object"),
        duckdb.OutOfMemoryException("Out of Memory Error: Allocation failure"),
    ),
    "open files": (
        OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
        RuntimeError("epoll: Too many open files"),
        PanicException('Os { code: 24, message: "Too many open files" }'),
    ),
    "disk": (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), RuntimeError("write: No space left on device")),
    "threads": (
        RuntimeError("can't start new thread"),
        RuntimeError("thread constructor failed: Resource temporarily unavailable"),
        duckdb.IOException("Could not create thread: Resource temporarily unavailable"),
    ),
}


@pytest.mark.parametrize(("what", "error"), [(what, error) for what, errors in SHORT.items() for error in errors])
def test_an_error_of_the_system_names_what_is_short(what: str, error: Exception):
    """The message names the resource that has run out."""
    assert what in (resource_shortage(error) or "")


@pytest.mark.parametrize("what", SHORT)
def test_a_cause_that_a_library_has_wrapped_is_found(what: str):
    """Causes are followed to the end of their chain."""
    wrapped = ValueError("the library gives up")
    wrapped.__cause__ = ImportError("inner")
    wrapped.__cause__.__context__ = SHORT[what][0]
    assert what in (resource_shortage(wrapped) or "")


def test_an_error_that_is_a_bug_is_no_shortage():
    """An error of another class is not a shortage, whatever its text says."""
    assert resource_shortage(KeyError("memory")) is None
    assert resource_shortage(SingerError("too many open files")) is None


def test_a_bug_while_a_shortage_is_handled_is_a_bug():
    """A KeyError that is raised while a full disk is handled is not reported as a full disk."""
    bug = KeyError("name")
    bug.__context__ = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert resource_shortage(bug) is None


def test_a_hidden_context_is_not_the_cause():
    """``raise … from None`` says that the error being handled is not the reason."""
    error = RuntimeError("no such table")
    error.__context__ = MemoryError()
    error.__suppress_context__ = True
    assert resource_shortage(error) is None


@pytest.mark.parametrize(
    "error",
    [
        BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)),
        duckdb.IOException("Could not set lock on file: Resource temporarily unavailable"),
        OSError("recv: Resource temporarily unavailable"),
    ],
)
def test_a_busy_lock_or_socket_is_no_lack_of_threads(error: Exception):
    """EAGAIN means a shortage of threads only where a thread was to be started."""
    assert resource_shortage(error) is None
