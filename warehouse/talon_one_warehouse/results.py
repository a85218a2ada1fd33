"""Conversion of query results to Python values without loss."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence


def python_rows(columns: Sequence[pa.ChunkedArray]) -> list[tuple[Any, ...]]:
    """Return the rows of a result. Instants beyond the range of Python's datetime are text."""
    return list(zip(*map(_python_values, columns), strict=True))


def _python_values(column: pa.ChunkedArray) -> list[Any]:
    try:
        values: list[Any] = column.to_pylist()
    except (OverflowError, ValueError):
        return column.cast(pa.string()).to_pylist()  # type: ignore[no-any-return]
    if _is_numeric(column.type):
        return [None if value is None else Decimal(value) for value in values]
    return values


def _is_numeric(kind: pa.DataType) -> bool:
    """Return whether a type is PostgreSQL's NUMERIC, which comes as the text of its digits."""
    return isinstance(kind, pa.OpaqueType) and kind.type_name == "numeric"
