"""Lists of decoded values to Arrow arrays, one function per kind of column. None of them loses a digit.

Arrays are put together from their buffers: ``pyarrow.array`` would import pandas, which takes 50 MB that no load needs.
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from talon_one_warehouse.arrow.columns import Kind

_DECIMAL = pa.decimal128(38, 18)
_INSTANT = pa.timestamp("us", tz="UTC")


class ArrowKind(NamedTuple):
    """How values of a kind become an array, and what is wrong with a value that cannot."""

    type: pa.DataType
    build: Callable[[Sequence[Any]], pa.Array]
    refusal: str


def int64s(values: Collection[int | None]) -> pa.Array:
    """Integers, None where there is none."""
    numbers = array("q", [value or 0 for value in values])
    return pa.Array.from_buffers(pa.int64(), len(values), [_validity(values), pa.py_buffer(numbers)])


def _bits(digits: str) -> pa.Buffer:
    """A bitmap of ``1`` and ``0``."""
    return pa.py_buffer(int(digits[::-1] or "0", 2).to_bytes(-(-len(digits) // 8), "little"))


def _validity(values: Collection[Any]) -> pa.Buffer | None:
    """Which values there are; None if all."""
    if None not in values:
        return None
    return _bits("".join(["0" if value is None else "1" for value in values]))


def _from_texts(values: Sequence[Any], texts: Sequence[str | bytes], data: bytes) -> pa.Array:
    """A string array of the values: their texts, whose lengths are in bytes, and these in one."""
    offsets = pa.py_buffer(array("i", accumulate(map(len, texts), initial=0)))
    return pa.Array.from_buffers(pa.string(), len(values), [_validity(values), offsets, pa.py_buffer(data)])


def _strings(values: Sequence[str | None]) -> pa.Array:
    texts: Sequence[str] = ["" if value is None else value for value in values]
    joined = "".join(texts)
    try:
        data = joined.encode()
        one_by_one = texts if len(data) == len(joined) else [text.encode() for text in texts]
    except UnicodeEncodeError as error:
        raise pa.ArrowInvalid(str(error)) from None
    return _from_texts(values, one_by_one, data)


def _booleans(values: Sequence[bool | None]) -> pa.Array:
    buffers = [_validity(values), _bits("".join(["1" if value else "0" for value in values]))]
    return pa.Array.from_buffers(pa.bool_(), len(values), buffers)


def _texts(raws: Sequence[Any]) -> pa.Array:
    """JSON texts; null becomes a null."""
    values = [None if raw == b"null" else raw for raw in map(bytes, raws)]
    texts = [value or b"" for value in values]
    found = _from_texts(values, texts, b"".join(texts))
    found.validate(full=True)  # nobody has looked yet whether the bytes are UTF-8
    return found


def _decimals(raws: Sequence[Any]) -> pa.Array:
    # From the text itself: faster than making Decimals, and a quoted number is refused.
    return _texts(raws).cast(_DECIMAL)


def _instants(values: Sequence[str | None]) -> pa.Array:
    texts = _strings(values)
    try:
        return texts.cast(_INSTANT)
    except pa.ArrowInvalid:
        return _rfc3339(texts)


def _rfc3339(texts: pa.Array) -> pa.Array:
    """What RFC 3339 allows and Arrow's parser does not: small letters, zeros below the microsecond, leap seconds.

    A leap second counts as the second after it, as PostgreSQL counts: no calendar of a warehouse has it.
    """
    texts = pc.replace_substring_regex(pc.utf8_upper(texts), r"(\.\d{6})0+(Z|[+-]|$)", r"\1\2")
    added = pc.match_substring_regex(texts, r"T\d\d:\d\d:60").cast(pa.int64()).cast(pa.duration("s"))
    instants = pc.replace_substring_regex(texts, r"(T\d\d:\d\d):60", r"\1:59").cast(_INSTANT)
    return pc.add(instants, added).cast(_INSTANT)


ARROW_KINDS: Mapping[Kind, ArrowKind] = {
    "string": ArrowKind(pa.string(), _strings, "is not a string"),
    "integer": ArrowKind(pa.int64(), int64s, "is not an integer of 64 bits"),
    "number": ArrowKind(_DECIMAL, _decimals, "is not a number that DECIMAL(38,18) holds exactly"),
    "boolean": ArrowKind(pa.bool_(), _booleans, "is not true or false"),
    "instant": ArrowKind(
        _INSTANT, _instants, "is not a point in time with a zone, to the microsecond at most, like 2024-01-31T12:00:00Z"
    ),
    "json": ArrowKind(pa.string(), _texts, "is not JSON"),
}
