"""The decoding of JSON with all digits; errors contain no values of the text."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from talon_one_singer.settings.json_files import is_deeper, json_type
from talon_one_singer.values.column_names import repeated_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_singer.protocol.lines import Block
    from talon_one_singer.settings.input_limits import InputLimits

NOT_A_NUMBER: Final = "holds NaN or Infinity, which JSON cannot represent"
TORN: Final = "the input ends in the middle of this line"
NOT_EXACT_JSON: Final = (msgspec.DecodeError, ArithmeticError, RecursionError, UnicodeDecodeError)

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_HALF_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}.{0,5}$", re.DOTALL)  # msgspec reports a missing end
_SPACED_COLONS = (b" :", b"\t:", b"\r:")
_SPACED_NAME = re.compile(rb'"[ \t\r]+:')
_TOO_DEEP = "nested too deeply"
_WORDS = (
    (RecursionError, _TOO_DEEP),
    (UnicodeDecodeError, "not UTF-8 text"),
    (ArithmeticError, "holds a number whose exponent is too large"),
    (msgspec.ValidationError, "holds an integer of more than 4,300 digits"),
)


def decode_json(text: bytes | str) -> Any:
    """Return the value of JSON text; numbers with a fraction or an exponent become Decimals with all their digits.

    Raises:
        ValueError: the text cannot be decoded; the message says why.
    """
    try:
        return _decode(text)
    except NOT_EXACT_JSON as error:
        raise ValueError(_fault(text.encode() if isinstance(text, str) else text, error)) from None


def line_object(line: bytes, block: Block, limits: InputLimits, *, envelope: bool = False) -> dict[str, Any]:
    """Return the JSON object in a line of a block.

    Args:
        line: a line of the block.
        block: the block, which says whether the line is too long or torn.
        limits: maximum length and depth.
        envelope: True for a message around a row: only the names in its parts must be unique.

    Raises:
        ValueError: the line cannot be used; the message says why.
    """
    if block.too_long:
        torn = f", and {TORN}" if block.torn else ""
        raise ValueError(f"longer than {limits.max_line_bytes:,} bytes, the limit of max_line_bytes{torn}")
    try:
        value = decode_json(line)
    except ValueError as error:
        if block.torn and str(error) != _TOO_DEEP:
            raise ValueError(TORN) from None
        raise
    if not isinstance(value, dict):
        raise ValueError(f"{kind_of(value)} instead of a JSON object")
    check_structure(line, value, limits.max_nesting_depth, envelope=envelope)
    return value


def check_structure(text: bytes, value: Any, max_depth: int, *, names_beside: int = 0, envelope: bool = False) -> None:
    """Raise ValueError for what decoders accept silently: a name twice in one object, and values nested too deeply.

    Args:
        text: the JSON text.
        value: the decoded value.
        max_depth: maximum depth of nested objects and lists.
        names_beside: number of names in the text that are not in the value.
        envelope: True if names of the outermost object may repeat; the last one counts.

    Raises:
        ValueError: says what is wrong.
    """
    objects = text.count(b"{")
    if objects + text.count(b"[") > max_depth and is_deeper(value, max_depth):
        raise ValueError(f"nested more than {max_depth} deep, the limit of max_nesting_depth")
    flat = objects == 1 + bool(names_beside)
    if _has_names(text, names_beside + (len(value) if flat else _count_names(value))):
        return
    twice = _repetitions(text)
    found = next((name for name in (twice[:-1] if envelope else twice) if name is not None), None)
    if found is not None:
        raise ValueError(f"has the name {found[:100]!r} twice in one object")


def are_flat_and_unique(text: bytes, rows: Sequence[dict[str, Any]], max_depth: int, *, names_beside: int) -> bool:
    """Return whether messages hold rows without objects in them, without repeated names and not nested too deeply.

    False also if counting cannot decide; then ``check_structure`` must look at each message.

    Args:
        text: the JSON text of all messages, each an object with one row.
        rows: the decoded rows.
        max_depth: maximum depth of nested objects and lists in a row.
        names_beside: number of names in the text that are not in the rows.
    """
    if text.count(b"{") != 2 * len(rows) or text.count(b"[") >= max_depth:
        return False
    # Every name is followed by a colon, so that the sums are equal only if the numbers of each message are.
    return _has_names(text, names_beside + sum(map(len, rows)))


def _has_names(text: bytes, count: int) -> bool:
    """Return whether the JSON has exactly ``count`` names, all unique; False also if counting cannot decide.

    Every name is followed by `":`. A quote and a colon within a text look the same, but have a backslash before them.
    """
    found = text.count(b'":')
    # If each colon stands behind a quote, none stands behind a space; counting takes less time than searching.
    if text.count(b":") != found and any(colon in text for colon in _SPACED_COLONS) and _SPACED_NAME.search(text):
        return False
    return found == count or (b'\\\\"' not in text and found - text.count(b'\\":') == count)


def _repetitions(text: bytes) -> list[str | None]:
    """Return for each object, the outermost last, a name that occurs twice in it, or None."""
    found: list[str | None] = []
    json.loads(
        text,
        object_pairs_hook=lambda pairs: found.append(repeated_name(name for name, _ in pairs)),
        parse_int=str,
        parse_float=str,
    )
    return found


def _count_names(value: Any) -> int:
    is_object = value.__class__ is dict
    count = len(value) if is_object else 0
    for part in value.values() if is_object else value:
        if part.__class__ is dict or part.__class__ is list:
            count += _count_names(part)
    return count


def kind_of(value: Any) -> str:
    """Return the JSON type of a decoded value with its article: "a string", "null"."""
    return "a number" if isinstance(value, Decimal) else json_type(value)


def _fault(text: bytes, error: Exception) -> str:
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    words = str(error).removeprefix("JSON is malformed: ")
    at = re.search(r"\(byte (\d+)\)", words)
    if at and text[int(at[1]) :].startswith((b"NaN", b"Infinity")):
        return NOT_A_NUMBER
    if "surrogate" in words or (not at and _HALF_PAIR.search(text[-16:])):
        return "holds half of a surrogate pair"
    return f"not JSON: {words}" if at else "not JSON: its end is missing"
