"""Responses as XCom can store them: small, and JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

MAX_BYTES = 48_000  # XCom is a database column, not a place for rows


def xcom_value(response: Any) -> Any:
    """Return a small response as it is; of a large one its top-level ids, names and numbers, and the list lengths."""
    plain = _plain(response)
    if len(json.dumps(plain)) <= MAX_BYTES:
        return plain
    if not isinstance(plain, dict):
        return {"rows": len(plain), "left_out": True}
    numbers = {name: value for name, value in plain.items() if isinstance(value, int | float | bool)}
    texts = {name: value for name, value in plain.items() if isinstance(value, str) and len(value) < 200}
    rows = {f"{name}_rows": len(value) for name, value in plain.items() if isinstance(value, list)}
    return {**numbers, **texts, **rows, "left_out": True}


def _plain(value: Any) -> Any:
    """Replace Decimals by numbers, or by text where a float would lose digits."""
    if isinstance(value, Decimal):
        number = float(value)
        return number if Decimal(repr(number)) == value else str(value)
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
