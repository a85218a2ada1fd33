"""JSON without loss of digits: numbers are decoded as int or Decimal and encoded with all their digits.

An int fits 64 bits. A larger whole number is decoded as Decimal, so that the type ``integer`` of a schema refuses it.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import msgspec

Raw = msgspec.Raw

INT64 = range(-(1 << 63), 1 << 63)
# A server that keeps numbers as doubles accepts none above 10^308. Numbers with more fractional digits than this are
# refused too, so that the number of digits of a sum is bounded.
MAX_EXPONENT, MIN_EXPONENT = 308, -400

_encoder = msgspec.json.Encoder(decimal_format="number")
# Only the slow parser handles these: minus zero, long integers, half of a surrogate pair.
_SPECIAL = re.compile(rb"-0[\s,\]}]|-0$|\d{19}|\\u[dD][89a-fA-F]")


def decode(text: bytes | str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: the text is not JSON (NaN, invalid UTF-8, half of a surrogate pair), a number is out of range, or
            arrays are nested too deeply.
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
    """Return compact JSON. Values of type ``Raw`` are copied unchanged."""
    return _encoder.encode(value)


def encode_text(value: Any) -> str:
    """Return compact JSON as text."""
    return _encoder.encode(value).decode()


def raw(text: str) -> Raw:
    """Return JSON text that ``encode`` copies unchanged."""
    return Raw(text.encode())


def number(value: Any) -> str:
    """Return the JSON text of an int, Decimal, float or numeric text. Raise ValueError for anything else."""
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
