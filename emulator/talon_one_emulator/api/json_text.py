"""JSON in and out without losing a digit: numbers arrive as int or Decimal and leave as they came.

An int fits 64 bits; a whole number that does not is a Decimal, so that a schema's ``integer`` refuses it.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import msgspec

Raw = msgspec.Raw

INT64 = range(-(1 << 63), 1 << 63)
# A server that keeps numbers as doubles takes none above 10^308; finer digits than these are refused too, so that
# sums have a bounded number of digits.
MAX_EXPONENT, MIN_EXPONENT = 308, -400

_encoder = msgspec.json.Encoder(decimal_format="number")
# What only the slow parser gets right: a lone minus zero, long integers, half of a surrogate pair.
_SPECIAL = re.compile(rb"-0[\s,\]}]|-0$|\d{19}|\\u[dD][89a-fA-F]")


def decode(text: bytes | str) -> Any:
    """Parse JSON.

    Raises:
        ValueError: not JSON: NaN, invalid UTF-8, half of a surrogate pair; or a number that is too large or too fine,
            or arrays that are nested too deeply.
    """
    try:
        data = text.encode() if isinstance(text, str) else text
        if _SPECIAL.search(data):
            value = json.loads(data, parse_float=_decimal, parse_int=_integer, parse_constant=_refuse)
            _encoder.encode(value)
            return value
        return _decoder.decode(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except ArithmeticError as error:
        raise ValueError("a number is out of range") from error


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
    if text == "-0" or len(text) > 20:
        return _decimal(text)
    value = int(text)
    return value if value in INT64 else Decimal(text)


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if value.adjusted() > MAX_EXPONENT or int(value.as_tuple().exponent) < MIN_EXPONENT:
        raise ValueError(f"the number {text[:40]} is out of range")
    return value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decoder = msgspec.json.Decoder(float_hook=_decimal)
