"""Values in requests and answers: exact JSON, and instants as text."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

import msgspec

from talon_one_client.errors import InvalidRequestError

# Everything that msgspec and its hook for Decimals raise for bytes that are not JSON of the expected type.
UNDECODABLE = (msgspec.DecodeError, ArithmeticError, RecursionError, UnicodeDecodeError)

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode_json(value: Any) -> bytes:
    """Return JSON bytes; a Decimal is written with exactly its digits.

    Raises:
        ValueError, TypeError, RecursionError: JSON has no such value: NaN, an infinity, half of a surrogate pair,
            an object, a loop.
    """
    _refuse_non_finite(value)
    return _encoder.encode(value)


def _refuse_non_finite(value: Any) -> None:
    """Raise ValueError for NaN and infinities: msgspec writes null for a float and invalid JSON for a Decimal."""
    if isinstance(value, dict):
        for item in value.values():
            _refuse_non_finite(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_non_finite(item)
    elif (isinstance(value, float) and not isfinite(value)) or (isinstance(value, Decimal) and not value.is_finite()):
        raise ValueError(f"JSON has no number {value}")


def decode_json(body: bytes) -> Any:
    """Return Python values; a number with a fraction or exponent becomes a Decimal with exactly its digits.

    Raises:
        msgspec.DecodeError: the bytes are no JSON.
    """
    try:
        return _decoder.decode(body)
    except (ArithmeticError, RecursionError, UnicodeDecodeError) as error:
        raise msgspec.DecodeError(f"JSON that cannot be decoded ({type(error).__name__})") from error


def format_instant(value: datetime | date) -> str:
    """Return RFC 3339 with a zone; a time without zone is refused rather than guessed.

    Raises:
        InvalidRequestError: the datetime has no zone.
    """
    if not isinstance(value, datetime):
        return f"{value.isoformat()}T00:00:00Z"
    if value.tzinfo is None:
        raise InvalidRequestError(f"the time {value.isoformat()} has no zone; add one, for example Z")
    return value.isoformat().replace("+00:00", "Z")
