"""Everything this package raises, grouped by what the sender does next.

InvalidNotification   200: it is kept in the table of rejected notifications, because Talon.One sends no 4xx again
Refused               the request is answered with its status
├── Unauthorized      401: the secret is missing or wrong
├── FromBrowser       403: a web page has sent it
├── BodyTooLarge      413: it is larger than the receiver accepts
└── Busy              503: it should be sent again after ``retry_after_s``
"""

from __future__ import annotations


class InvalidNotification(Exception):
    """A body that is no notification.

    Args:
        reason: why, in words.
        kind: its ``NotificationType``, if it has one.
    """

    def __init__(self, reason: str, kind: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.kind = reason, kind


class Refused(Exception):
    """A request that is not accepted.

    Attributes:
        status: of the answer.
        headers: of the answer.
        outcome: label in the metrics.
    """

    status, outcome = 400, "refused"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer."""
        return {}


class Unauthorized(Refused):
    """The secret is missing or wrong."""

    status, outcome = 401, "unauthorized"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer."""
        return {"WWW-Authenticate": 'Basic realm="talon-one listen"'}


class FromBrowser(Refused):
    """A web page has sent the request."""

    status = 403


class BodyTooLarge(Refused):
    """The body is larger than the receiver accepts."""

    status, outcome = 413, "too_large"


class Busy(Refused):
    """The request cannot be kept now, and should be sent again.

    Args:
        reason: why, in words.
        retry_after_s: seconds after which it should be sent again.
    """

    status, outcome = 503, "busy"

    def __init__(self, reason: str, retry_after_s: int) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer."""
        return {"Retry-After": str(self.retry_after_s)}
