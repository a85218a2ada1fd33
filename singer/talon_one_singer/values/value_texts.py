"""The text of ids and names."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from talon_one_singer.values.refused_value import RefusedValue

MAX_DIGITS = 1_000  # maximum length of an id


def id_text(value: Any) -> str:
    """Return the text of an id: text unchanged, and a number in plain digits (17.00 is "17").

    Raises:
        ValueError: the type cannot be an id; the message names the type, not the column.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, RefusedValue):
        raise ValueError(value.reason)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float | Decimal):
        return _plain_digits(Decimal(float.__repr__(value)) if isinstance(value, float) else value)
    raise ValueError(f"it is of type {type(value).__name__}, and an id is text or a number")


def name_text(value: Any) -> str:
    """Return the text of a map's key.

    Raises:
        ValueError: the key is not text, a number, a boolean or a time.
    """
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime | date | time) else id_text(value)


def _plain_digits(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is not an id")
    if len(value.as_tuple().digits) + abs(value.adjusted()) > MAX_DIGITS:  # 1e999999999 would be a gigabyte of zeros
        raise ValueError(f"it is a number of more than {MAX_DIGITS:,} digits, which is not an id")
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
