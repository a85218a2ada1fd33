"""The interface of a database in which sources are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa

    from talon_one_warehouse.in_source.statements import Statements
    from talon_one_warehouse.sources.spec import Source


class SourceDatabase(Protocol):
    """A connection that reads sources and writes the store's tables. All methods raise WarehouseError.

    Attributes:
        statements: in the SQL of the database.
        seconds_per_save: how often what was acknowledged is saved.
    """

    statements: Statements
    seconds_per_save: float

    def create(self, statements: Sequence[str]) -> None:
        """Create the schema, if it is missing, and its tables; other processes may do so at the same moment."""

    def has_table(self, name: str) -> bool:
        """Return whether the schema of the store has a table."""

    def run(self, statement: str) -> None:
        """Run a statement."""

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""

    def reader(self, statement: str) -> AbstractContextManager[Iterable[pa.RecordBatch]]:
        """Stream the rows of a query. No other statement may run meanwhile."""

    def load(self, name: str, batches: pa.RecordBatchReader) -> None:
        """Create a temporary table of rows."""

    def content(self, value: Any) -> bytes:
        """Return the part of a file that a column of a table has."""

    def columns(self, query: str) -> list[tuple[str, str]]:
        """Return names and types of the columns of a query of a source.

        Raises:
            WarehouseConfigError: it is not a query, or two of its columns have the same name.
        """

    def source(self, query: str, *, rendered: bool = False) -> Source:
        """Run the query of a source; see ``open_source``. No other statement may run while it is read."""

    def transaction(self) -> AbstractContextManager[None]:
        """Run all statements of the context in one transaction, if the database can."""

    def close(self) -> None:
        """Close the connection, which releases its lock."""


def repeated_column(name: str) -> str:
    """Return the message about a query with two columns of the same name."""
    return f"the source has two columns named {name!r}; rename one with AS"
