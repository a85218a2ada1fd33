"""The lock of a folder. The system lets go of it when the process ends, however it ends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from talon_one_warehouse.errors import WarehouseLockedError

if TYPE_CHECKING:
    from pathlib import Path


class FolderLock:
    """A file that one process holds open.

    Args:
        path: the file; it stays, with the number of the process that held it last.
        name: how errors call what is locked.

    Raises:
        WarehouseLockedError: another process holds it.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(self._descriptor)
        except BlockingIOError:
            pid = os.read(self._descriptor, 20).decode(errors="replace").strip()
            os.close(self._descriptor)
            who = f"process {pid}" if pid.isdigit() else "another process"
            raise WarehouseLockedError(f"{name} is in use by {who}; one process writes at a time") from None
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, str(os.getpid()).encode())

    def release(self) -> None:
        """Let go; again is no error."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _lock(descriptor: int) -> None:
    """Lock without waiting.

    Raises:
        BlockingIOError: somebody else has it.
    """
    import sys

    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(*error.args) from None
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
