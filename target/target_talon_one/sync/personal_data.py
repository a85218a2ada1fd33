"""Whose data a row is: keys, rows and texts compared with the id of a person, whole values only.

``cust-1`` is not in ``cust-10``, nor is customer 1 in the quantity 1.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_talon_one.sinks.table import SinkType

ERASED = "(erased)"
_PEOPLE = frozenset(
    {"profileIntegrationId", "integrationId", "advocateProfileIntegrationId", "friendProfileIntegrationId"}
    | {"profileId", "loyaltyCardId"}
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_OF_PEOPLE = frozenset(
    {"profile", "customer", "integration", "advocate", "friend", "recipient", "member", "user", "person", "card"}
    | {"contact", "client", "account", "holder", "email", "phone"}
)
_OF_THINGS = frozenset(
    {"session", "audience", "campaign", "application", "rule", "coupon", "store", "catalog", "program"}
)


class _Number(str):
    """A number of JSON, digit for digit."""

    __slots__ = ()


class Person:
    """Compares values with the id of one person.

    Args:
        name: integration id of the profile, or identifier of the loyalty card.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._is_number = bool(_NUMBER.match(name))
        self._masked = "sha256:" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        inner = re.escape(name)
        before, after = r"(?<![\w\-])(?<!\w[.@+:/])", r"(?![\w\-]|[.@+:/]\w)"
        self._mention = re.compile(before + inner + after)

    def has_key(self, key: str | None, sink: SinkType | None) -> bool:
        """Whether a key is theirs: as a whole, or the part of it that holds people's ids.

        Args:
            key: what tells rows apart; masked, it is a hash.
            sink: where the row goes; None if nobody knows.
        """
        if key is None:
            return False
        if key == self._masked:
            return True
        places = _places(sink)
        if sink is not None and len(sink.key) == 1:
            return 0 in places and key == self.name
        if key == self.name:
            return sink is None
        parts = _decoded(key) if key.startswith("[") else None
        if not isinstance(parts, list):
            return False
        return any(part == self.name for place, part in enumerate(parts) if sink is None or place in places)

    def has_row(self, text: str | None) -> bool:
        """Whether a row, as JSON, names them in one of its values; a text that is no JSON: whether it mentions them."""
        if not text:
            return False
        value = _decoded(text)
        return self.mentioned_in(text) if value is None else self.has_value(value)

    def has_value(self, value: Any, name: str = "id") -> bool:
        """Whether a JSON value, decoded by ``decoded``, is their id or has it in it.

        An id that is a number counts only where a field of a person is expected: 1 is also a quantity.
        """
        if isinstance(value, dict):
            return any(
                self.has_value(one, key) or (key == self.name and not self._is_number) for key, one in value.items()
            )
        if isinstance(value, list):
            return any(self.has_value(one, name) for one in value)
        return value == self.name and (not self._is_number or _names_people(name))

    def mentioned_in(self, text: str) -> bool:
        """Whether a text has the id in it as a word of its own."""
        return bool(self._mention.search(text))

    def without_mentions(self, text: str) -> str:
        """The text with ``(erased)`` in place of the id."""
        return self._mention.sub(ERASED, text)


def decoded(text: str | bytes) -> Any:
    """JSON with numbers as texts, digit for digit; None if it is none."""
    return _decoded(text)


def _decoded(text: str | bytes) -> Any:
    try:
        return json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_Number)
    except (ValueError, RecursionError):
        return None


def _places(sink: SinkType | None) -> Sequence[int]:
    """Which fields of a key hold ids of people."""
    if sink is None or sink.name == "audiences":
        return ()
    return [place for place, field in enumerate(sink.key) if field.name in _PEOPLE]


def _names_people(name: str) -> bool:
    words = {word.lower() for word in _WORDS.findall(name)}
    return words in ({"id"}, {"key"}) or bool(words & _OF_PEOPLE and not words & _OF_THINGS)
