"""The interface of all warehouses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from talon_one_warehouse.arrow.columns import TableSpec
    from talon_one_warehouse.key_limits import Within


DEFAULT_SCHEMA = "talon_one"
STATE_TABLE = "_talon_one_state"


class MergeCounts(NamedTuple):
    """The counts of a merge: new rows, and existing rows with other values."""

    inserted: int = 0
    updated: int = 0


class MergePace(NamedTuple):
    """How much is merged at a time: a merge is due after so many rows, seconds or bytes, whichever comes first.

    The bytes are those of the rows as JSON. While they are merged, as many can wait again.
    """

    rows: int = 20_000
    seconds: float = 20.0
    bytes: int = 64_000_000


# For databases that take seconds for a merge, or that charge for what it reads.
LARGE_MERGES = MergePace(100_000, 120.0)


class Warehouse(Protocol):
    """Tables that rows are loaded into. Use as a context manager or call ``close()``; not thread-safe.

    All methods raise WarehouseError, see talon_one_warehouse.errors.

    Attributes:
        schema: holds the tables.
        pace: how much a load should merge at a time.
    """

    schema: str
    pace: MergePace

    def prepare(self, table: TableSpec) -> None:
        """Create the table, or add the columns that it lacks. Nothing is ever dropped or changed.

        Raises:
            TableError: the table exists with another key, or a column with another type.
        """
        ...

    def check_rows(self, table: str, rows: pa.RecordBatch) -> None:
        """Check that this warehouse can hold all values of rows from ``to_arrow``.

        This method alone may be called while another thread uses the warehouse.

        Raises:
            RowError: the first value that it cannot hold.
        """
        ...

    def merge(
        self,
        batches: Mapping[str, Sequence[pa.RecordBatch]],
        state: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> MergeCounts:
        """Insert new and update changed rows of prepared tables, and save the states, in one transaction.

        A warehouse that has no transaction over several tables saves the states last. Merging the same rows again
        changes nothing.

        Args:
            batches: record batches of ``to_arrow`` by table name; of rows with the same key the last one counts.
            state: states by name, which ``state(name)`` returns.
        """
        ...

    def begin_read(self, table: str) -> None:
        """Begin to note the keys of all rows that are merged into a prepared table with ``_deleted_at``.

        The keys are in a temporary table, which ends with the process. Keys that were noted before are forgotten.
        """
        ...

    def end_read(self, table: str, at: datetime, *, delete: bool = False, within: Within | None = None) -> int:
        """Mark the rows whose keys were not noted since ``begin_read``, in one transaction.

        Args:
            table: the table.
            at: becomes the ``_deleted_at`` and ``_loaded_at`` of rows that have no mark yet.
            delete: delete the rows instead.
            within: integers or a span of instants by column; rows with others are left alone.

        Returns:
            The number of rows that were marked or deleted.
        """
        ...

    def state(self, name: str) -> dict[str, Any] | None:
        """Return the state that was merged last under ``name``, or None."""
        ...

    def name_of(self, table: str) -> str:
        """Return the table's quoted name in SQL, for ``query``."""
        ...

    def column_name(self, name: str) -> str:
        """Return a column's quoted name in SQL, for ``query``."""
        ...

    def literal(self, text: str) -> str:
        """Return a text as a literal in SQL, for ``query``."""
        ...

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        ...

    def close(self) -> None:
        """Close the warehouse; merged rows are durable even without it."""
        ...

    def __enter__(self) -> Self:
        """Return the warehouse."""
        ...

    def __exit__(self, *exc: object) -> None:
        """Close the warehouse."""
        ...
