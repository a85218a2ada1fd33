"""The extension types of Arrow that are supported; the bytes of any other type cannot be interpreted.

https://arrow.apache.org/docs/format/CanonicalExtensions.html
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pyarrow as pa
import pyarrow.types as kinds

from talon_one_singer.values.exact_json import decode_json
from talon_one_singer.values.refused_value import RefusedValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NAME, _PARAMETERS = b"ARROW:extension:name", b"ARROW:extension:metadata"
BOOL8 = "arrow.bool8"
_MOST_OFFSET_S = 16 * 60 * 60 - 1  # largest offset of DuckDB's time zones


def extension_of(field: pa.Field) -> str | None:
    """Return the name of a field's extension type, of an opaque type as ``VENDOR.type``; None if it has none.

    A type that the installed pyarrow does not know is named in the metadata of the field.
    """
    if isinstance(field.type, pa.BaseExtensionType):
        parameters = field.type.__arrow_ext_serialize__() if hasattr(field.type, "__arrow_ext_serialize__") else b""
        name = str(getattr(field.type, "extension_name", field.type))
    else:
        metadata = field.metadata or {}
        if _NAME not in metadata:
            return None
        name, parameters = metadata[_NAME].decode(), metadata.get(_PARAMETERS, b"")
    return _opaque(field.type, parameters) if name == "arrow.opaque" else name


def _opaque(kind: pa.DataType, parameters: bytes) -> str:
    if hasattr(kind, "vendor_name"):
        return f"{kind.vendor_name}.{kind.type_name}"
    try:
        given = json.loads(parameters)
        return f"{given['vendor_name']}.{given['type_name']}"
    except (ValueError, KeyError, TypeError):
        return "arrow.opaque"


def storage_of(array: pa.Array) -> pa.Array:
    """Return the storage array of an extension array."""
    return array.storage if isinstance(array.type, pa.BaseExtensionType) else array


def number_of(text: str) -> Any:
    """Return the number in a database's text; text that is not a finite number is refused."""
    try:
        found = Decimal(text)
    except ArithmeticError:
        return RefusedValue(f"{text[:60]!r} is not a number")
    return found if found.is_finite() else RefusedValue(f"{found} is not a number that JSON can hold")


def json_of(text: str) -> Any:
    """Return the value of JSON text; text that is not JSON is refused."""
    try:
        return decode_json(text)
    except ValueError as error:
        return RefusedValue(f"it is not JSON ({error})")


def _signed(raw: bytes) -> int:
    return int.from_bytes(raw, "little", signed=True)


def _unsigned(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def _bignum(raw: bytes) -> int:
    """Decode DuckDB's format: three bytes of sign and length, then the digits; negative numbers are inverted."""
    negative = not raw[0] & 0x80
    digits = bytes(byte ^ 0xFF for byte in raw[3:]) if negative else raw[3:]
    return -int.from_bytes(digits, "big") if negative else int.from_bytes(digits, "big")


def _bits(raw: bytes) -> str:
    """Decode DuckDB's format: a byte with the number of padding bits at the front, then the bits."""
    return "".join(f"{byte:08b}" for byte in raw[1:])[raw[0] :]


def _time_tz(raw: bytes) -> Any:
    """Decode DuckDB's format: microseconds, then the offset counted down from the largest offset."""
    packed = int.from_bytes(raw, "little")
    microseconds, offset_s = packed >> 24, _MOST_OFFSET_S - (packed & 0xFFFFFF)
    if microseconds >= 86_400_000_000:
        return RefusedValue("24:00:00 with a time zone is not a time of day")
    zone = timezone(timedelta(seconds=offset_s))
    return (datetime(1, 1, 1, tzinfo=zone) + timedelta(microseconds=microseconds)).timetz()


def _uuid(raw: bytes) -> str:
    return str(UUID(bytes=raw))


def _each(decode: Callable[[Any], Any]) -> Callable[[pa.Array], list[Any]]:
    return lambda array: [None if value is None else decode(value) for value in array.to_pylist()]


def is_text(kind: pa.DataType) -> bool:
    """Return whether a type is text."""
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind))


# The conversion of the storage by the name of the type. Other types of databases are text if their storage is text.
EXTENSIONS: Mapping[str, Callable[[pa.Array], list[Any]]] = {
    BOOL8: lambda array: list(array.cast(pa.bool_()).to_pylist()),
    "arrow.uuid": _each(_uuid),
    "DuckDB.hugeint": _each(_signed),
    "DuckDB.uhugeint": _each(_unsigned),
    "DuckDB.bignum": _each(_bignum),
    "DuckDB.varint": _each(_bignum),
    "DuckDB.bit": _each(_bits),
    "DuckDB.time_tz": _each(_time_tz),
    "PostgreSQL.numeric": _each(number_of),
}
