"""Lists of decoded values to Arrow arrays, one function per kind of column. None of them loses a digit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_warehouse.columns import Kind

_DECIMAL = pa.decimal128(38, 18)
_INSTANT = pa.timestamp("us", tz="UTC")


class ArrowKind(NamedTuple):
    """How values of a kind become an array, and what is wrong with a value that cannot."""

    type: pa.DataType
    build: Callable[[Sequence[Any]], pa.Array]
    refusal: str


def _plain(kind: pa.DataType) -> Callable[[Sequence[Any]], pa.Array]:
    return lambda values: pa.array(values, kind)


def _texts(raws: Sequence[Any]) -> pa.Array:
    """JSON texts; null becomes a null."""
    texts = pa.array(list(map(bytes, raws)), pa.binary()).cast(pa.string())
    return pc.if_else(pc.equal(texts, "null"), pa.scalar(None, pa.string()), texts)


def _decimals(raws: Sequence[Any]) -> pa.Array:
    # From the text itself: faster than making Decimals, and a quoted number is refused.
    return _texts(raws).cast(_DECIMAL)


def _instants(values: Sequence[str | None]) -> pa.Array:
    texts = pa.array(values, pa.string())
    try:
        return texts.cast(_INSTANT)
    except pa.ArrowInvalid:
        return _rfc3339(texts)


def _rfc3339(texts: pa.Array) -> pa.Array:
    """What RFC 3339 allows and Arrow's parser does not: small letters, digits below the microsecond, leap seconds.

    A leap second counts as the second after it, as PostgreSQL counts: no calendar of a warehouse has it.
    """
    texts = pc.replace_substring_regex(pc.utf8_upper(texts), r"(\.\d{6})\d+", r"\1")
    added = pc.match_substring_regex(texts, r"T\d\d:\d\d:60").cast(pa.int64()).cast(pa.duration("s"))
    instants = pc.replace_substring_regex(texts, r"(T\d\d:\d\d):60", r"\1:59").cast(_INSTANT)
    return pc.add(instants, added).cast(_INSTANT)


ARROW_KINDS: Mapping[Kind, ArrowKind] = {
    "string": ArrowKind(pa.string(), _plain(pa.string()), "is not a string"),
    "integer": ArrowKind(pa.int64(), _plain(pa.int64()), "is not an integer of 64 bits"),
    "number": ArrowKind(_DECIMAL, _decimals, "is not a number that DECIMAL(38,18) holds exactly"),
    "boolean": ArrowKind(pa.bool_(), _plain(pa.bool_()), "is not true or false"),
    "instant": ArrowKind(_INSTANT, _instants, "is not a point in time with a zone, like 2024-01-31T12:00:00Z"),
    "json": ArrowKind(pa.string(), _texts, "is not JSON"),
}
