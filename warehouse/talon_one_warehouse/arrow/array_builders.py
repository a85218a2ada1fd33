"""Builders of Arrow arrays from decoded values, one per kind of column. None of them loses a digit.

Arrays are assembled from their buffers: ``pyarrow.array`` would import pandas, which takes 50 MB that no load needs.
"""

from __future__ import annotations

from array import array
from decimal import Context, Decimal, Inexact, InvalidOperation
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from talon_one_warehouse.arrow.columns import Kind, TableSpec

_DECIMAL = pa.decimal128(38, 18)
_INSTANT = pa.timestamp("us", tz="UTC")
_SHORT = 20  # a number of so many characters has at most 20 digits before the point and 18 after it
_DIGITS_BEFORE_POINT = 20
_LAST_DIGIT = Decimal("1e-18")
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])
_SHOWN = 40


class ArrowKind(NamedTuple):
    """The Arrow type of a kind of column, and the builder of its arrays; the builder raises ArrowInvalid."""

    type: pa.DataType
    build: Callable[[Sequence[Any]], pa.Array]


def int64s(values: Collection[int | None]) -> pa.Array:
    """Return an array of integers and nulls."""
    numbers = array("q", [value or 0 for value in values])
    return pa.Array.from_buffers(pa.int64(), len(values), [_validity(values), pa.py_buffer(numbers)])


def _bits(digits: str) -> pa.Buffer:
    """Return the bitmap of a text of ``1`` and ``0``."""
    return pa.py_buffer(int(digits[::-1] or "0", 2).to_bytes(-(-len(digits) // 8), "little"))


def _validity(values: Collection[Any]) -> pa.Buffer | None:
    """Return the bitmap of the values that are not null; None if none is null."""
    if None not in values:
        return None
    return _bits("".join(["0" if value is None else "1" for value in values]))


def _from_texts(values: Sequence[Any], texts: Sequence[str | bytes], data: bytes) -> pa.Array:
    """Return a string array.

    Args:
        values: decide which items are null.
        texts: the texts, with lengths in bytes.
        data: all texts in one.
    """
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


def _json_texts(raws: Sequence[Any]) -> pa.Array:
    """Return an array of JSON texts, in which ``null`` is a null."""
    values = _values(raws)
    texts = [value or b"" for value in values]
    built = _from_texts(values, texts, b"".join(texts))
    built.validate(full=True)  # the bytes may not be UTF-8
    return built


def _values(raws: Sequence[Any]) -> list[bytes | None]:
    return [None if raw == b"null" else raw for raw in map(bytes, raws)]


def _decimals(raws: Sequence[Any]) -> pa.Array:
    values = _values(raws)
    texts = [value or b"" for value in values]
    data = b"".join(texts)
    if max(map(len, texts), default=0) > _SHORT or b"e" in data or b"E" in data:
        return _strings([None if value is None else _shortened(value.decode()) for value in values]).cast(_DECIMAL)
    # Cast from the text itself: faster than making Decimals, and a quoted number is refused.
    return _from_texts(values, texts, data).cast(_DECIMAL)


def _shortened(text: str) -> str:
    """Return a number without an exponent and without needless zeros.

    Arrow 26 does not notice every number that is too large or too small: it reads 1e30 as 18960114910927365649.47.

    Raises:
        ArrowInvalid: the text is not a number, or DECIMAL(38,18) does not hold it exactly.
    """
    try:
        number = Decimal(text)
        if number.adjusted() < _DIGITS_BEFORE_POINT or not number:
            return f"{number.quantize(_LAST_DIGIT, context=_EXACT):f}"
    except ArithmeticError as error:
        raise pa.ArrowInvalid(f"{text[:_SHOWN]} is not a number that fits: {error!r}") from None
    raise pa.ArrowInvalid(f"{text[:_SHOWN]} is too large")


def _instants(values: Sequence[str | None]) -> pa.Array:
    return instants(_strings(values))


def instants(texts: pa.Array) -> pa.Array:
    """Return an array of instants from texts.

    Raises:
        ArrowInvalid: a text is not a point in time with a zone, to the microsecond at most.
    """
    try:
        return texts.cast(_INSTANT)
    except pa.ArrowInvalid:
        return _rfc3339(texts)


def _rfc3339(texts: pa.Array) -> pa.Array:
    """Parse what RFC 3339 allows and Arrow's parser does not: small letters, zeros below the microsecond, leap seconds.

    A leap second counts as the second after it, as in PostgreSQL: no warehouse's calendar has it.
    """
    texts = pc.replace_substring_regex(pc.utf8_upper(texts), r"(\.\d{6})0+(Z|[+-]|$)", r"\1\2")
    added = pc.match_substring_regex(texts, r"T\d\d:\d\d:60").cast(pa.int64()).cast(pa.duration("s"))
    instants = pc.replace_substring_regex(texts, r"(T\d\d:\d\d):60", r"\1:59").cast(_INSTANT)
    return pc.add(instants, added).cast(_INSTANT)


ARROW_KINDS: Mapping[Kind, ArrowKind] = {
    "string": ArrowKind(pa.string(), _strings),
    "integer": ArrowKind(pa.int64(), int64s),
    "number": ArrowKind(_DECIMAL, _decimals),
    "boolean": ArrowKind(pa.bool_(), _booleans),
    "instant": ArrowKind(_INSTANT, _instants),
    "json": ArrowKind(pa.string(), _json_texts),
}


def arrow_schema(table: TableSpec) -> pa.Schema:
    """Return the columns of a table in Arrow."""
    return pa.schema([(column.name, ARROW_KINDS[column.kind].type) for column in table.columns])
