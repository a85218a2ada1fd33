"""The conversion of Arrow columns to values, by a table of types; every Arrow source uses it.

A value is exact and has the shortest digits of its number, or it is replaced by a ``RefusedValue``. There are two
forms: Python types, and JSON types, in which times are text and numbers have no unnecessary zeros.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from talon_one_singer.values import arrow_times
from talon_one_singer.values.arrow_extensions import EXTENSIONS, extension_of, is_text, json_of, storage_of
from talon_one_singer.values.arrow_nested import NESTED
from talon_one_singer.values.refused_value import RefusedValue, of_type

if TYPE_CHECKING:
    from collections.abc import Callable

_JSON = frozenset({"json", "jsonb", "variant"})  # names with which database drivers mark JSON text


@dataclass(frozen=True, slots=True)
class Conversion:
    """The conversion of a column.

    Attributes:
        as_json: True for JSON types, False for Python types.
        type_name: name of the column type in messages; None: the name in Arrow.
    """

    as_json: bool = False
    type_name: str | None = None

    def values(self, array: pa.Array, field: pa.Field) -> list[Any]:
        """Return a value for each element of a column or of a part of it.

        Args:
            array: the elements, of the field's type.
            field: the field with its metadata, which may refine the type.
        """
        try:
            return self._values(array, field)
        except (pa.ArrowException, ValueError, OverflowError) as error:
            if len(array) < 2:
                return [
                    RefusedValue(f"it cannot be read as {self._name(field)}: {str(error).splitlines()[0][:200]}")
                ] * len(array)
        half = len(array) // 2
        return [*self.values(array.slice(0, half), field), *self.values(array.slice(half), field)]

    def _values(self, array: pa.Array, field: pa.Field) -> list[Any]:
        extension = extension_of(field)
        if extension is not None:
            return self._extension(extension, storage_of(array), field)
        if is_text(field.type):
            return self._texts(array, field)
        convert = _converter(field.type)
        return self._refused(array, field) if convert is None else convert(array, field, self)

    def _extension(self, name: str, storage: pa.Array, field: pa.Field) -> list[Any]:
        if name == "arrow.json":
            return storage.to_pylist() if self.as_json else _objects(storage)
        if name in EXTENSIONS:
            return EXTENSIONS[name](storage)
        known_text = is_text(storage.type) and not name.startswith("arrow.")
        return storage.to_pylist() if known_text else self._refused(storage, field)

    def _texts(self, array: pa.Array, field: pa.Field) -> list[Any]:
        marked = {value.decode("utf-8", "replace").lower() for value in (field.metadata or {}).values()}
        if not self.as_json and any("json" in value or value in _JSON for value in marked):
            return _objects(array)
        texts: list[Any] = array.to_pylist()
        return texts

    def _refused(self, array: pa.Array, field: pa.Field) -> list[Any]:
        refused = of_type(self._name(field))
        return [refused if valid else None for valid in array.is_valid().to_pylist()]

    def _name(self, field: pa.Field) -> str:
        return self.type_name or extension_of(field) or str(field.type)


def unsupported(field: pa.Field) -> bool:
    """Return whether no value of a field's type can be converted."""
    name, kind = extension_of(field), field.type
    if name is not None:
        return not (name in EXTENSIONS or name == "arrow.json" or is_text(getattr(kind, "storage_type", kind)))
    if is_text(kind):
        return False
    if kinds.is_dictionary(kind) or kinds.is_run_end_encoded(kind):
        return unsupported(field.with_type(kind.value_type))
    if hasattr(kind, "value_field"):
        return unsupported(kind.value_field)
    if kind.num_fields:
        return any(unsupported(kind.field(number)) for number in range(kind.num_fields))
    return _converter(kind) is None


def _plain(array: pa.Array, field: pa.Field, how: Conversion) -> list[Any]:
    del field, how
    values: list[Any] = array.to_pylist()
    return values


def _objects(array: pa.Array) -> list[Any]:
    return [None if value is None else json_of(value) for value in array.to_pylist()]


def _decimals(array: pa.Array, field: pa.Field, how: Conversion) -> list[Any]:
    del field
    values: list[Any] = array.to_pylist()
    return [None if value is None else _short(f"{value:f}") for value in values] if how.as_json else values


def _short(text: str) -> Decimal:
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _floats(array: pa.Array, field: pa.Field, how: Conversion) -> list[Any]:
    """Return doubles unchanged, and narrower floats as the shortest decimal that identifies them."""
    del field
    if kinds.is_float64(array.type) and not how.as_json:
        values: list[Any] = array.to_pylist()
    elif kinds.is_float16(array.type):
        values = [None if value is None else _half(value) for value in array.cast(pa.float32()).to_pylist()]
    else:
        values = [None if text is None else Decimal(text) for text in array.cast(pa.string()).to_pylist()]
    finite = pc.is_finite(array)
    if not pc.all(finite, min_count=0).as_py():
        for at, is_finite in enumerate(finite.to_pylist()):
            if is_finite is False:
                values[at] = RefusedValue(f"{_SPELLED[str(values[at]).lower()]} is not a number that JSON can hold")
    return values


@lru_cache(maxsize=1 << 16)
def _half(value: float) -> Decimal:
    """Return the shortest decimal that identifies a half float, as Arrow does for wider floats."""
    exact = Decimal(value)
    return next((short for by in _DIGITS if (short := by.create_decimal(exact)) and _is_half(short, value)), exact)


def _is_half(short: Decimal, value: float) -> bool:
    try:
        return struct.pack("e", short) == struct.pack("e", value)
    except OverflowError:  # it was rounded up beyond the largest half float
        return False


# At a power of two, rounding a tie to even may return the digits of the half below.
_DIGITS = [Context(prec=digits, rounding=how) for digits in range(1, 6) for how in (ROUND_HALF_EVEN, ROUND_HALF_UP)]
_SPELLED = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity", "infinity": "Infinity", "-infinity": "-Infinity"}
_SPELLED |= {"-nan": "NaN"}


def _temporal(convert: Callable[..., list[Any]]) -> Callable[[pa.Array, pa.Field, Conversion], list[Any]]:
    return lambda array, _, how: convert(array, as_json=how.as_json)


_CONVERTERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array, pa.Field, Any], list[Any]]], ...] = (
    (kinds.is_integer, _plain),
    (kinds.is_boolean, _plain),
    (kinds.is_null, _plain),
    (kinds.is_floating, _floats),
    (kinds.is_decimal, _decimals),
    (kinds.is_timestamp, _temporal(arrow_times.instants)),
    (kinds.is_date, _temporal(arrow_times.dates)),
    (kinds.is_time, _temporal(arrow_times.times)),
    *NESTED,
)


def _converter(kind: pa.DataType) -> Callable[[pa.Array, pa.Field, Any], list[Any]] | None:
    return next((convert for matches, convert in _CONVERTERS if matches(kind)), None)
