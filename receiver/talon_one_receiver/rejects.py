"""The table of notifications that were accepted and are not valid, each with the reason and its body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from talon_one_warehouse import table_spec

if TYPE_CHECKING:
    from datetime import datetime

    from talon_one_receiver.notification import Notification

_TEXT = {"type": "string"}
ERASED = "(erased)"  # in place of a body about an erased customer
_SHORT = 16_000  # characters of a body that every warehouse can hold
REJECTED = table_spec(
    "notifications_rejected",
    {
        "properties": {
            "notification_id": _TEXT,
            "notification_type": {"type": ["string", "null"]},
            "reason": _TEXT,
            "body_text": _TEXT,
            "body_bytes": {"type": "integer"},
            "received_at": {"type": "string", "format": "date-time"},
            "replayed_at": {"type": ["string", "null"], "format": "date-time"},
        }
    },
    ["notification_id"],
)


def rejected_row(
    notification: Notification,
    reason: str,
    kind: str | None,
    replayed_at: datetime | None = None,
    *,
    short: bool = False,
) -> bytes:
    """Return the row of a notification that is not valid, as JSON.

    Args:
        notification: the notification.
        reason: why it is not valid.
        kind: its type, if known.
        replayed_at: when it was merged into the table of its type all the same.
        short: cut the body, which the warehouse cannot hold; ``body_bytes`` is the size of the complete one.
    """
    text = _printable(notification.body.decode("utf-8", "backslashreplace"))
    return msgspec.json.encode(
        {
            "notification_id": notification.id,
            "notification_type": kind and _printable(kind),
            "reason": _printable(reason),
            "body_text": text[:_SHORT] if short else text,
            "body_bytes": len(notification.body),
            "received_at": notification.received_text,
            "replayed_at": replayed_at and replayed_at.isoformat(),
        }
    )


def _printable(text: str) -> str:
    """Return the text without NUL, which some databases cannot hold, and without halves of surrogate pairs."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
