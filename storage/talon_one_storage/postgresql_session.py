"""Sessions of PostgreSQL that hold a lock: the lock ends with the connection, however the connection ends.

https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

from talon_one_storage.errors import StorageLockedError

# Without these settings the server would keep the session of a lost machine for hours, and with it the lock.
KEEP_ALIVE = (
    "SET tcp_keepalives_idle = 60",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
    "SET tcp_user_timeout = 90000",  # the client may be gone before it has acknowledged an answer
)
_TRIES, _PAUSE_S = 10, 0.3  # a server needs a moment to notice that a client is gone


class Session(Protocol):
    """A connection to PostgreSQL."""

    def rows(self, statement: str) -> list[Any]:
        """Return all rows of a query."""
        ...


def lock_session(session: Session, name: str, where: str) -> None:
    """Take a lock for as long as the session lasts; wait three seconds for it at most.

    Args:
        session: the connection.
        name: what is locked, within the database.
        where: what is locked, in messages, without secrets.

    Raises:
        StorageLockedError: another session holds the lock.
    """
    key = lock_key(name)
    for number in range(_TRIES):
        pause_s = _PAUSE_S if number else 0
        ((locked,),) = session.rows(f"SELECT pg_try_advisory_lock({key}) FROM pg_sleep({pause_s})")  # noqa: S608 - numbers
        if locked:
            return
    raise StorageLockedError(where, _holder(session, key))


def lock_key(name: str) -> int:
    """Return the number of an advisory lock: 64 bits with a sign."""
    digest = hashlib.sha256(f"talon-one-connector:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _holder(session: Session, key: int) -> str:
    found = session.rows(
        "SELECT l.pid, host(a.client_addr) FROM pg_catalog.pg_locks AS l "  # noqa: S608 - the key is a number
        "LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid "
        "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
        "AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) "
        f"AND (l.classid::bigint << 32 | l.objid::bigint) = {key}"
    )
    if not found:
        return "another process"
    pid, address = found[0]
    return f"server process {pid}" + (f" for a client at {address}" if address else "")
