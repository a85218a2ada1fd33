"""The rows of a query that a database client streams column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from talon_one_singer.blocks.row_block import record_blocks
from talon_one_singer.values.arrow_values import Conversion
from talon_one_singer.values.refused_value import of_type
from talon_one_warehouse.errors import WarehouseConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import ExitStack

    from talon_one_singer.blocks.row_block import RowBlock
    from talon_one_warehouse.connections.client_errors import ClientErrors


class ClientSource:
    """The rows of a query, see Source.

    Args:
        columns: names of the columns.
        parts: yields the values of some ten thousand rows at a time, one list for each column.
        errors: translates the errors of the client.
        stack: closed with the source.

    Raises:
        WarehouseConfigError: the statement is no query.
    """

    def __init__(
        self, columns: Sequence[str], parts: Iterator[list[list[Any]]], errors: ClientErrors, stack: ExitStack
    ) -> None:
        if not columns:
            raise WarehouseConfigError("source.sql must be a query: a SELECT")
        self.columns: tuple[str, ...] = tuple(columns)
        self._parts, self._errors, self._stack = parts, errors, stack

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """See Source."""
        while True:
            with self._errors.reading():
                part = next(self._parts, None)
            if part is None:
                return
            yield [dict(zip(self.columns, row, strict=True)) for row in zip(*part, strict=True)]

    def blocks(self) -> Iterator[RowBlock]:
        """See Source."""
        return record_blocks(self.rows())

    def close(self) -> None:
        """See Source."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def refused_column(values: Sequence[Any], type_name: str) -> list[Any]:
    """Return what stands in for the values of a type that JSON does not have; nulls stay."""
    refused = of_type(type_name)
    return [None if value is None else refused for value in values]


def float32_column(values: Sequence[Any]) -> list[Any]:
    """Return floats of four bytes with the digits that they have; a client returns them as floats of eight bytes."""
    floats = pa.array(values, pa.float32())
    return Conversion().values(floats, pa.field("x", floats.type))
