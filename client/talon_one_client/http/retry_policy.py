"""Whether and when to repeat a request: a table and a pure function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.connection.config import RetryConfig
    from talon_one_client.endpoints import Endpoint


class Processed(Enum):
    """What is known about a failed request."""

    NO = "the server surely did not act on it"
    MAYBE = "the server may have acted on it"


class Failure(Enum):
    """Failures without an HTTP status."""

    CONNECT = "no connection"
    TLS = "no trust in the server"
    BROKEN = "connection lost after sending"
    GARBLED = "an answer that is not HTTP or not JSON"
    SHAPE = "JSON of another shape than documented"
    DAMAGED = "an answer whose body is damaged"
    TOO_LARGE = "an answer larger than the limit"
    STOPPED = "cut off because the run is to end"


class TransportFailure(Exception):
    """No usable answer. ``what`` tells whether the request can have reached the server."""

    def __init__(self, what: Failure, reason: str) -> None:
        self.what = what
        self.reason = reason
        super().__init__(reason)


# A status or failure that is absent from this table is never tried again.
RETRYABLE: dict[int | Failure, Processed] = {
    Failure.CONNECT: Processed.NO,
    Failure.BROKEN: Processed.MAYBE,
    Failure.GARBLED: Processed.MAYBE,
    Failure.DAMAGED: Processed.MAYBE,
    Failure.TOO_LARGE: Processed.MAYBE,
    Failure.SHAPE: Processed.MAYBE,
    408: Processed.NO,
    429: Processed.NO,
    500: Processed.MAYBE,
    502: Processed.MAYBE,
    503: Processed.MAYBE,
    504: Processed.MAYBE,
    **dict.fromkeys((507, 520, 521, 522, 523, 524, 529), Processed.MAYBE),
}


_NOTHING_S = 1e-6  # less than this is nothing left


# Failures that do not mend with time: what answers is something else, or broken for good.
HARDLY_MENDS = frozenset({Failure.GARBLED, Failure.SHAPE, Failure.DAMAGED, Failure.TOO_LARGE})


@dataclass(frozen=True, slots=True)
class Outcome:
    """A failed attempt: what happened, and the server's wish for the next one in seconds."""

    what: int | Failure
    retry_after_s: float | None = None


def may_repeat(endpoint: Endpoint, what: int | Failure, *, has_key: bool) -> bool:
    """True if repeating ``endpoint`` after ``what`` is useful and does no harm.

    ``has_key``: the request carries an Idempotency-Key.
    """
    if what == 409:
        return endpoint.conflict == "concurrency"
    processed = RETRYABLE.get(what)
    if processed is None:
        return False
    return processed is Processed.NO or endpoint.repeatable or (has_key and endpoint.idempotency_key)


def wait_s(
    config: RetryConfig, outcome: Outcome, attempt: int, elapsed_s: float, rng: Callable[[], float]
) -> float | None:
    """Seconds to wait before attempt ``attempt + 1``, or None to give up.

    Exponential back-off with full jitter under a cap. A ``Retry-After`` of the server is a lower bound beside it, with
    up to a tenth (at most a second) added so that a crowd does not come back at once. The last wait is cut to what is
    left of the budget, so that the last attempt is made when it ends. Gives up when the budget is used up, or when
    the server asks for more than what is left of it.
    """
    left = config.budget_s - elapsed_s
    if left < _NOTHING_S or attempt >= (config.max_attempts or attempt + 1):
        return None
    wait = rng() * min(config.cap_s, config.base_s * 2.0 ** min(attempt - 1, 64))
    asked = outcome.retry_after_s
    if asked is not None:
        if asked > left:
            return None
        wait = max(wait, asked + rng() * min(1.0, 0.1 * asked))
    return min(wait, left - _NOTHING_S / 2)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from a ``Retry-After`` header (seconds or HTTP-date), None if absent or unreadable."""
    if not value:
        return None
    text = value.strip()
    try:
        return max(0.0, float(text)) if text.replace(".", "", 1).isdigit() else _until(text, now)
    except (TypeError, ValueError, OverflowError):
        return None


def _until(text: str, now: datetime) -> float:
    when = parsedate_to_datetime(text)
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
