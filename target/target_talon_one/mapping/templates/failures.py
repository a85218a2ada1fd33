"""The reasons why a template failed on a row, in words that do not name Python types."""

from __future__ import annotations

import re
from decimal import DecimalException, InvalidOperation, Overflow
from typing import TYPE_CHECKING

from jinja2 import StrictUndefined, TemplateRuntimeError
from jinja2.utils import missing

from target_talon_one.mapping.conversion_errors import shown, type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TYPE_WORDS: Mapping[str, str] = {
    **{each.__name__: type_of(each()) for each in (bool, str, int, float, list, tuple, set, frozenset, dict, bytes)},
    "decimal.Decimal": "a number",
    "Decimal": "a number",
    "NoneType": "a null",
    "Null": "a null",
    "datetime.date": "a date",
    "datetime.datetime": "a date",
    "datetime.time": "a time",
    "UUID": "a UUID",
    "generator": "a list",
    "range": "a list",
}
UNSPECIFIC = "an operator, filter or function in it does not take these values"
_UNKNOWN_TYPE = "a value of another type"
_TYPE = r"['\"]?([\w.]+)['\"]?"

# The texts of TypeError are stable between Python versions, but not promised: what matches none gets a general reason.
_TYPE_ERRORS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"unsupported operand type\(s\) for (\S+).*: {_TYPE} and {_TYPE}"), "{0} cannot combine {1} and {2}"),
    (re.compile(rf"(\S+) not supported between instances of {_TYPE} and {_TYPE}"), "{0} cannot compare {1} and {2}"),
    (re.compile(rf"can only concatenate {_TYPE} \(not {_TYPE}\) to \w+"), "+ cannot combine {0} and {1}"),
    (re.compile(rf"can't multiply sequence by non-int of type {_TYPE}"), "* cannot repeat a text or list by {0}"),
    (re.compile(rf"bad operand type for unary (\S+): {_TYPE}"), "{0} does not work with {1}"),
    (re.compile(rf"bad operand type for abs\(\): {_TYPE}"), "abs does not work with {0}"),
    (re.compile(rf"{_TYPE} object is not iterable"), "{0} cannot be iterated over"),
    (re.compile(rf"cannot unpack non-iterable {_TYPE} object"), "{0} cannot be unpacked"),
    (re.compile(rf"argument of type {_TYPE} is not"), "{0} cannot be searched within"),
    (re.compile(rf"{_TYPE} object is not callable"), "{0} cannot be called"),
    (re.compile(rf"object of type {_TYPE} has no len\(\)"), "{0} has no length"),
)
_DECIMAL_ERRORS: tuple[tuple[type[DecimalException], str], ...] = (
    (InvalidOperation, "a number has no result for this operation"),
    (Overflow, "a number becomes too large"),
)
_PYTHON_NAMES = r"\w\(\)|NoneType|[Dd]ecimal|datetime|object|'(?:str|int|float|bool|list|tuple|dict|set|bytes)'"


class PlainUndefined(StrictUndefined):
    """An undefined value whose error names types in plain words."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint or self._undefined_obj is missing:
            return super()._undefined_message
        part = "field" if isinstance(self._undefined_name, str) else "element"
        return f"{type_of(self._undefined_obj)} has no {part} {self._undefined_name!r}"


def failure_reason(error: Exception) -> str:
    """Return why a template failed, in plain words."""
    return next((reason(error) for kinds, reason in _REASONS if isinstance(error, kinds)), UNSPECIFIC)


def _decimal_reason(error: Exception) -> str:
    return next((words for kind, words in _DECIMAL_ERRORS if isinstance(error, kind)), "a number is out of range")


def _type_reason(error: Exception) -> str:
    for pattern, words in _TYPE_ERRORS:
        if found := pattern.search(str(error)):
            return words.format(*(_in_words(part) for part in found.groups()))
    return UNSPECIFIC


def _text_reason(error: Exception) -> str:
    """Return the error's own text, unless it mentions Python's types or functions."""
    return UNSPECIFIC if re.search(_PYTHON_NAMES, str(error)) else _one_line(error)


def _in_words(part: str) -> str:
    if part.strip("'\"").isidentifier() or "." in part:
        return _TYPE_WORDS.get(part.strip("'\""), _UNKNOWN_TYPE)
    return part.strip("'\",:")


def _one_line(error: Exception) -> str:
    return shown(error).encode("utf-8", "backslashreplace").decode()


_REASONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Exception], str]], ...] = (
    (TemplateRuntimeError, _one_line),
    (ZeroDivisionError, lambda _: "a number is divided by zero"),
    (DecimalException, _decimal_reason),
    (TypeError, _type_reason),
    ((OverflowError, RecursionError), lambda _: "a value in it is too large or nested too deeply"),
    (KeyError, lambda error: f"there is no item {shown(error)}"),
    ((ValueError, LookupError), _text_reason),
)
