"""Values as templates see them: numbers are exact, and a null is ``NULL``."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from jinja2 import Undefined
from jinja2.filters import do_int

from talon_one_singer.values.refused_value import RefusedValue
from target_talon_one.mapping.canonical import encode, plain
from target_talon_one.mapping.conversion_errors import ConversionError
from target_talon_one.mapping.templates.limits import check_characters, size_of
from target_talon_one.mapping.templates.nulls import NULL, NullError, filter_error, without_nulls

if TYPE_CHECKING:
    from collections.abc import Iterable

_NO_DEFAULT = object()


class WrittenText(str):
    """A text that stands in the template itself."""

    __slots__ = ()


def exact(value: Any) -> Any:
    """Return a value of a row as templates see it. Raises ConversionError: a value of the source was refused."""
    if value is None:
        return NULL
    if isinstance(value, float):
        return Decimal(float.__repr__(value))
    if isinstance(value, list | tuple):
        return [exact(item) for item in value]
    if isinstance(value, dict):
        return {name: exact(item) for name, item in value.items()}
    if isinstance(value, RefusedValue):
        raise ConversionError(value.reason, kind=None)
    return value


def value_of(pieces: Iterable[Any]) -> Any:
    """Return the value of what a template puts out: one piece keeps its type, several are one text."""
    found = list(pieces)
    value = _defined(found[0]) if len(found) == 1 else joined(found)
    size_of(value)
    return str.__str__(value) if isinstance(value, str) else without_nulls(value)


def joined(pieces: Iterable[Any]) -> str:
    """Return pieces as one text. Raises NullError: one of them is null."""
    texts, size = [_defined(piece) for piece in pieces], 0
    for text in texts:
        size += size_of(text)
        check_characters(size)
    return "".join(str(exact(text)) for text in texts)


def _defined(value: Any) -> Any:
    if isinstance(value, Undefined):
        str(value)  # raises an error that names the undefined value, except for an if whose condition is false
        raise ConversionError("returns nothing: it has an if without else")
    return value


def to_decimal(value: Any, default: Any = _NO_DEFAULT) -> Any:
    """Return the number that a value shows. Raises ConversionError or NullError: it is none, and has no default."""
    try:
        return Decimal(str(value))
    except (ArithmeticError, NullError):
        found = _default("float", value, default)
        return found if found is NULL else Decimal(str(found))


def to_integer(value: Any, default: Any = _NO_DEFAULT, base: int = 10) -> Any:
    """Return a value as an integer, without its fraction. Raises ConversionError or NullError like ``to_decimal``."""
    found = do_int(value, default=_NO_DEFAULT, base=base)  # type: ignore[arg-type]  # returned as it is
    return _default("int", value, default) if found is _NO_DEFAULT else found


def _default(name: str, value: Any, default: Any) -> Any:
    if default is not _NO_DEFAULT:
        return default
    example = f"column | {name}(0)"
    if value is NULL:
        raise filter_error(name, example)
    raise ConversionError(f"{{}} is not a number; give a default, for example {{{{{{{{ {example} }}}}}}}}", value)


def to_json(value: Any, **_: Any) -> str:
    """Return a value as canonical JSON."""
    return encode(plain(without_nulls(value))).decode()
