"""Merges rejected notifications again, for instance after an update that knows their type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_receiver.notification import Notification
from talon_one_receiver.rejects import ERASED, REJECTED
from talon_one_receiver.stored.merging import merge
from talon_one_receiver.stored.pages import instant, pages, prepare_tables
from talon_one_singer.errors import SingerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from talon_one_receiver.errors import InvalidNotification
    from talon_one_warehouse import Warehouse

_COLUMNS = ("reason", "body_text", "body_bytes", "received_at")


class NotReplayed(SingerError):
    """Some rejected notifications are not valid still."""


class Replay(NamedTuple):
    """What became of the rejected notifications that were not replayed before.

    Attributes:
        merged: how many are in the tables of their types now.
        rejected: those that are not valid still, each with the reason.
        incomplete: how many are kept without their exact body, and cannot be replayed.
    """

    merged: int
    rejected: list[tuple[Notification, InvalidNotification]]
    incomplete: int


def replay(warehouse: Warehouse, check: Callable[[], None]) -> Replay:
    """Merge all rejected notifications again.

    Those that are valid now are merged into the tables of their types, and their rows in the table of rejected
    notifications get ``replayed_at``. The others stay, with the reason of this time.

    Args:
        warehouse: has the tables.
        check: called before each read; raises to end the work, which can be repeated.

    Raises:
        WarehouseConfigError: there are no tables of notifications.
        WarehouseError: a table cannot be read or written.
    """
    prepare_tables(warehouse)
    merged, rejected, incomplete = 0, [], 0
    for rows in pages(warehouse, REJECTED, _COLUMNS, where=f"{warehouse.column_name('replayed_at')} IS NULL"):
        check()
        left = [row for row in rows if row["body_text"] != ERASED]
        complete = [row for row in left if len(_body(row)) == int(row["body_bytes"])]
        incomplete += len(left) - len(complete)
        more = _merged(warehouse, complete)
        rejected += more
        merged += len(complete) - len(more)
    return Replay(merged, rejected, incomplete)


def _merged(warehouse: Warehouse, rows: Sequence[dict[str, Any]]) -> list[tuple[Notification, InvalidNotification]]:
    """Merge the notifications of rows, and return those that are not valid."""
    if not rows:
        return []
    reasons = {row["notification_id"]: row["reason"] for row in rows}
    return merge(warehouse, [_notification(row) for row in rows], reasons).rejected


def _notification(row: dict[str, Any]) -> Notification:
    return Notification.of_rejected(row["notification_id"], _body(row), instant(row["received_at"]))


def _body(row: dict[str, Any]) -> bytes:
    return str(row["body_text"] or "").encode()
