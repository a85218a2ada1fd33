"""The rows that a read was about, named by the columns of their table instead of the fields of their stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client.paging.windows import MIN_US, Window, from_us
from talon_one_warehouse import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_warehouse import TableSpec
    from talon_one_warehouse.key_limits import Within


def by_column(table: TableSpec, within: Mapping[str, Sequence[int] | Window]) -> Within | None:
    """Return the limits of a read for its table; None if a field is left out or hashed, so that no column has it."""
    columns = {column.source: column for column in table.columns}
    found: dict[str, Sequence[int] | Span] = {}
    for field, values in within.items():
        column, kind = columns.get(field), "instant" if isinstance(values, Window) else "integer"
        if column is None or column.kind != kind:
            return None
        found[column.name] = _span(values) if isinstance(values, Window) else values
    return found


def _span(window: Window) -> Span:
    start = None if window.start_us <= MIN_US else from_us(window.start_us)
    return Span(start, from_us(window.end_us))
