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

    NO = "the server certainly did not act on it"
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
    FOREIGN = "refused by something in front of Talon.One"
    STOPPED = "cut off because the run was asked to stop"


class TransportFailure(Exception):
    """There is no usable answer; ``what`` decides whether the request can have reached the server."""

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
    Failure.FOREIGN: Processed.NO,
    408: Processed.NO,
    429: Processed.NO,
    500: Processed.MAYBE,
    502: Processed.MAYBE,
    503: Processed.MAYBE,
    504: Processed.MAYBE,
    **dict.fromkeys((507, 509, 520, 521, 522, 523, 524, 525, 527, 529, 530, 598, 599), Processed.MAYBE),
}


_NEGLIGIBLE_S = 1e-6  # a retry budget with less than this left is used up


# Failures that retries rarely help against: the server is not Talon.One, or its answers are permanently broken.
RARELY_TEMPORARY = frozenset({Failure.GARBLED, Failure.SHAPE, Failure.DAMAGED, Failure.TOO_LARGE, Failure.FOREIGN})


@dataclass(frozen=True, slots=True)
class Outcome:
    """A failed attempt: what happened, and after how many seconds the server asks for the next one."""

    what: int | Failure
    retry_after_s: float | None = None


def may_repeat(endpoint: Endpoint, what: int | Failure, *, has_key: bool) -> bool:
    """Return whether repeating ``endpoint`` after ``what`` is useful and does no harm.

    ``has_key``: the request carries an Idempotency-Key. A 409 that has one of two meanings is decided by its error, see
    ``RequestExecutor``.
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
    """Return the seconds to wait before attempt ``attempt + 1``, or None to give up.

    The wait is an exponential back-off with full jitter under a cap. A ``Retry-After`` of the server is a lower bound;
    up to a tenth of it (at most a second) is added, so that many clients do not come back at the same moment. The last
    wait is cut to the remaining budget, so that the last attempt is made when the budget ends. The call is given up
    when the budget is used up, or when the server asks for more than remains of it.
    """
    remaining = config.budget_s - elapsed_s
    if remaining < _NEGLIGIBLE_S or attempt >= (config.max_attempts or attempt + 1):
        return None
    wait = rng() * min(config.cap_s, config.base_s * 2.0 ** min(attempt - 1, 64))
    asked = outcome.retry_after_s
    if asked is not None:
        if asked > remaining:
            return None
        wait = max(wait, asked + rng() * min(1.0, 0.1 * asked))
    return min(wait, remaining - _NEGLIGIBLE_S / 2)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds of a ``Retry-After`` header (seconds or HTTP-date), None if it is absent or unreadable."""
    if not value:
        return None
    text = value.strip()
    try:
        return max(0.0, float(text)) if text.replace(".", "", 1).isdigit() else _seconds_until(text, now)
    except (TypeError, ValueError, OverflowError):
        return None


def _seconds_until(text: str, now: datetime) -> float:
    when = parsedate_to_datetime(text)
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
