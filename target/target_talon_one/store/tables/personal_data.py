"""Finds the id of a person in keys, rows and texts, and deletes every trace of a person; only whole values count.

``cust-1`` is not in ``cust-10``, nor is customer 1 in the quantity 1.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from talon_one_singer.reporting.printable import printable
from target_talon_one.store.tables.destinations import sink_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_talon_one.sinks.sink_type import SinkType
    from target_talon_one.store.database import Database

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


def erase_person(database: Database, integration_id: str) -> int:
    """Delete every trace of a person and return the number of deleted rows.

    Args:
        database: of the store.
        integration_id: integration id of the profile, or identifier of the loyalty card.
    """
    person, deleted = Person(integration_id), 0
    with database.transaction():
        for number, identity in database.run("SELECT id, identity FROM destinations"):
            sink = sink_of(identity)
            for kind in ("sent", "changes"):
                deleted += _erase_keys(database, f"{kind}_{number}", person, sink)
            deleted += _erase_rejects(database, number, person, sink)
            _erase_keys(database, "unlogged", person, sink)
        deleted += database.count("DELETE FROM profiles WHERE name = ?", integration_id)
        texts = "concat_ws(chr(10), reason, server)"
        database.run(
            f"UPDATE unlogged SET reason = NULL, server = NULL WHERE {_contains(texts, person)}", *person.spellings
        )
        found = f"SELECT id, error FROM runs WHERE {_contains('error', person)}"
        for run, error in database.run(found, *person.spellings):
            if person.mentioned_in(error):
                database.run("UPDATE runs SET error = NULL WHERE id = ?", run)
    return deleted


def _contains(text: str, person: Person) -> str:
    """Return the condition that an SQL expression contains the id in one of its spellings, which are the parameters."""
    return "(" + " OR ".join(f"contains({text}, ?)" for _ in person.spellings) + ")"


def _erase_keys(database: Database, table: str, person: Person, sink: SinkType | None) -> int:
    if sink is not None and len(sink.key) == 1:
        theirs = person.has_key(person.name, sink)
        return database.count(f"DELETE FROM {table} WHERE key = ?", person.name) if theirs else 0
    part = msgspec.json.encode(person.name)[1:-1].decode()
    found = database.run(f"SELECT DISTINCT key FROM {table} WHERE contains(key, ?)", part)
    keys = [key for (key,) in found if person.has_key(key, sink)]
    return database.count(f"DELETE FROM {table} WHERE list_contains(?, key)", keys) if keys else 0


def _erase_rejects(database: Database, destination: int, person: Person, sink: SinkType | None) -> int:
    """Delete the person's refused rows, and replace the id in messages about the rows of others."""
    row = "concat_ws(chr(10), key, fields, source, reason, server)"
    found = database.run(
        "SELECT rowid, key, fields, source, reason, server FROM rejects WHERE destination = ? AND "
        f"({_contains(row, person)} OR contains({row}, '\\u'))",
        destination,
        *person.spellings,
    )
    theirs = []
    for rowid, key, fields, source, reason, server in found:
        if person.has_key(key, sink) or person.has_row(fields) or person.has_row(source):
            theirs.append(rowid)
        elif person.mentioned_in(f"{reason}\n{server}"):
            texts = [person.without_mentions(reason or ""), person.without_mentions(server or "")]
            database.run("UPDATE rejects SET reason = ?, server = ? WHERE rowid = ?", *texts, rowid)
    return database.count("DELETE FROM rejects WHERE list_contains(?, rowid)", theirs) if theirs else 0
