"""Temporary folders that do not outlive their process: each has a lock, and a later run removes unlocked ones.

They hold ledgers and keys of customers. The operating system releases the lock when the process ends, even if it was
killed.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
import weakref
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: open files cannot be removed there, which protects the folder of a running process
    fcntl = None  # type: ignore[assignment]

_PREFIX = "talon-one-"
_NAME = re.compile(rf"{_PREFIX}(?:[a-z]+-)?[a-z0-9_]{{8}}")  # names of older versions have no purpose
_PRIVATE = 0o700  # the permissions that mkdtemp sets; folders that users create rarely have them
_LOCK = ".lock"
_A_DAY_S = 86_400


class TemporaryFolder:
    """A folder of this process, removed when it is closed, or by ``sweep`` if this process was killed.

    Creating a folder sweeps first. As a context manager it returns the path as text.

    Args:
        purpose: a word for the name of the folder.
    """

    def __init__(self, purpose: str) -> None:
        sweep()
        self.name = tempfile.mkdtemp(prefix=f"{_PREFIX}{purpose}-")
        self._lock = _locked(Path(self.name))
        self._finalizer = weakref.finalize(self, _remove, self.name, self._lock, os.getpid())

    def cleanup(self) -> None:
        """Remove the folder and everything in it."""
        self._finalizer()

    def __enter__(self) -> str:
        return self.name

    def __exit__(self, *exc: object) -> None:
        self.cleanup()


def temporary_root() -> str:
    """Return the folder in which temporary files and folders are made."""
    return tempfile.gettempdir()


def nameless_file() -> IO[bytes]:
    """Return an open file without a name, which the system removes when the process ends."""
    return tempfile.TemporaryFile()


def sweep() -> int:
    """Remove the folders of processes that were killed; return their number."""
    return sum(map(_swept, _found()))


def _found() -> list[Path]:
    try:
        with os.scandir(tempfile.gettempdir()) as entries:
            named = [one for one in entries if _NAME.fullmatch(one.name)]
            return [Path(one.path) for one in named if one.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _swept(folder: Path) -> bool:
    try:
        if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
            return False
        lock = _taken(folder / _LOCK)
    except FileNotFoundError:
        # The process that made it is about to lock it, or an older version or a user has made it.
        return _is_abandoned(folder) and _removed(folder)
    except OSError:
        return False
    try:
        return _removed(folder)
    finally:
        os.close(lock)


def _locked(folder: Path) -> int:
    """Lock a new folder. The lock file gets its name once it is locked, so that no sweep finds it unlocked."""
    fresh = folder / f"{_LOCK}.new"
    lock = os.open(fresh, os.O_RDWR | os.O_CREAT, 0o600)
    if fcntl is not None:
        fcntl.flock(lock, fcntl.LOCK_EX)
    fresh.rename(folder / _LOCK)
    return lock


def _taken(path: Path) -> int:
    """Take the lock of a folder; raises OSError if the process that owns the folder is running."""
    lock = os.open(path, os.O_RDWR)
    try:
        if fcntl is None:
            raise OSError("this system cannot find out whether the process that owns the folder is running")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock


def _is_abandoned(folder: Path) -> bool:
    """Return whether a folder without a lock is private and older than a day."""
    try:
        found = folder.stat()
    except OSError:
        return False
    return found.st_mode & 0o777 == _PRIVATE and time.time() - found.st_mtime > _A_DAY_S


def _removed(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _remove(name: str, lock: int, owner: int) -> None:
    if os.getpid() != owner:  # a fork: the folder is its parent's
        return
    shutil.rmtree(name, ignore_errors=True)
    os.close(lock)
