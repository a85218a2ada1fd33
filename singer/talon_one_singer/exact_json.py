"""JSON that came from elsewhere, decoded with all digits; what is wrong with it, in words without values."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from talon_one_singer.files import json_type

if TYPE_CHECKING:
    from talon_one_singer.lines import Block

TORN: Final = "the input ends in the middle of this line"
NOT_EXACT_JSON: Final = (msgspec.DecodeError, ArithmeticError, RecursionError, UnicodeDecodeError)

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_HALF_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}.{0,5}$", re.DOTALL)  # near the end msgspec misses the end
_WORDS = (
    (RecursionError, "nested too deeply"),
    (UnicodeDecodeError, "not UTF-8 text"),
    (ArithmeticError, "holds a number with an exponent that no reader takes"),
    (msgspec.ValidationError, "holds an integer of more than 4,300 digits"),
)


def decode_json(text: bytes | str) -> Any:
    """Python values; a number with a fraction or an exponent becomes a Decimal with exactly its digits.

    Raises:
        ValueError: says what is wrong.
    """
    try:
        return _decode(text)
    except NOT_EXACT_JSON as error:
        raise ValueError(_fault(text.encode() if isinstance(text, str) else text, error)) from None


def line_object(line: bytes, block: Block, max_bytes: int) -> dict[str, Any]:
    """The JSON object of a line of the block.

    Raises:
        ValueError: says what is wrong.
    """
    if block.too_long:
        torn = f", and {TORN}" if block.torn else ""
        raise ValueError(f"longer than {max_bytes:,} bytes{torn}")
    try:
        value = decode_json(line)
    except ValueError:
        if block.torn:
            raise ValueError(TORN) from None
        raise
    if not isinstance(value, dict):
        raise ValueError(f"{kind_of(value)}, where a JSON object must be")
    return value


def kind_of(value: Any) -> str:
    """What JSON calls the type of a decoded value, with article: "a string", "null"."""
    return "a number" if isinstance(value, Decimal) else json_type(value)


def _fault(text: bytes, error: Exception) -> str:
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    words = str(error).removeprefix("JSON is malformed: ")
    at = re.search(r"\(byte (\d+)\)", words)
    if at and text[int(at[1]) :].startswith((b"NaN", b"Infinity")):
        return "holds NaN or Infinity, which JSON has not"
    if "surrogate" in words or (not at and _HALF_PAIR.search(text[-16:])):
        return "holds half of a surrogate pair"
    return f"not JSON: {words}" if at else "not JSON: its end is missing"
