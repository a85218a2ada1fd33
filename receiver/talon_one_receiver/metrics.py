"""The counts of a receiver, in the format of Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from talon_one_receiver.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIX = "talon_one_notifications"


class Metrics:
    """Counts since the start of the process.

    Args:
        pending: returns the number of notifications that are not in the warehouse yet.
    """

    def __init__(self, pending: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self.requests = self._counter("requests", "Requests by outcome", "outcome")
        self.rows = self._counter("rows", "Rows merged into the warehouse, by stream", "stream")
        self.rejected = self._counter("rejected", "Notifications that are not valid")
        self.failed_merges = self._counter("failed_merges", "Merges that failed and are repeated")
        self.last_merge = self._gauge("last_merge_timestamp_seconds", "When the last merge ended")
        self._gauge("pending", "Notifications that are not in the warehouse yet").set_function(pending)
        for outcome in ("new", "repeated", "busy", "unauthorized", "refused", "too_large"):
            self.requests.labels(outcome)
        for stream in STREAMS:
            self.rows.labels(stream.name)

    def text(self) -> bytes:
        """Return the metrics as text."""
        return generate_latest(self._registry)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"{_PREFIX}_{name}", about, labels, registry=self._registry)

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(f"{_PREFIX}_{name}", about, registry=self._registry)
