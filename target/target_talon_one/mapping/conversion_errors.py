"""Errors of values and rows that cannot be converted, and how messages show a value."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

MAX_SHOWN = 60

_to_json = msgspec.json.Encoder(decimal_format="number").encode


class ConversionError(ValueError):
    """A value cannot be converted; the message shows it and says why.

    Args:
        message: the message, with a ``{}`` for each of the values.
        values: the values to show.
        kind: the message without any value, if it contains values other than these; None if that is unknown.

    Attributes:
        kind: equal for all values that are refused for the same reason; None: only the message says the reason.
    """

    def __init__(self, message: str, *values: Any, kind: str | None = "") -> None:
        super().__init__(message.format(*map(named, values)) if values else message)
        self.kind = (message.format(*map(type_of, values)) if values else message) if kind == "" else kind


class InvalidRow(Exception):
    """A row that cannot be sent.

    Attributes:
        reason: field, column and what is wrong; at most 60 characters of a value.
        field: name of the field; of an attribute ``attributes.name``.
        key: key of the row, if it is known.
        kind: the reason without values; None: it is unknown.
    """

    def __init__(
        self, reason: str, *, field: str | None = None, key: str | None = None, kind: str | None = None
    ) -> None:
        self.reason, self.field, self.key, self.kind = reason, field, key, kind
        super().__init__(reason)


def shown(value: Any) -> str:
    """Return a value for a message: at most 60 characters of it, lists and objects as JSON."""
    text = _text(value)
    if text is None:
        return type_of(value)
    short = text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
    return repr(short) if isinstance(value, str) else short


def named(value: Any) -> str:
    """Return a value for a message, with its type where the value does not show it."""
    text = shown(value)
    if isinstance(value, bool):
        return f"the boolean {text}"
    if isinstance(value, str | int | float | Decimal) or value is None or text == type_of(value):
        return text
    return f"{text} ({type_of(value).partition(' ')[2]})"


def type_of(value: Any) -> str:
    """Return the type of a value in words, with an article."""
    if isinstance(value, float | Decimal) and not Decimal(value).is_finite():
        return "a number that is not finite"
    return next((words for kinds, words in _TYPES if isinstance(value, kinds)), "a value of an unknown type")


_TYPES: tuple[tuple[Any, str], ...] = (
    (bool, "a boolean"),
    (str, "a text"),
    ((int, float, Decimal), "a number"),
    ((list, tuple, set, frozenset), "a list"),
    (dict, "an object"),
    ((bytes, bytearray, memoryview), "a binary value"),
    (date, "a date"),
    (time, "a time"),
    (UUID, "a UUID"),
    (type(None), "a null"),
)


def _text(value: Any) -> str | None:
    """Return the text of a value; None if only Python's own representation exists."""
    try:
        if isinstance(value, bool | list | tuple | set | frozenset | dict) or value is None:
            return _to_json(value).decode()
        known = isinstance(value, str | int | float | Decimal | date | time | UUID | Exception)
        return str(value) if known else None
    except (ValueError, TypeError, RecursionError, msgspec.MsgspecError):  # thousands of digits, nested too deeply
        return None
