"""What stands before the handlers: keys, the management rate, requests in flight, Idempotency-Key."""

from __future__ import annotations

from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

from talon_one_emulator.api.call import Answer
from talon_one_emulator.api.errors import ApiError, Fault, invalid
from talon_one_emulator.domain import timestamps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_client.endpoints import Endpoint
    from talon_one_emulator.domain.account import Account
    from talon_one_emulator.domain.clock import Clock

KeyKind = Literal["integration", "management", "wrong", "none"]
REPLAY_FOR = timestamps.DAY
MAX_KEY_LENGTH = 255

_SCHEMES = {"ApiKey-v1": "integration", "ManagementKey-v1": "management", "Bearer": "management"}


DEFAULT_API_KEY = "demo-integration-key"
DEFAULT_MANAGEMENT_KEY = "demo-management-key"


@dataclass(frozen=True, slots=True)
class Keys:
    """The two keys the emulator takes; neither is a secret."""

    integration: str = DEFAULT_API_KEY
    management: str = DEFAULT_MANAGEMENT_KEY

    def kind(self, header: str | None) -> KeyKind:
        """Which key an Authorization header carries; ``wrong`` if its scheme and key do not belong together."""
        if header is None:
            return "none"
        scheme, _, key = header.partition(" ")
        api = _SCHEMES.get(scheme)
        if api == "integration" and key == self.integration:
            return "integration"
        if api == "management" and key == self.management:
            return "management"
        return "wrong"

    def check(self, endpoint: Endpoint, kind: KeyKind) -> None:
        """Raise ApiError 401 unless the key is of the endpoint's API."""
        if kind != endpoint.api:
            wanted = "ApiKey-v1" if endpoint.api == "integration" else "ManagementKey-v1"
            raise ApiError(401, [Fault("Unauthorized", f"this operation takes Authorization: {wanted} and its key")])


class RateLimit:
    """At most ``per_second`` requests in any second per management endpoint; 0 switches it off."""

    def __init__(self, per_second: int, clock: Clock) -> None:
        self.per_second = per_second
        self._clock = clock
        self._passed: dict[str, deque[float]] = {}

    def check(self, endpoint: Endpoint) -> None:
        """Raise ApiError 429 if the endpoint's second is full. No Retry-After: none is documented."""
        if endpoint.api != "management" or not self.per_second:
            return
        now = self._clock.steady_s()
        passed = self._passed.setdefault(endpoint.name, deque())
        while passed and passed[0] <= now - 1:
            passed.popleft()
        if len(passed) >= self.per_second:
            raise ApiError(429, [Fault("Rate limit", f"{self.per_second} requests a second on this endpoint")])
        passed.append(now)

    def clear(self) -> None:
        """Forget all requests."""
        self._passed.clear()


class InFlight:
    """Requests being processed on one profile or session."""

    def __init__(self) -> None:
        self._running: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def slot(self, endpoint: Endpoint, subjects: list[tuple[str, str]]) -> Iterator[None]:
        """Hold a place for the duration of a request. Raises ApiError 409 if the endpoint's limit is reached."""
        limit = endpoint.max_in_flight
        if limit is not None and any(self._running[subject] >= limit for subject in subjects):
            raise ApiError(409, [Fault("Conflict", f"more than {limit} requests in flight on one profile or session")])
        self._running.update(subjects)
        try:
            yield
        finally:
            self._running.subtract(subjects)
            for subject in subjects:
                if not self._running[subject]:
                    del self._running[subject]


def subjects(endpoint: Endpoint, path: dict[str, Any], body: Any) -> list[tuple[str, str]]:
    """The profile or session whose parallel requests are counted."""
    if endpoint.max_in_flight is None:
        return []
    if "customerSessionId" in path:
        return [("session", str(path["customerSessionId"]))]
    name = path.get("integrationId") or (body.get("profileId") if isinstance(body, dict) else None)
    return [("profile", str(name))] if name else []


class Replays:
    """Answers kept under their Idempotency-Key for 24 hours, in the account's database."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def find(self, endpoint: Endpoint, key: str, request: bytes) -> Answer | None:
        """The kept answer. Raises ApiError 400 if the key is too long or was used with another request."""
        if not 1 <= len(key) <= MAX_KEY_LENGTH:
            raise invalid("Invalid header", f"Idempotency-Key has 1 to {MAX_KEY_LENGTH} characters")
        row = self._account.store.row(
            "SELECT request, status, media, body FROM replays WHERE operation = ? AND key = ? AND created > ?",
            [endpoint.name, key, self._account.now() - REPLAY_FOR],
        )
        if row is None:
            return None
        if row[0] != request and self._account.switches.idempotency_reuse == "reject":
            raise invalid("Invalid header", "this Idempotency-Key was used with another request")
        return Answer(row[1], row[3], row[2])

    def keep(self, endpoint: Endpoint, key: str, request: bytes, answer: Answer) -> None:
        """Keep a successful answer."""
        self._account.store.db.execute(
            "INSERT OR REPLACE INTO replays (operation, key, created, request, status, media, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (endpoint.name, key, self._account.now(), request, answer.status, answer.media, answer.body),
        )


def fingerprint(*parts: bytes) -> bytes:
    """A short digest of a request."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()
