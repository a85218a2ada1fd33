"""409: too many parallel requests on one profile or session.

The other 409s are those of an ``integrationId`` that exists: of an audience (``handlers/audiences/integration.py``) and
of an advanced event (``handlers/events.py``).
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from talon_one_emulator.api.errors import ApiError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_client.endpoints import Endpoint


class InFlight:
    """Counts of the requests that are being processed, by profile or session."""

    def __init__(self) -> None:
        self._running: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def slot(self, endpoint: Endpoint, subjects: list[tuple[str, str]]) -> Iterator[None]:
        """Count a request while it is processed. Raise ApiError 409 if the limit of the endpoint is reached."""
        limit = endpoint.max_in_flight
        if limit is not None and any(self._running[subject] >= limit for subject in subjects):
            problem = Problem("Conflict", f"more than {limit} requests in flight on one profile or session")
            raise ApiError(409, [problem], "Too many requests are updating this profile at the same time")
        self._running.update(subjects)
        try:
            yield
        finally:
            self._running.subtract(subjects)
            for subject in subjects:
                if not self._running[subject]:
                    del self._running[subject]


def subjects(endpoint: Endpoint, path: dict[str, Any], body: Any) -> list[tuple[str, str]]:
    """Return the profile or session whose parallel requests are counted; none if the endpoint has no limit."""
    if endpoint.max_in_flight is None:
        return []
    if "customerSessionId" in path:
        return [("session", str(path["customerSessionId"]))]
    name = path.get("integrationId") or (body.get("profileId") if isinstance(body, dict) else None)
    return [("profile", str(name))] if name else []
