"""JSON in and out without losing a digit: numbers arrive as int or Decimal and leave as they came."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import msgspec

Raw = msgspec.Raw

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")
_LONE_MINUS_ZERO = re.compile(rb"-0[\s,\]}]|-0$")


def decode(text: bytes | str) -> Any:
    """Parse JSON. Raises ValueError on anything else, including NaN and invalid UTF-8."""
    data = text.encode() if isinstance(text, str) else text
    if _LONE_MINUS_ZERO.search(data):
        return json.loads(data, parse_float=Decimal, parse_int=_integer, parse_constant=_refuse)
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


def encode(value: Any) -> bytes:
    """Render ``value`` compactly; ``Raw`` parts are copied as they stand."""
    return _encoder.encode(value)


def encode_text(value: Any) -> str:
    """Like ``encode``, as text."""
    return _encoder.encode(value).decode()


def raw(text: str) -> Raw:
    """JSON text to be copied into an answer as it stands."""
    return Raw(text.encode())


def number(value: Any) -> str:
    """JSON text of a number given as int, Decimal, float or numeric text. Raises ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise ValueError(f"not a number: {value!r}")
    text = str(value)
    parsed = decode(text)
    if not isinstance(parsed, (int, Decimal)):
        raise ValueError(f"not a number: {value!r}")
    return text


def _integer(text: str) -> int | Decimal:
    return Decimal(text) if text == "-0" else int(text)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
