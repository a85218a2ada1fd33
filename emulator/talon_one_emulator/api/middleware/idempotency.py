"""Idempotency-Key: answers that are kept and replayed."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from talon_one_emulator.api.call import Answer
from talon_one_emulator.api.errors import invalid
from talon_one_emulator.domain import timestamps

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint
    from talon_one_emulator.domain.account import Account

REPLAY_FOR = timestamps.DAY
MAX_KEY_LENGTH = 255


class Replays:
    """Answers that are kept for 24 hours by their Idempotency-Key, in the database of the account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def find(self, endpoint: Endpoint, key: str, request: bytes) -> Answer | None:
        """Return the kept answer, or None. Raise ApiError 400 if the key is too long or belongs to another request."""
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
        """Keep a successful answer for replays."""
        self._account.store.db.execute(
            "INSERT OR REPLACE INTO replays (operation, key, created, request, status, media, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (endpoint.name, key, self._account.now(), request, answer.status, answer.media, answer.body),
        )


def fingerprint(*parts: bytes) -> bytes:
    """Return a short digest of a request."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()
