"""Reads a table of notifications in a warehouse, some thousand rows at a time, in the order of its key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from talon_one_receiver.rejects import REJECTED
from talon_one_receiver.stored.merging import TABLES
from talon_one_warehouse import WarehouseConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from talon_one_warehouse import TableSpec, Warehouse

ROWS = 5_000
_Row = dict[str, Any]


def pages(
    warehouse: Warehouse, table: TableSpec, columns: Sequence[str], *, where: str = "1 = 1", most: int = ROWS
) -> Iterator[list[_Row]]:
    """Yield the rows of a table by column. Rows may be merged in between.

    Args:
        warehouse: has the table.
        table: the table.
        columns: the columns to read, besides those of the key.
        where: condition of the rows, in SQL.
        most: rows of one page.

    Raises:
        WarehouseError: the table is missing, or cannot be read.
    """
    names = (*table.key, *(name for name in columns if name not in table.key))
    listed = ", ".join(map(warehouse.column_name, names))
    select = f"SELECT {listed} FROM {warehouse.name_of(table.name)}"  # noqa: S608 - names are quoted
    key = ", ".join(map(warehouse.column_name, table.key))
    after = "1 = 1"
    while True:
        found = warehouse.query(f"{select} WHERE {where} AND {after} ORDER BY {key} LIMIT {most}")
        rows = [dict(zip(names, row, strict=True)) for row in found]
        if rows:
            yield rows
        if len(rows) < most:
            return
        after = _after(warehouse, table, rows[-1])


def instant(value: datetime | str) -> datetime:
    """Return an instant of a row; some warehouses have no type for instants and return text."""
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def prepare_tables(warehouse: Warehouse) -> None:
    """Add the columns and tables that an earlier version has not created.

    Raises:
        WarehouseConfigError: there are no tables of notifications.
        WarehouseError: a table cannot be changed.
    """
    try:
        warehouse.query(f"SELECT notification_id FROM {warehouse.name_of(REJECTED.name)} WHERE 1 = 0")  # noqa: S608
    except WarehouseError as error:
        raise WarehouseConfigError(
            f"the schema {warehouse.schema} has no tables of notifications that can be read; name the URL and the "
            f"schema that `talon-one listen` loads into: {error}"
        ) from None
    for table in TABLES:
        warehouse.prepare(table.with_loaded_at())


def _after(warehouse: Warehouse, table: TableSpec, row: _Row) -> str:
    """Return the condition of the rows that come after a row."""
    name, position = (warehouse.column_name(one) for one in ("notification_id", "position"))
    notification = warehouse.literal(row["notification_id"])
    later = f"{name} > {notification}"
    if "position" not in table.key:
        return later
    return f"({later} OR ({name} = {notification} AND {position} > {int(row['position'])}))"
