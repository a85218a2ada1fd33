"""A query whose rows are compared with what was acknowledged, in its database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.in_source.statements import DIFFERENCE

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    import pyarrow as pa

    from talon_one_singer.blocks.row_block import RowBlock
    from talon_one_singer.shards import Shard
    from talon_one_warehouse.in_source.databases.base import SourceDatabase


class ComparedQuery:
    """The query of a source, with hashes of its rows.

    Args:
        database: runs it.
        query: the query, without a semicolon at its end.
        rendered: see open_source.

    Attributes:
        columns: names of the columns.
        type_names: the database's names of the column types.

    Raises:
        WarehouseConfigError: the query cannot be used, or two of its columns have the same name.
    """

    def __init__(self, database: SourceDatabase, query: str, *, rendered: bool = False) -> None:
        self._database, self._statements, self._query, self._rendered = database, database.statements, query, rendered
        self.type_names: Mapping[str, str] = dict(database.columns(query))
        if not self.type_names:
            raise WarehouseConfigError("source.sql must be a query: a SELECT")
        self.columns: tuple[str, ...] = tuple(self.type_names)
        self._rows = query

    def hash_rows(
        self, columns: Sequence[str], salt: str, *, key: Sequence[str] = (), shard: Shard | None = None
    ) -> None:
        """Set what the hashes depend on, and which rows are read.

        Args:
            columns: the columns that are hashed.
            salt: a text; with another one, all hashes differ.
            key: the columns that a shard is chosen by.
            shard: the part of the rows to read; None for all.

        Raises:
            WarehouseConfigError: rows cannot be divided by these columns, or values of a column cannot be compared.
        """
        rows = self._query
        if shard is not None and shard.count > 1:
            rows = self._statements.of_shard(rows, self._of_key(key), shard)
        self._rows = self._statements.rows(rows, {name: self.type_names[name] for name in columns}, salt)

    def compare(self, destination: int) -> tuple[int, int]:
        """Write the differences of a destination into a temporary table.

        Return the number of acknowledged rows, and of those among them whose hash is not in the source.
        """
        self._database.run(self._statements.drop(DIFFERENCE))
        self._database.run(self._statements.difference(destination, self._rows))
        known, gone = self._database.rows(self._statements.counts(destination))[0]
        return int(known), int(gone)

    def changed(self) -> Generator[tuple[RowBlock, list[str]]]:
        """Yield the rows that the comparison has found to differ, in blocks, with their hashes."""
        return self._blocks(self._statements.changed(self.columns))

    def everything(self) -> Generator[tuple[RowBlock, list[str]]]:
        """Yield all rows, in blocks, with their hashes."""
        return self._blocks(self._statements.everything(self.columns, self._rows))

    def has_rows(self) -> bool:
        """Return whether the source has a row, in any shard."""
        return bool(self._database.rows(self._statements.has_rows(self._query)))

    def _blocks(self, statement: str) -> Generator[tuple[RowBlock, list[str]]]:
        with self._database.source(statement, rendered=self._rendered) as source:
            name = source.columns[-1]
            for block in source.blocks():
                yield _WithoutHash(block, name), list(map(str, block.values(name)))

    def _of_key(self, key: Sequence[str]) -> Mapping[str, str]:
        types = {name: self.type_names[name] for name in key}
        for name, type_name in types.items():
            if type_name not in self._statements.dialect.canonical:
                raise WarehouseConfigError(
                    f"shard: the column {name!r} of the key is of type {type_name}, in which equal keys can "
                    "have different texts; cast it to text in the query, or leave out shard"
                )
        return types


class _WithoutHash:
    """A row block without the column of the hashes, see RowBlock."""

    def __init__(self, block: RowBlock, name: str) -> None:
        self._block, self._name = block, name
        self.alike = block.alike
        self.names: Sequence[str] = [one for one in block.names if one != name]

    def __len__(self) -> int:
        return len(self._block)

    def array(self, name: str) -> pa.Array | None:
        """See RowBlock."""
        return self._block.array(name)

    def values(self, name: str) -> Sequence[Any]:
        """See RowBlock."""
        return self._block.values(name)

    def rows(self, positions: Sequence[int]) -> list[dict[str, Any]]:
        """See RowBlock."""
        return [{name: row[name] for name in self.names} for row in self._block.rows(positions)]
