"""What a query answers, as Python values that lose nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence


def python_rows(columns: Sequence[pa.ChunkedArray]) -> list[tuple[Any, ...]]:
    """The rows of an answer. Instants that Python's datetime does not reach are text."""
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
    """True for PostgreSQL's NUMERIC, which comes as the text of its digits."""
    return isinstance(kind, pa.OpaqueType) and kind.type_name == "numeric"
