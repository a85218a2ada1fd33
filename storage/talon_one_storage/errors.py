"""Errors of the storage; the packages above translate them into errors of their own.

StorageError
├── StorageLockedError   another process holds the lock; run again when it has ended
└── WriteConflictError   another process has written since this one has read; run again when it has ended

Errors of file systems, drivers and DuckDB pass through unchanged.
"""

from __future__ import annotations


class StorageError(Exception):
    """Base of the errors of the storage."""


class StorageLockedError(StorageError):
    """Another process holds the lock.

    Attributes:
        where: what is locked, without secrets.
        holder: who holds the lock, like "process 4711".
    """

    def __init__(self, where: str, holder: str) -> None:
        self.where, self.holder = where, holder
        super().__init__(f"{where} is in use by {holder}")


class WriteConflictError(StorageError):
    """A file was changed by another process since it was read.

    Attributes:
        where: the folder or prefix of the file, without secrets.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        super().__init__(f"{where} was changed by another process since it was opened")
