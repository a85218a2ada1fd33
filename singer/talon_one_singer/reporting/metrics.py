"""Singer metrics: counters and timers as log lines, ``INFO METRIC: {...}``.

https://github.com/singer-io/getting-started/blob/master/docs/BEST_PRACTICES.md#metrics
"""

from __future__ import annotations

import json
import logging
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

_Key = tuple[str, tuple[tuple[str, str | int], ...]]


@dataclass(frozen=True, slots=True)
class Totals:
    """The work since the start.

    Attributes:
        records: number of rows by stream.
        requests: number of requests, including retries.
        retries: number of retries.
        elapsed_s: seconds since the start.
        left_out: number of ids that could not be read, by stream.
    """

    records: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    retries: int = 0
    elapsed_s: float = 0.0
    left_out: dict[str, int] = field(default_factory=dict)


class Metrics:
    """Counts rows, requests and retries, and logs the counters every ``interval_s`` seconds. Thread-safe.

    A line holds the increase of a counter since its last line, so that the sum of the lines is the total.

    Args:
        clock: returns monotonic seconds, like ``time.monotonic``.
        interval_s: seconds between lines of one counter.
    """

    def __init__(self, clock: Callable[[], float], interval_s: float = 60.0) -> None:
        self._clock = clock
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._start_s = self._last_s = clock()
        self._pending: Counter[_Key] = Counter()
        self._records: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._requests = 0
        self._retries = 0

    def records(self, stream: str, count: int) -> None:
        """Count ``count`` written rows of ``stream``."""
        with self._lock:
            self._records[stream] += count
            self._pending["record_count", (("stream", stream),)] += count

    def left_out(self, stream: str, count: int) -> None:
        """Count ``count`` ids of ``stream`` that could not be read."""
        if count:
            with self._lock:
                self._left_out[stream] += count

    def request(self, endpoint: str, status: int, duration_s: float) -> None:
        """Count a request that was answered, or that failed without a response (status 0).

        Its ``http_request_duration`` is logged at level DEBUG only, because thousands of lines a second would hide
        everything else. At level INFO there is ``http_request_count`` by endpoint and status.
        """
        tags: tuple[tuple[str, str | int], ...] = (("endpoint", endpoint), ("http_status_code", status))
        with self._lock:
            self._requests += 1
            self._pending["http_request_count", tags] += 1
        if logger.isEnabledFor(logging.DEBUG):
            outcome = "succeeded" if 200 <= status < 400 else "failed"
            _log(logging.DEBUG, "timer", "http_request_duration", duration_s, dict(tags) | {"status": outcome})

    def retry(self, endpoint: str) -> None:
        """Count a retry."""
        with self._lock:
            self._retries += 1
            self._pending["http_retry_count", (("endpoint", endpoint),)] += 1

    def tick(self) -> None:
        """Log the counters if it is time; cheap enough to call for every page."""
        if self._clock() - self._last_s >= self._interval_s:
            self.emit()

    def emit(self) -> None:
        """Log what was counted since the last time."""
        with self._lock:
            pending, self._pending = self._pending, Counter()
            self._last_s = self._clock()
        for (metric, tags), value in pending.items():
            _log(logging.INFO, "counter", metric, value, dict(tags))

    def totals(self) -> Totals:
        """Return the work since the start."""
        with self._lock:
            elapsed_s = self._clock() - self._start_s
            return Totals(dict(self._records), self._requests, self._retries, elapsed_s, dict(self._left_out))


def _log(level: int, kind: str, metric: str, value: float, tags: dict[str, Any]) -> None:
    rounded = round(value, 6)
    line = {"type": kind, "metric": metric, "value": rounded, "tags": tags}
    logger.log(level, "METRIC: %s", json.dumps(line))
