"""The merge of notifications into their tables: the valid ones into those of their types, the others as rejected."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from talon_one_receiver.errors import InvalidNotification
from talon_one_receiver.rejects import REJECTED, rejected_row
from talon_one_receiver.rows import rows_of
from talon_one_receiver.streams import STREAMS
from talon_one_warehouse import RowError, to_arrow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from talon_one_receiver.notification import Notification
    from talon_one_warehouse import TableSpec, Warehouse

TABLES: tuple[TableSpec, ...] = (*(stream.table for stream in STREAMS), REJECTED)
_Batches = dict[str, list["pa.RecordBatch"]]
_Rejected = list[tuple["Notification", InvalidNotification]]


class Merged(NamedTuple):
    """What was merged: the number of rows by table, and the notifications that are not valid."""

    rows: dict[str, int]
    rejected: _Rejected


class _Rows(NamedTuple):
    """The valid rows of one notification: its type, its table, and the rows as JSON."""

    notification: Notification
    kind: str
    table: TableSpec
    rows: list[bytes]


def merge(
    warehouse: Warehouse, notifications: Sequence[Notification], rejected_before: Mapping[str, str] | None = None
) -> Merged:
    """Merge notifications in one transaction.

    Args:
        warehouse: has the tables, or gets them.
        notifications: those to merge.
        rejected_before: why they were rejected before, by their ids. The rows of valid ones stay in the table of
            rejected notifications, with the instant of this merge as ``replayed_at``.

    Raises:
        WarehouseError: nothing is merged.
    """
    now = datetime.now(UTC)
    parsed, rejected = _parsed(notifications)
    for table in {one.table.name: one.table for one in parsed}.values():
        warehouse.prepare(table.with_loaded_at())
    batches, more = _converted(warehouse, parsed)
    rejected += more
    counts = {name: sum(part.num_rows for part in parts) for name, parts in batches.items()}
    rows = [_rejected_batch(warehouse, one, why.reason, why.kind) for one, why in rejected]
    refused = {one.id for one, _ in rejected}
    for one in parsed if rejected_before is not None else ():
        if one.notification.id not in refused:
            reason = (rejected_before or {})[one.notification.id]
            rows.append(_rejected_batch(warehouse, one.notification, reason, one.kind, now))
    if rows:
        batches[REJECTED.name] = rows
    warehouse.merge(with_load_time(batches, now))
    return Merged(counts, rejected)


def with_load_time(batches: _Batches, at: datetime) -> _Batches:
    """Return the batches with ``at`` as the column ``_loaded_at`` of every row."""
    from talon_one_warehouse.arrow import load_time  # imports pyarrow, an extra

    return {name: load_time.with_load_time(parts, at) for name, parts in batches.items()}


def _parsed(notifications: Sequence[Notification]) -> tuple[list[_Rows], _Rejected]:
    rows, rejected = [], []
    for one in notifications:
        try:
            kind, stream, encoded = rows_of(one)
        except InvalidNotification as error:
            rejected.append((one, error))
        else:
            rows.append(_Rows(one, kind, stream.table, encoded))
    return rows, rejected


def _converted(warehouse: Warehouse, parsed: Sequence[_Rows]) -> tuple[_Batches, _Rejected]:
    """Return the rows by table, and the notifications with a row that does not fit its table."""
    if not parsed:
        return {}, []
    try:
        return _batches(warehouse, parsed), []
    except RowError as error:
        if len(parsed) == 1:
            return {}, [(parsed[0].notification, InvalidNotification(str(error), parsed[0].kind))]
    middle = len(parsed) // 2
    (batches, rejected), (more, more_rejected) = (
        _converted(warehouse, part) for part in (parsed[:middle], parsed[middle:])
    )
    for name, parts in more.items():
        batches.setdefault(name, []).extend(parts)
    return batches, rejected + more_rejected


def _batches(warehouse: Warehouse, parsed: Sequence[_Rows]) -> _Batches:
    by_table: dict[str, list[bytes]] = {}
    tables = {one.table.name: one.table for one in parsed}
    for one in parsed:
        by_table.setdefault(one.table.name, []).extend(one.rows)
    batches = {}
    for name, rows in by_table.items():
        batches[name] = [to_arrow(tables[name], rows)]
        warehouse.check_rows(name, batches[name][0])
    return batches


def _rejected_batch(
    warehouse: Warehouse, one: Notification, reason: str, kind: str | None, replayed_at: datetime | None = None
) -> pa.RecordBatch:
    warehouse.prepare(REJECTED.with_loaded_at())
    batch = to_arrow(REJECTED, [rejected_row(one, reason, kind, replayed_at)])
    try:
        warehouse.check_rows(REJECTED.name, batch)
    except RowError:
        return to_arrow(REJECTED, [rejected_row(one, reason, kind, replayed_at, short=True)])
    return batch
