"""The lock of a folder. The operating system releases it when the process ends, however the process ends."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from talon_one_storage.errors import StorageLockedError

if TYPE_CHECKING:
    from pathlib import Path


class FolderLock:
    """A file that one process holds locked.

    Args:
        path: the lock file; it stays, with the id of the process that held it last.
        name: the locked folder in messages.
        wait: wait until the other process releases the lock, instead of raising an error.

    Raises:
        StorageLockedError: another process holds the lock.
        OSError: the file cannot be opened, or its file system has no locks.
    """

    def __init__(self, path: Path, name: str, *, wait: bool = False) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(self._descriptor, wait=wait)
        except BlockingIOError:
            pid = os.read(self._descriptor, 20).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise StorageLockedError(name, f"process {pid}" if pid.isdigit() else "another process") from None
        except OSError:
            os.close(self._descriptor)
            raise
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, str(os.getpid()).encode())

    def release(self) -> None:
        """Release the lock; calling it again has no effect."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _lock(descriptor: int, *, wait: bool) -> None:
    """Lock an open file.

    Raises:
        BlockingIOError: another process has locked it.
    """
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(*error.args) from None
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
