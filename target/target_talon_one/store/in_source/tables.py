"""What a database must offer in which sources are compared. The warehouse package implements it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from target_talon_one.store.store_backends import StoreBackend

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    import pyarrow as pa

    from talon_one_singer.blocks.row_block import RowBlock
    from talon_one_singer.shards import Shard


class SourceTables(StoreBackend, Protocol):
    """The tables of a store in the database of its sources: a store backend, and the acknowledged rows.

    Acknowledged rows have the columns key, fingerprint (64 bits with a sign), version, hash (text of the hash of the
    source row) and present.

    Attributes:
        url: of the database.
        seconds_per_save: how often what was acknowledged is saved.
        unsaved: nothing is created or written.
    """

    url: str
    unsaved: bool
    seconds_per_save: float

    def stores(self) -> list[str]:
        """Return the labels of all shards that have a store here; "" is a store without shards."""
        ...

    def open(self, spec: Any, *, rendered: bool = False) -> ComparedSource:
        """Return the query of a source in this database; ``spec`` describes it as the warehouse package does."""
        ...

    def create(self, destination: int) -> None:
        """Create the table of acknowledged rows of a destination, if there is none."""
        ...

    def has_acknowledged(self, destination: int) -> bool:
        """Return whether there is a table of acknowledged rows of a destination, with which a source is compared."""
        ...

    def known(self, destination: int) -> Generator[pa.RecordBatch]:
        """Yield all acknowledged rows."""
        ...

    def gone(self) -> Generator[pa.RecordBatch]:
        """Yield the acknowledged rows that the last comparison did not find in the source."""
        ...

    def known_of(self, destination: int, keys: pa.RecordBatchReader) -> Generator[pa.RecordBatch]:
        """Yield the acknowledged rows of keys; ``present``: the last comparison has found their hash in the source."""
        ...

    def write(self, destination: int, rows: pa.RecordBatchReader) -> None:
        """Replace acknowledged rows.

        ``row_hash`` has 32 hexadecimal digits; a row that does not stay (column ``stays``) is only removed.
        """
        ...


class ComparedSource(Protocol):
    """The query of a source, with hashes of its rows.

    Attributes:
        columns: names of its columns.
        type_names: the database's names of the column types.
    """

    columns: tuple[str, ...]
    type_names: Mapping[str, str]

    def hash_rows(
        self, columns: Sequence[str], salt: str, *, key: Sequence[str] = (), shard: Shard | None = None
    ) -> None:
        """Set the columns that are hashed, a salt, and which shard of the rows is read, chosen by the key's columns."""
        ...

    def compare(self, destination: int) -> tuple[int, int]:
        """Compare the rows; return the numbers of acknowledged rows, and of those whose hash is not in the source."""
        ...

    def changed(self) -> Generator[tuple[RowBlock, list[str]]]:
        """Yield the rows that differ, with their hashes."""
        ...

    def everything(self) -> Generator[tuple[RowBlock, list[str]]]:
        """Yield all rows, with their hashes."""
        ...

    def has_rows(self) -> bool:
        """Return whether the source has a row, in any shard."""
        ...
