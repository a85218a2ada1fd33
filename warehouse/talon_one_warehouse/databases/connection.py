"""The interface of connections to databases that rows are loaded into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class DatabaseConnection(Protocol):
    """A connection; all methods raise WarehouseError.

    Attributes:
        where: the database in messages, without secrets.
    """

    where: str

    def opening(self) -> AbstractContextManager[None]:
        """Translate errors as those of a database that cannot be opened."""
        ...

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return all rows of a statement."""
        ...

    def run(self, statement: str) -> int:
        """Run a statement; return the number of changed rows, or -1 if it is unknown."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Run all statements of the context in one transaction, if the database can."""
        ...

    def close(self) -> None:
        """Close the connection; calling it again has no effect."""
        ...
