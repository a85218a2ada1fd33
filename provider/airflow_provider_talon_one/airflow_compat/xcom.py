"""Answers as XCom takes them: small, and JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

LARGEST_BYTES = 48_000  # XCom is a database column, not a place for rows


def for_xcom(answer: Any) -> Any:
    """The answer, if it is small; else what it is: ids and names at its top, and how long its lists are."""
    plain = _plain(answer)
    if len(json.dumps(plain)) <= LARGEST_BYTES:
        return plain
    if not isinstance(plain, dict):
        return {"rows": len(plain), "left_out": True}
    small = {name: value for name, value in plain.items() if isinstance(value, int | float | bool)}
    texts = {name: value for name, value in plain.items() if isinstance(value, str) and len(value) < 200}
    rows = {f"{name}_rows": len(value) for name, value in plain.items() if isinstance(value, list)}
    return {**small, **texts, **rows, "left_out": True}


def _plain(value: Any) -> Any:
    """JSON with numbers; one that a float does not hold to the digit is a text."""
    if isinstance(value, Decimal):
        number = float(value)
        return number if Decimal(repr(number)) == value else str(value)
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
