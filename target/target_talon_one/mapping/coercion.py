"""Conversion of the values of a row to the types of fields and attributes.

Every function takes a value that is not null and raises ``ConversionError`` if the value cannot be converted without a
loss.

===========  =====================================================================================================
string       text; an integer or a decimal as plain digits (17.00 is "17"); a time as RFC 3339, a date as its day;
             never a boolean
integer      17, 17.00, "17"; never 17.5
number       any finite number, or its text
positive     a number above 0
boolean      true and false, 1 and 0, or the texts true, t, yes, y, 1 and false, f, no, n, 0, in upper or lower case
date-time    a time, a date (its midnight) or RFC 3339 text; without zone UTC; sent in UTC
array        a list, or JSON text of one
texts        a set of texts without semicolons as a list, or JSON text of one; other text is split at its semicolons
object       an object, or JSON text of one
product      the product's name, or an object with it
===========  =====================================================================================================

https://docs.talon.one/docs/dev/concepts/attributes
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from talon_one_singer.values.exact_json import decode_json
from target_talon_one.mapping.canonical import float_number, integer, number, plain
from target_talon_one.mapping.conversion_errors import ConversionError, shown
from target_talon_one.mapping.instants import date_instant, instant, instant_of, time_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_talon_one.sinks.sink_type import FieldType

Coerce = Callable[[Any], Any]

PLAIN = "plain"  # the kind of attributes whose type is not known: each value is written according to its own type


@dataclass(frozen=True, slots=True)
class FieldConversion:
    """What the values of a field or an attribute are converted to.

    Attributes:
        kind: type of the field or attribute; PLAIN: that of the value.
        coerce: converts a value that is not null.
        max_length, filled, in_path: of a text, see ``text_coercer``.
    """

    kind: str
    coerce: Coerce
    max_length: int | None = None
    filled: bool = False
    in_path: bool = False


_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,9})?\s*", re.ASCII)
_NUMBERS = (int, float, Decimal)
_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})
_NO_PATH = frozenset({".", ".."})


def text_coercer(max_length: int | None = None, *, filled: bool = False, in_path: bool = False) -> Coerce:
    """Return the function that converts values to text.

    Args:
        max_length: the largest number of characters.
        filled: the text must not be empty.
        in_path: the text is part of a URL, so it cannot be ``.`` or ``..``.
    """
    fewest, most = int(filled), sys.maxsize if max_length is None else max_length
    refused: frozenset[str] = _NO_PATH if in_path else frozenset()

    def coerce(value: Any) -> str:
        text: str = value if type(value) is str else to_text(value)
        length = len(text)
        if length < fewest:
            raise ConversionError("it is an empty text")
        if length > most:
            kind = f"a text is longer than the {most:,} characters that are allowed"
            raise ConversionError(f"{shown(text)} has {length:,} characters, {most:,} are allowed", kind=kind)
        if text in refused:
            raise ConversionError("{} cannot be part of a URL", text)
        return text

    return coerce


def to_text(value: Any) -> str:
    """Return a text, a number, a time or a UUID as text."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, time):
        return time_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        raise ConversionError("{} is not a text", value)
    found = _exact(value)
    return str(found) if isinstance(found, int) else format(found, "f")


def to_integer(value: Any) -> int:
    """Return a number without a fraction, or its text, as an integer."""
    found = to_number(value, "an integer")
    if isinstance(found, int):
        return found
    raise ConversionError("{} is not an integer", value)


def to_number(value: Any, what: str = "a number") -> int | Decimal:
    """Return a number, or its text, as a number; a boolean is refused."""
    if type(value) is int:
        return integer(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return number(Decimal(value.strip()))
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        raise ConversionError(f"{{}} is not {what}", value)
    return _exact(value)


def to_positive(value: Any) -> int | Decimal:
    """Return a number above 0, or its text, as a number."""
    found = to_number(value)
    if found <= 0:
        raise ConversionError("{} is not above 0", value)
    return found


def to_boolean(value: Any) -> bool:
    """Return a boolean, 1 or 0, or a word for one of them, as a boolean."""
    if isinstance(value, bool):
        return value
    if isinstance(value, _NUMBERS) and _exact(value) in (0, 1):
        return value == 1
    word = value.strip().lower() if isinstance(value, str) else None
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ConversionError("{} is not a boolean", value)


def to_instant(value: Any) -> str:
    """Return a time, a date, or RFC 3339 text, as RFC 3339 text in UTC."""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return date_instant(value)
    if not isinstance(value, str):
        raise ConversionError("{} is not a time", value)
    return instant_of(value)


def to_array(value: Any) -> list[Any]:
    """Return a list, or its JSON text, as an array."""
    found: list[Any] = plain(_of_json(value, list | tuple, "an array"))
    return found


def to_texts(value: Any) -> list[str]:
    """Return a list of texts, its JSON text, or a text with semicolons between the items, as a sorted list."""
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return sorted({text for text in value.split(";") if text})
    found = [_filled(item) for item in _of_json(value, list | tuple, "a list of texts")]
    for text in found:
        if ";" in text:
            raise ConversionError("{} has a semicolon, which separates the texts of a CSV file", text)
    return sorted(set(found))


def to_object(value: Any) -> dict[str, Any]:
    """Return a dict, or its JSON text, as an object."""
    found: dict[str, Any] = plain(to_mapping(value))
    return found


def to_mapping(value: Any) -> Mapping[str, Any]:
    """Return a dict, or its JSON text, as a mapping whose values are not converted."""
    found: Mapping[str, Any] = _of_json(value, dict, "an object")
    return found


def to_product(value: Any) -> dict[str, str]:
    """Return a product from its name, or from an object with its name."""
    name = value.get("name") if isinstance(value, dict) else value
    if name is None:
        raise ConversionError("{} has no name of a product", value)
    return {"name": _filled(name)}


def to_location(value: Any) -> Any:
    """Return a location: an object or an array as Talon.One takes it, or its JSON text."""
    return plain(_of_json(value, dict | list | tuple, "a location (an object or an array)"))


def field_conversion(kind: FieldType, max_length: int | None = None, *, filled: bool, in_path: bool) -> FieldConversion:
    """Return the conversion to the type of a field; for ``attributes`` see ``attribute_conversion``."""
    if kind == "string":
        coerce = text_coercer(max_length, filled=filled, in_path=in_path)
        return FieldConversion(kind, coerce, max_length, filled, in_path)
    return FieldConversion(kind, _FIELDS[kind])


def attribute_conversion(kind: str) -> FieldConversion:
    """Return the conversion to an attribute type of Talon.One; values of other types are converted by their own."""
    return FieldConversion(kind, _ATTRIBUTES[kind]) if kind in _ATTRIBUTES else FieldConversion(PLAIN, plain)


def _exact(value: int | float | Decimal) -> int | Decimal:
    if isinstance(value, int):
        return integer(value)
    return number(value) if isinstance(value, Decimal) else float_number(value)


def _of_json(value: Any, kinds: Any, what: str) -> Any:
    found = value
    if isinstance(value, str):
        try:
            found = decode_json(value)
        except ValueError as error:
            raise ConversionError(
                f"{shown(value)} is not {what} ({error})", kind=f"a text is not {what}, nor JSON of one"
            ) from None
    if isinstance(found, kinds):
        return found
    raise ConversionError(f"{{}} is not {what}", value)


def _list_of(coerce: Coerce) -> Coerce:
    def items(value: Any) -> list[Any]:
        found = _of_json(value, list | tuple, "an array")
        if None in found:
            raise ConversionError("{} holds null", value)
        return [coerce(item) for item in found]

    return items


_filled = text_coercer(filled=True)
_FIELDS: Mapping[str, Coerce] = {
    "integer": to_integer,
    "number": to_number,
    "boolean": to_boolean,
    "date-time": to_instant,
    "positive": to_positive,
    "array": to_array,
    "texts": to_texts,
    "object": to_object,
    "product": to_product,
}
_SCALARS: Mapping[str, Coerce] = {
    "string": text_coercer(),
    "number": to_number,
    "boolean": to_boolean,
    "time": to_instant,
    "location": to_location,
}
_ATTRIBUTES: Mapping[str, Coerce] = {
    **_SCALARS,
    **{f"(list {kind})": _list_of(coerce) for kind, coerce in _SCALARS.items()},
}
