"""Conditions in SQL on the integers of rows that a read was about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_storage.sql_names import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def limits(within: Mapping[str, Iterable[int]] | None, name: Callable[[str], str] = quoted) -> list[str]:
    """Return the conditions of ``within``, see Warehouse.end_read; ``name`` quotes the name of a column."""
    found = []
    for column, values in (within or {}).items():
        among = ", ".join(str(int(value)) for value in values)
        found.append(f"t.{name(column)} IN ({among})" if among else "1 = 0")
    return found
