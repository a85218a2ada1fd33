"""A notification as it was received, and its identity."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

_MESSAGE_ID = re.compile(r"[!-~]{1,100}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification.

    Attributes:
        id: the X-UUID of the request, by which Talon.One's receivers can recognize a notification that is sent again.
            Without such a header, it is ``sha256:`` and the digest of the body: two notifications with equal bodies
            are then one.
        digest: of the body, in hexadecimal digits.
        body: the body, unchanged.
        received_at: when it came for the first time, in microseconds since 1970 UTC.
        conflict: another body came with the same X-UUID before; the id then ends with the digest.
    """

    id: str
    digest: str
    body: bytes
    received_at: int
    conflict: bool = False

    @classmethod
    def of_request(cls, message_id: str | None, body: bytes, now: datetime) -> Self:
        """Return the notification of a request with this X-UUID, or none, that came now."""
        digest = hashlib.sha256(body).hexdigest()
        known = message_id is not None and _MESSAGE_ID.fullmatch(message_id)
        microseconds = (now - _EPOCH) // timedelta(microseconds=1)
        return cls(message_id if known and message_id else f"sha256:{digest}", digest, body, microseconds)

    @classmethod
    def of_rejected(cls, notification_id: str, body: bytes, received: datetime) -> Self:
        """Return a notification that was rejected, from its row."""
        microseconds = (received - _EPOCH) // timedelta(microseconds=1)
        conflict = " " in notification_id  # no X-UUID has a space
        return cls(notification_id, hashlib.sha256(body).hexdigest(), body, microseconds, conflict)

    @property
    def received_text(self) -> str:
        """The instant ``received_at`` in RFC 3339."""
        return (_EPOCH + timedelta(microseconds=self.received_at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
