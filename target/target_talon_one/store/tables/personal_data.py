"""Whether keys, rows and texts hold the id of a person; only whole values count.

``cust-1`` is not in ``cust-10``, nor is customer 1 in the quantity 1.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from talon_one_singer.reporting.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_talon_one.sinks.sink_type import SinkType

ERASED = "(erased)"
_PATH = r"/v\d/(?:[\w.~%-]+/)+"  # of the API, before an id
_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_PERSONAL_WORDS = frozenset(
    {"profile", "customer", "integration", "advocate", "friend", "recipient", "member", "user", "person", "card"}
    | {"contact", "client", "account", "holder", "email", "phone"}
)
_IMPERSONAL_WORDS = frozenset(
    {"session", "audience", "campaign", "application", "rule", "coupon", "store", "catalog", "program"}
)


class _Number(str):
    """A number of JSON, digit for digit."""

    __slots__ = ()


class Person:
    """Finds the id of one person in keys, rows and texts.

    Args:
        name: integration id of the profile, or identifier of the loyalty card.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._is_number = bool(_NUMBER.match(name))
        self._masked = "sha256:" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self.spellings = _spellings(name)
        inner = "|".join(map(re.escape, self.spellings))
        before, after = r"(?<![\w\-])(?<!\w[.@+:/])", r"(?![\w\-]|[.@+:/]\w)"
        in_path = re.escape(quote(name, safe="", errors="replace")) + r"(?![\w\-~%]|\.\w)"
        self._mention = re.compile(f"({_PATH}){in_path}|{before}(?:{inner}){after}")

    def has_key(self, key: str | None, sink: SinkType | None) -> bool:
        """Return whether a key is the person's: as a whole, or in a field that holds the id of a person.

        Args:
            key: of a row; a masked key is a hash.
            sink: where the row goes; None if that is unknown.
        """
        if key is None:
            return False
        if key == self._masked:
            return True
        positions = _personal_positions(sink)
        if sink is not None and len(sink.key) == 1:
            return 0 in positions and key == self.name
        if key == self.name:
            return sink is None
        values = decoded(key) if key.startswith("[") else None
        if not isinstance(values, list):
            return False
        return any(value == self.name for index, value in enumerate(values) if sink is None or index in positions)

    def has_row(self, text: str | None) -> bool:
        """Return whether a row, as JSON, has the id in one of its values; other text is searched for it."""
        if not text:
            return False
        value = decoded(text)
        return self.mentioned_in(text) if value is None else self.has_value(value)

    def has_value(self, value: Any, name: str = "id") -> bool:
        """Return whether a JSON value, decoded by ``decoded``, is or contains the id.

        An id that is a number counts only where a field of a person is expected: 1 is also a quantity.
        """
        if isinstance(value, dict):
            return any(
                self.has_value(one, key) or (key == self.name and not self._is_number) for key, one in value.items()
            )
        if isinstance(value, list):
            return any(self.has_value(one, name) for one in value)
        return value == self.name and (not self._is_number or _is_personal(name))

    def has_answer(self, answer: Any) -> bool:
        """Return whether an answer of Talon.One, decoded by ``decoded``, holds the id.

        Its numbers do not count: integration IDs are texts there, and ``"id": 10`` is an id that Talon.One assigned.
        """
        return self.has_value(_without_numbers(answer), "")

    def mentioned_in(self, text: str) -> bool:
        """Return whether a text contains the id as a separate word."""
        return bool(self._mention.search(text))

    def without_mentions(self, text: str) -> str:
        """Return the text with ``(erased)`` in place of the id."""
        return self._mention.sub(lambda match: (match[1] or "") + ERASED, text)


def _spellings(name: str) -> tuple[str, ...]:
    """Return the id as messages write it: as it is, and as JSON, Python, a terminal and a URL do; the longest first."""
    found = {name, repr(name)[1:-1], printable(name), quote(name, safe="", errors="replace")}
    found |= {json.dumps(name, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return tuple(sorted(found, key=lambda one: (-len(one), one)))


def decoded(text: str | bytes) -> Any:
    """Return decoded JSON with numbers as texts, digit for digit; None if the text is not JSON."""
    try:
        return json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_Number)
    except (ValueError, RecursionError):
        return None


def _without_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_numbers(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_numbers(one) for one in value]
    return None if isinstance(value, _Number) else value


def _personal_positions(sink: SinkType | None) -> Sequence[int]:
    """Return the positions of the key fields that hold the id of a person."""
    return () if sink is None else [index for index, field in enumerate(sink.key) if field.personal]


def _is_personal(name: str) -> bool:
    words = {word.lower().removesuffix("s") for word in _WORDS.findall(name)}
    return words in ({"id"}, {"key"}) or bool(words & _PERSONAL_WORDS and not words & _IMPERSONAL_WORDS)
