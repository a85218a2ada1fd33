"""What the merges of all warehouses share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pyarrow as pa

from talon_one_warehouse.arrow.array_builders import ARROW_KINDS, arrow_schema
from talon_one_warehouse.arrow.columns import Column, TableSpec
from talon_one_warehouse.arrow.dedup import last_of_each_key
from talon_one_warehouse.errors import TableError
from talon_one_warehouse.warehouse import STATE_TABLE, MergeCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

STATES = TableSpec(
    STATE_TABLE,
    (
        Column("state_name", "state_name", "string"),
        Column("state", "state", "json"),
        Column("updated_at", "updated_at", "instant"),
    ),
    ("state_name",),
)
# For databases whose JSON would not come back unchanged.
STATES_AS_TEXT = replace(
    STATES, columns=tuple(replace(c, kind="string" if c.kind == "json" else c.kind) for c in STATES.columns)
)


class _Keyed(Protocol):
    @property
    def key(self) -> tuple[str, ...]: ...


_Table = TypeVar("_Table", bound=_Keyed)


def raise_if_reserved(name: str, *reserved: str) -> None:
    """Check that a table has no name of the warehouse's own.

    Raises:
        TableError: it is the name of the table of states, or another reserved name.
    """
    if name.lower() in (STATE_TABLE, *reserved):
        raise TableError(f"the name {name!r} is reserved for the table of states")


def prepared(tables: Mapping[str, _Table], name: str) -> _Table:
    """Return a table.

    Raises:
        TableError: it was not prepared.
    """
    if name not in tables:
        raise TableError(f"the table {name!r} was not prepared")
    return tables[name]


def rows_to_merge(
    batches: Mapping[str, Sequence[pa.RecordBatch]], tables: Mapping[str, _Table]
) -> list[tuple[_Table, pa.Table]]:
    """Return each table that has rows to merge, and these rows: the last one of each key.

    Raises:
        TableError: a table was not prepared.
    """
    found = []
    for name, parts in batches.items():
        table = prepared(tables, name)
        if any(part.num_rows for part in parts):
            found.append((table, last_of_each_key(pa.Table.from_batches(parts), table.key)))
    return found


def total(counts: Iterable[MergeCounts]) -> MergeCounts:
    """Return the sum of the counts of tables."""
    return MergeCounts(*map(sum, zip(*counts, strict=True)))


def state_rows(states: Mapping[str, tuple[str, str]]) -> pa.Table:
    """Return the rows of ``STATES``: by name, the JSON text of a state, and when it was saved in RFC 3339."""
    # pa.table would import pandas, which takes 50 MB.
    texts, saved_at = [text.encode() for text, _ in states.values()], [at for _, at in states.values()]
    values: tuple[list[Any], ...] = (list(states), texts, saved_at)
    arrays = [ARROW_KINDS[column.kind].build(rows) for column, rows in zip(STATES.columns, values, strict=True)]
    return pa.Table.from_arrays(arrays, schema=arrow_schema(STATES))
