"""The journal: a SQLite file that keeps each notification until it is in the warehouse, and its id for a day after.

What ``add`` has returned for is on the disk: neither the end of the process nor a loss of power loses it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from talon_one_receiver.notification import Notification
from talon_one_singer.errors import ConfigError, SingerError
from talon_one_singer.reporting.amounts import counted
from talon_one_storage.errors import StorageLockedError
from talon_one_storage.folder_lock import FolderLock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Outcome = Literal["new", "repeated"]

_VERSION = 1
_REMEMBERED_US = 86_400 * 1_000_000  # Talon.One sends again for 10 minutes
_TABLES = f"""
CREATE TABLE notifications (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, digest TEXT NOT NULL,
    received_at INTEGER NOT NULL, conflict INTEGER NOT NULL, body BLOB);
CREATE INDEX pending ON notifications (sequence) WHERE body IS NOT NULL;
CREATE INDEX loaded ON notifications (received_at) WHERE body IS NULL;
CREATE TABLE target (name TEXT NOT NULL, used INTEGER NOT NULL DEFAULT 0);
PRAGMA user_version = {_VERSION};
"""


class JournalError(SingerError):
    """The journal cannot be read or written; nothing that it has acknowledged is lost."""


class Pending(NamedTuple):
    """A notification that is not in the warehouse yet, and its number in the journal."""

    sequence: int
    notification: Notification


class Journal:
    """The journal of one receiver; its methods may be called from any thread. Use as a context manager.

    Args:
        path: the file; it is created if it is missing.
        target: the warehouse that its notifications belong to, without secrets.

    Raises:
        ConfigError: the file cannot be opened, is no journal, or has notifications for another warehouse.
        JournalError: another process uses it.
    """

    def __init__(self, path: Path, target: str) -> None:
        self._path, self._access = path, threading.Lock()
        try:
            self._lock = FolderLock(path.with_name(path.name + ".lock"), str(path))
        except StorageLockedError as error:
            raise JournalError(f"{error}; two receivers cannot share a journal: name another --journal") from None
        except OSError as error:
            raise ConfigError(
                f"cannot open the journal {path}: {error.strerror or error}; name another --journal"
            ) from None
        try:
            self._db = self._opened()
            self._claim(target)
            self.pending_count = int(self._scalar("SELECT count(*) FROM notifications WHERE body IS NOT NULL"))
        except BaseException:
            self._lock.release()
            raise

    def add(self, notifications: Sequence[Notification]) -> list[Outcome]:
        """Keep notifications, and say of each whether it is new or is known by its id.

        Another body under a known id is kept too, as a conflict.

        Raises:
            JournalError: none of them is kept.
        """
        with self._transaction() as db:
            found = [self._insert(db, one) for one in notifications]
        with self._access:
            self.pending_count += found.count("new")
        return found

    def pending(self, most: int, most_bytes: int) -> list[Pending]:
        """Return the oldest notifications that are not in the warehouse: at most so many, and at least one.

        Raises:
            JournalError: it cannot be read.
        """
        found, size = [], 0
        with self._transaction() as db:
            rows = db.execute(
                "SELECT sequence, id, digest, body, received_at, conflict FROM notifications WHERE body IS NOT NULL"
                " ORDER BY sequence LIMIT ?",
                (most,),
            )
            for sequence, message_id, digest, body, received_at, conflict in rows:
                found.append(Pending(sequence, Notification(message_id, digest, body, received_at, bool(conflict))))
                size += len(found[-1].notification.body)
                if size >= most_bytes:
                    break
        return found

    def loaded(self, sequences: Sequence[int], now: int) -> None:
        """Note that notifications are in the warehouse, and forget the ids of those that came a day ago.

        Args:
            sequences: their numbers.
            now: in microseconds since 1970 UTC.

        Raises:
            JournalError: it cannot be written; they will be merged again, which changes nothing.
        """
        with self._transaction() as db:
            db.executemany("UPDATE notifications SET body = NULL WHERE sequence = ?", [(one,) for one in sequences])
            db.execute("DELETE FROM notifications WHERE body IS NULL AND received_at < ?", (now - _REMEMBERED_US,))
        with self._access:
            self.pending_count -= len(sequences)

    @property
    def was_used(self) -> bool:
        """Whether the warehouse could be used with this journal before."""
        return bool(self._scalar("SELECT used FROM target"))

    def note_use(self) -> None:
        """Note that the warehouse can be used."""
        with self._transaction() as db:
            db.execute("UPDATE target SET used = 1")

    def close(self) -> None:
        """Close the file and release its lock."""
        with self._access:
            self._db.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _opened(self) -> sqlite3.Connection:
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))  # it holds data of customers
            db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
            try:
                self._create(db)
            except BaseException:
                db.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"cannot open the journal {self._path}: {error}; name another --journal") from None
        return db

    def _create(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION) or (not version and db.execute("SELECT 1 FROM sqlite_master").fetchone()):
            raise ConfigError(f"{self._path} is not a journal of this version: name another --journal")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        if not version:
            db.executescript(f"BEGIN; {_TABLES} COMMIT;")

    def _claim(self, target: str) -> None:
        """Take over the journal for a warehouse. Ids that another warehouse knows are forgotten."""
        with self._transaction() as db:
            before = db.execute("SELECT name FROM target").fetchone()
            if before == (target,):
                return
            pending = db.execute("SELECT count(*) FROM notifications WHERE body IS NOT NULL").fetchone()[0]
            if before and pending:
                raise ConfigError(
                    f"the journal {self._path} has {counted(pending, 'notification')} for {before[0]}, not loaded "
                    "yet. Run `talon-one listen` once more with that warehouse, or name another --journal"
                )
            db.execute("DELETE FROM notifications")
            db.execute("DELETE FROM target")
            db.execute("INSERT INTO target (name) VALUES (?)", (target,))

    @staticmethod
    def _insert(db: sqlite3.Connection, one: Notification) -> Outcome:
        known = db.execute("SELECT digest FROM notifications WHERE id = ?", (one.id,)).fetchone()
        conflict = known is not None and known[0] != one.digest
        added = db.execute(
            "INSERT OR IGNORE INTO notifications (id, digest, received_at, conflict, body) VALUES (?, ?, ?, ?, ?)",
            (f"{one.id} {one.digest}" if conflict else one.id, one.digest, one.received_at, conflict, one.body),
        )
        return "new" if added.rowcount else "repeated"

    def _scalar(self, sql: str) -> int:
        with self._transaction() as db:
            return int(db.execute(sql).fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._access:
            try:
                self._roll_back()
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                self._abandon()
                raise JournalError(f"the journal {self._path} cannot be used: {error}") from None
            except BaseException:
                self._abandon()
                raise

    def _abandon(self) -> None:
        """Roll back after an error, which is the one to report; what fails now is done before the next use."""
        with suppress(sqlite3.Error):
            self._roll_back()

    def _roll_back(self) -> None:
        if self._db.in_transaction:  # not if the disk is full: then SQLite has rolled back
            self._db.execute("ROLLBACK")
