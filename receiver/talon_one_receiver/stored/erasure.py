"""Removes what the tables of notifications hold about persons.

A row about one of them stays, with its id, type and times, and loses all other values.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from talon_one_receiver.rejects import ERASED, REJECTED
from talon_one_receiver.stored.merging import TABLES, with_load_time
from talon_one_receiver.stored.pages import instant, pages, prepare_tables
from talon_one_receiver.streams import ADDED
from talon_one_warehouse import to_arrow

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_warehouse import TableSpec, Warehouse


class Persons(Protocol):
    """Recognizes values of the persons to erase."""

    def has_value(self, value: Any, name: str) -> bool:
        """Return whether the value of a column is, or has, the id of one of them."""
        ...

    def has_text(self, text: str) -> bool:
        """Return whether a text, which may be JSON, has the id of one of them."""
        ...


def erase(warehouse: Warehouse, persons: Persons, check: Callable[[], None]) -> int:
    """Empty the rows about persons in all tables of notifications, and return how many.

    Args:
        warehouse: has the tables.
        persons: those to erase.
        check: called before each read; raises to end the work, which can be repeated.

    Raises:
        WarehouseConfigError: there are no tables of notifications.
        WarehouseError: a table cannot be read or written.
    """
    prepare_tables(warehouse)
    emptied = 0
    for table in TABLES:
        columns = [column.name for column in table.columns]
        for rows in pages(warehouse, table, columns):
            check()
            theirs = [_empty_row(table, row) for row in rows if _is_about(table, row, persons)]
            if theirs:
                warehouse.merge(with_load_time({table.name: [to_arrow(table, theirs)]}, datetime.now(UTC)))
            emptied += len(theirs)
    return emptied


def _is_about(table: TableSpec, row: dict[str, Any], persons: Persons) -> bool:
    if table is REJECTED:
        return row["body_text"] != ERASED and any(persons.has_text(row[name]) for name in ("body_text", "reason"))
    return any(
        persons.has_value(_decoded(row[column.name]) if column.kind == "json" else row[column.name], column.name)
        for column in table.columns
        if column.kind in ("string", "json") and column.name not in ADDED and row[column.name] is not None
    )


def _empty_row(table: TableSpec, row: dict[str, Any]) -> bytes:
    known = {name: row[name] for name in table.key} | {
        "notification_type": row["notification_type"],
        "received_at": instant(row["received_at"]).isoformat(),
    }
    if table is REJECTED:
        known |= {"reason": ERASED, "body_text": ERASED, "body_bytes": 0}
    return msgspec.json.encode(known)


def _decoded(value: Any) -> Any:
    """Return a value of JSON with its numbers as texts, digit for digit; some warehouses return JSON decoded."""
    return json.loads(value, parse_int=str, parse_float=str) if isinstance(value, str) else value
