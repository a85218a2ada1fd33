"""What every warehouse does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from talon_one_warehouse.arrow.columns import TableSpec


DEFAULT_SCHEMA = "talon_one"
STATE_TABLE = "_talon_one_state"


class MergeCounts(NamedTuple):
    """What a merge did: rows that were new, and rows that were there with other values."""

    inserted: int = 0
    updated: int = 0


class Warehouse(Protocol):
    """A place for tables; use as a context manager or call ``close()``. For one thread at a time.

    All methods raise WarehouseError, see talon_one_warehouse.errors.
    """

    def prepare(self, table: TableSpec) -> None:
        """Create the table, or add the columns that it lacks; nothing is ever dropped or changed.

        Raises:
            TableError: the table exists with another key, or a column with another type.
        """
        ...

    def check_rows(self, table: str, rows: pa.RecordBatch) -> None:
        """Look whether this warehouse can hold all values of rows from ``to_arrow``.

        Raises:
            RowError: the first value that it cannot hold.
        """
        ...

    def merge(
        self,
        batches: Mapping[str, Sequence[pa.RecordBatch]],
        state: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> MergeCounts:
        """Insert new and update changed rows of prepared tables, and keep the states, all or nothing.

        Merging the same rows again does nothing.

        Args:
            batches: by table name, from ``to_arrow``; of rows with one key the last wins.
            state: state by name, to be read back with ``state(name)``.
        """
        ...

    def state(self, name: str) -> dict[str, Any] | None:
        """The state that was last merged under ``name``, or None."""
        ...

    def name_of(self, table: str) -> str:
        """The table's name in SQL, quoted, for ``query``."""
        ...

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        ...

    def close(self) -> None:
        """Close the warehouse; merged rows are safe with or without it."""
        ...

    def __enter__(self) -> Self:
        """The warehouse itself."""
        ...

    def __exit__(self, *exc: object) -> None:
        """Close it."""
        ...
