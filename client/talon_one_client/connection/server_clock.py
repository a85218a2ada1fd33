"""Talon.One's clock beside this machine's, by the ``Date`` header of its answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

_YEARS = range(1970, 9000)
TOLERANCE_S = 2.0  # the header has whole seconds and may be a second old


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Both clocks at one answer.

    Attributes:
        server: the server's clock, from ``Date``.
        sent: this machine's clock when the request left.
        received: this machine's clock when the answer was complete.
    """

    server: datetime
    sent: datetime
    received: datetime

    @property
    def skew_s(self) -> float:
        """Seconds that this machine's clock is ahead, as of the end of the answer; negative if it is behind."""
        return (self.received - self.server).total_seconds()

    @property
    def ahead_s(self) -> float:
        """Seconds that this machine's clock is certainly ahead of the server's; 0 if both may be in step."""
        ahead = (self.sent - self.server).total_seconds()
        return self.skew_s if ahead > TOLERANCE_S else 0.0

    def server_time(self, local: datetime) -> datetime:
        """Return the server's time when this machine's clock shows ``local``."""
        return local - timedelta(seconds=self.skew_s if self.ahead_s or self.skew_s < -TOLERANCE_S else 0.0)

    def earlier(self, local: datetime) -> datetime:
        """Return the earlier of ``local`` and the server's time at that instant."""
        return min(local, self.server_time(local))


def read_date_header(header: str | None, sent: datetime, received: datetime) -> ClockReading | None:
    """Return the clocks by a ``Date`` header; None if it is absent, unreadable or no date that a clock may show."""
    server = _server_time(header) if header else None
    return None if server is None else ClockReading(server, sent, received)


@lru_cache(maxsize=8)
def _server_time(header: str) -> datetime | None:
    """Return the instant of a ``Date`` header. All answers of one second have the same."""
    try:
        server = parsedate_to_datetime(header)
        server = server.astimezone(UTC) if server.tzinfo else server.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    return server if server.year in _YEARS else None
