"""A digest of a list of ids, by which a later run recognizes the list."""

from __future__ import annotations

import hashlib


class IdListDigest:
    """A digest of the ids added so far, in their order; its size does not depend on their number."""

    def __init__(self) -> None:
        self._digest = b""
        self.count = 0

    def add(self, text: str) -> None:
        """Add the next id."""
        self.resume(self.count + 1, self.with_next(text))

    def with_next(self, text: str) -> str:
        """Return what the digest will be after ``text`` is added."""
        data = self._digest + text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=8).hexdigest()

    def resume(self, count: int, value: str) -> None:
        """Continue from the digest of ``count`` ids."""
        self.count, self._digest = count, bytes.fromhex(value)

    @property
    def value(self) -> str:
        """The digest as 16 hex digits; "" before the first id."""
        return self._digest.hex()
