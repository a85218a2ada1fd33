"""What is said of values and rows that cannot be taken."""

from __future__ import annotations

from typing import Any

MAX_SHOWN = 60


class Unfit(ValueError):
    """A value that cannot become what it should be; the message shows it and says why."""


class InvalidRow(Exception):
    """A row that cannot be sent.

    Attributes:
        reason: field, column and what is wrong; at most 60 characters of a value.
        field: wire name; of an attribute ``attributes.name``.
        key: of the row, if it can be told.
    """

    def __init__(self, reason: str, *, field: str | None = None, key: str | None = None) -> None:
        self.reason, self.field, self.key = reason, field, key
        super().__init__(reason)


def shown(value: Any) -> str:
    """A value for a message: 60 characters of it at most."""
    try:
        text = value if isinstance(value, str) else str(value)
    except (ValueError, RecursionError):  # thousands of digits, or nested too deeply
        return f"a value of type {type(value).__name__}"
    short = text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
    return repr(short) if isinstance(value, str) else short
