"""The null of templates: it is false and equal to ``none``, and never becomes part of a text or a number.

Nulls become ``NULL`` when they enter a template, and become ``None`` again when they leave it.
"""

from __future__ import annotations

import inspect
from functools import wraps
from types import BuiltinMethodType
from typing import TYPE_CHECKING, Any

from jinja2 import Undefined, nodes
from jinja2.visitor import NodeTransformer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TAKE_NULL = frozenset({"default", "d", "tojson", "int", "float"})
_OF_NUMBERS = frozenset({"abs", "round", "filesizeformat"})
_FORMATS = frozenset({"format", "format_map"})
_IN_A_TEXT = "puts a null into a text; give a default, for example {{ column or '' }}"
_EMPTY = "''"


class NullError(Exception):
    """A null would become part of a text; the message says what to do."""


class Null:
    """The class of ``NULL``."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or other is self

    def __hash__(self) -> int:
        return hash(None)

    def __str__(self) -> str:
        raise NullError(_IN_A_TEXT)

    def __repr__(self) -> str:
        raise NullError(_IN_A_TEXT)

    def __format__(self, _: str) -> str:
        raise NullError(_IN_A_TEXT)


NULL = Null()


def null_or(value: Any) -> Any:
    """Return ``NULL`` for None, and any other value as it is."""
    return NULL if value is None else value


def without_nulls(value: Any) -> Any:
    """Return a value of a template with None in place of each ``NULL``, also inside lists and objects."""
    if value is NULL:
        return None
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if isinstance(value, tuple):
        return tuple(without_nulls(item) for item in value)
    if isinstance(value, dict):
        return {without_nulls(name): without_nulls(item) for name, item in value.items()}
    return value


def replace_null_literals(tree: nodes.Template) -> None:
    """Replace each ``none`` of a parsed template by ``NULL``.

    A ``none`` that is an argument stays: it leaves an argument out, as in ``split(none, 1)``. See ``null_arguments``
    and ``with_nulls``.
    """
    arguments: set[int] = set()
    for call in tree.find_all((nodes.Filter, nodes.Test, nodes.Call)):
        if isinstance(call, nodes.Filter | nodes.Test | nodes.Call):
            arguments |= {id(one) for one in (*call.args, *(keyword.value for keyword in call.kwargs))}
    _NullLiterals(arguments).visit(tree)


class _NullLiterals(NodeTransformer):
    def __init__(self, arguments: set[int]) -> None:
        self._arguments = arguments

    def visit_Const(self, node: nodes.Const) -> nodes.Node:  # noqa: N802  # Jinja's name
        if node.value is not None or id(node) in self._arguments:
            return node
        return nodes.EnvironmentAttribute("null", lineno=node.lineno)


def null_arguments(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call with ``NULL`` in place of None, except for methods of Python's own types."""
    if isinstance(function, BuiltinMethodType) and function.__name__ not in _FORMATS:
        return args, kwargs
    return tuple(map(null_or, args)), {name: null_or(one) for name, one in kwargs.items()}


def with_nulls(functions: Mapping[str, Callable[..., Any]], *, filters: bool) -> dict[str, Any]:
    """Return filters or tests for which a null is ``NULL``; most filters refuse it as their value."""
    return {name: _with_nulls(name, function, filters=filters) for name, function in functions.items()}


def _with_nulls(name: str, function: Callable[..., Any], *, filters: bool) -> Callable[..., Any]:
    first = int(hasattr(function, "jinja_pass_arg"))
    optional, refuses = _optional(function), filters and name not in _TAKE_NULL

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = [one if at in optional else null_or(one) for at, one in enumerate(args[first:])]
        named = {key: one if key in optional else null_or(one) for key, one in kwargs.items()}
        if refuses and given and given[0] is NULL:
            raise filter_error(name)
        return null_or(function(*args[:first], *given, **named))

    return call


def filter_error(name: str, example: str | None = None) -> NullError:
    """Return the error of a filter whose value is a null."""
    example = example or f"(column or {0 if name in _OF_NUMBERS else _EMPTY}) | {name}"
    return NullError(f"the filter {name} takes no null; give a default, for example {{{{ {example} }}}}")


def _optional(function: Callable[..., Any]) -> frozenset[int | str]:
    """Return positions and names of the parameters for which None means that they are left out."""
    inner = inspect.unwrap(function)
    try:
        parameters = list(inspect.signature(inner).parameters.values())
    except ValueError:  # a function of C without a signature
        return frozenset()
    parameters = parameters[int(hasattr(inner, "jinja_pass_arg")) :]
    found = [(at, one.name) for at, one in enumerate(parameters) if one.default is None]
    return frozenset(each for pair in found for each in pair)


def default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """Return the default for a value that is undefined or null; with ``boolean``, for any that is false."""
    return default_value if is_undefined(value) or (boolean and not value) else value


def is_undefined(value: Any) -> bool:
    """Return whether a value is undefined or null."""
    return isinstance(value, Undefined) or value is NULL


def is_defined(value: Any) -> bool:
    """Return whether a value is neither undefined nor null."""
    return not is_undefined(value)


def is_none(value: Any) -> bool:
    """Return whether a value is null."""
    return value is NULL
