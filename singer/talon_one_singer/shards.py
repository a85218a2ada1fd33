"""A stable part of the ids, so that several workers can share them."""

from __future__ import annotations

import hashlib
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
    """Part ``number`` of ``count``, counted from 1. An id belongs to the same part in every run, order and process."""

    number: int = 1
    count: int = 1

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Shard:
        """Out of the settings; without a shard the whole.

        Raises:
            ConfigError: it is not like 3/16.
        """
        text = settings["shard"]
        try:
            return cls.parse(text) if text else cls()
        except ValueError as error:
            raise ConfigError(f"shard {error}") from None

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Out of a text.

        Raises:
            ValueError: it is not like 3/16.
        """
        found = _TEXT.fullmatch(text)
        number, count = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= number <= count <= MOST:
            raise ValueError(f"must be like 3/16, the part from 1 on and the number of parts, not {text!r}")
        return cls(number, count)

    def takes(self, text: str) -> bool:
        """Whether an id belongs to it."""
        if self.count == 1:
            return True
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1

    def __str__(self) -> str:
        return "" if self.count == 1 else f"{self.number}/{self.count}"


WHOLE = Shard()
