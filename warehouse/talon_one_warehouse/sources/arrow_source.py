"""Queries whose driver streams Arrow batches, as sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from talon_one_singer.blocks.arrow_block import ArrowBlock
from talon_one_warehouse.arrow.arrow_to_rows import rows_of, slices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager, ExitStack

    import pyarrow as pa

    from talon_one_singer.blocks.row_block import RowBlock


class ArrowSource:
    """The rows of a query, see Source.

    Args:
        reader: streams them in batches.
        translate_errors: translates the database's errors into WarehouseError.
        stack: closed with the source.
        decoders: decode the text of columns that the query renders as text.
        type_names: the database's names of the column types.

    Attributes:
        columns: names of the columns.
        type_names: the database's names of the column types, where they are known.
    """

    def __init__(
        self,
        reader: pa.RecordBatchReader,
        translate_errors: Callable[[], AbstractContextManager[None]],
        stack: ExitStack,
        *,
        decoders: Mapping[str, Callable[[Any], Any]] | None = None,
        type_names: Mapping[str, str] | None = None,
    ) -> None:
        self._reader, self._translate_errors, self._stack = reader, translate_errors, stack
        self._decoders = decoders
        self.type_names: Mapping[str, str] = type_names or {}
        self.columns: tuple[str, ...] = tuple(reader.schema.names)

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """See Source."""
        parts = rows_of(iter(self._reader), self._reader.schema, decoders=self._decoders, type_names=self.type_names)
        while True:
            with self._translate_errors():
                part = next(parts, None)
            if part is None:
                return
            yield part

    def blocks(self) -> Iterator[RowBlock]:
        """See Source."""
        while True:
            with self._translate_errors():
                batch = next(self._reader, None)
            if batch is None:
                return
            for part in slices(batch):
                yield ArrowBlock(part, self._decoders, self.type_names)

    def close(self) -> None:
        """See Source."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
