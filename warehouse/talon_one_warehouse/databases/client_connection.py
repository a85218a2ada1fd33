"""What the connections by databases' own clients have in common."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from talon_one_warehouse.connections.client_errors import ClientErrors


class ClientConnection:
    """A connection by a client of DB-API 2.0; see DatabaseConnection for the methods.

    Args:
        client: closed with this object.
        errors: translates its errors.
    """

    def __init__(self, client: Any, errors: ClientErrors) -> None:
        self.where = errors.where
        self._client, self._errors = client, errors
        self._opening = False

    @contextmanager
    def opening(self) -> Iterator[None]:
        """See DatabaseConnection."""
        self._opening = True
        try:
            yield
        finally:
            self._opening = False

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """See DatabaseConnection. A statement that returns nothing has no rows."""
        with self._executed(statement) as cursor:
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def records(self, statement: str) -> list[dict[str, Any]]:
        """Return all rows of a statement by the names of its columns."""
        with self._executed(statement) as cursor:
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def run(self, statement: str) -> int:
        """See DatabaseConnection."""
        with self._executed(statement) as cursor:
            return -1 if cursor.rowcount is None else int(cursor.rowcount)

    def close(self) -> None:
        """See DatabaseConnection."""
        with self._errors.loading():
            self._client.close()

    @contextmanager
    def _executed(self, statement: str) -> Iterator[Any]:
        """Run a statement and yield its cursor."""
        with self._translated(), self._client.cursor() as cursor:
            cursor.execute(statement)
            yield cursor

    def _translated(self) -> AbstractContextManager[None]:
        return self._errors.loading(opening=self._opening)
