"""Locks of PostgreSQL sessions."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from talon_one_storage.errors import StorageLockedError
from talon_one_storage.postgresql_session import lock_session


class Session:
    """A connection through the ADBC driver."""

    def __init__(self, url: str) -> None:
        from adbc_driver_postgresql import dbapi

        self._connection = dbapi.connect(url, autocommit=True)

    def rows(self, statement: str) -> list[Any]:
        """Return all rows of a query."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def test_a_lock_ends_with_its_session(postgres_url):
    """A second session is refused with the holder's name, and takes the lock once the first session has ended."""
    with closing(Session(postgres_url)) as first, closing(Session(postgres_url)) as second:
        lock_session(first, "store", "the store")
        ((pid,),) = first.rows("SELECT pg_backend_pid()")
        with pytest.raises(StorageLockedError) as raised:
            lock_session(second, "store", "the store")
        assert f"server process {pid} for a client at 127.0.0.1" == raised.value.holder
        lock_session(second, "another store", "another store")
        first.close()
        lock_session(second, "store", "the store")
