"""The log of requests and their counters by operation."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from talon_one_emulator.domain import timestamps

if TYPE_CHECKING:
    from talon_one_emulator.api.middleware.authentication import KeyKind

MAX_REQUESTS = 100_000


@dataclass(slots=True)
class LoggedRequest:
    """One logged request. ``status`` is 0 if the connection was closed without an answer."""

    at: int
    method: str
    path: str
    query: str
    operation: str | None
    key: KeyKind
    idempotency_key: str | None
    body_bytes: int
    status: int = 0
    answer_bytes: int = 0
    replayed: bool = False
    faults: list[str] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        """Return the JSON object of the control endpoint."""
        return {
            "at": timestamps.render(self.at),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "operation": self.operation,
            "key": self.key,
            "idempotency_key": self.idempotency_key,
            "body_bytes": self.body_bytes,
            "status": self.status,
            "answer_bytes": self.answer_bytes,
            "replayed": self.replayed,
            "faults": self.faults,
        }


@dataclass(slots=True)
class OperationCounters:
    """Counters of one operation. ``max_in_flight`` is the highest number of requests in flight at the same time."""

    requests: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    in_flight: int = 0
    max_in_flight: int = 0

    def describe(self) -> dict[str, Any]:
        """Return the JSON object of the control endpoint."""
        return {
            "requests": self.requests,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "max_in_flight": self.max_in_flight,
        }


class RequestLog:
    """The last 100,000 requests, and the counters of all requests."""

    def __init__(self) -> None:
        self.entries: deque[LoggedRequest] = deque(maxlen=MAX_REQUESTS)
        self.counts: dict[str, OperationCounters] = {}

    def begin(self, operation: str | None) -> None:
        """Count a request that has arrived."""
        count = self.counts.setdefault(operation or "unknown", OperationCounters())
        count.requests += 1
        count.in_flight += 1
        count.max_in_flight = max(count.max_in_flight, count.in_flight)

    def end(self, entry: LoggedRequest) -> None:
        """Log a request that was answered, or whose connection was closed."""
        count = self.counts.setdefault(entry.operation or "unknown", OperationCounters())
        count.in_flight = max(0, count.in_flight - 1)
        count.statuses[entry.status] = count.statuses.get(entry.status, 0) + 1
        self.entries.append(entry)

    def clear(self) -> None:
        """Clear the log and the counters."""
        self.entries.clear()
        self.counts.clear()
