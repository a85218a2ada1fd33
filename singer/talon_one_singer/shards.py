"""Stable shards of the ids, so that several workers can share them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_singer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 4096
_TEXT = re.compile(r"\s*(\d{1,5})\s*/\s*(\d{1,5})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shard:
    """Shard ``number`` of ``count``, from 1. An id belongs to the same shard in every run, order and process."""

    number: int = 1
    count: int = 1

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Shard:
        """Return the shard in the settings; shard 1 of 1 without the setting.

        Raises:
            ConfigError: the setting is not like 3/16.
        """
        text = settings["shard"]
        try:
            return cls.parse(text) if text else cls()
        except ValueError as error:
            raise ConfigError(f"shard {error}") from None

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard in a text.

        Raises:
            ValueError: the text is not like 3/16.
        """
        found = _TEXT.fullmatch(text)
        number, count = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= number <= count <= MOST:
            raise ValueError(f"must be like 3/16, the number of the shard (from 1) and of all shards, not {text!r}")
        return cls(number, count)

    def takes(self, text: str) -> bool:
        """Return whether an id belongs to this shard."""
        if self.count == 1:
            return True
        import hashlib

        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1

    def __str__(self) -> str:
        return "" if self.count == 1 else f"{self.number}/{self.count}"


WHOLE = Shard()
