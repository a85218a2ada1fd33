"""Limits on the work of a template for one row, so that every render ends in well under a second.

Each iteration of a loop, each call, filter and operator costs one step, or more for large values. An operation whose
result would be too large is refused before it runs.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import wraps
from inspect import unwrap
from itertools import chain
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from jinja2 import nodes, pass_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

MOST_STEPS = 100_000
MOST_CHARACTERS = 5_000_000
MOST_DIGITS = 3_000
MOST_WIDTH = 10_000
_CHARACTERS_A_STEP = 200
_CHARGED = "charged with its size"
_STEP = "charged with a step"

_left: ContextVar[list[int] | None] = ContextVar("steps that are left", default=None)
_WIDTH = re.compile(r"\d{5}|%[^a-zA-Z%]*\*|:[^{}]*\{")
_GROWING = frozenset({"center", "ljust", "rjust", "zfill", "replace", "join", "expandtabs", "indent", "to_bytes"})
_GROWING_FILTERS = frozenset({"batch", "slice", "wordwrap", "tojson", "round"}) | _GROWING
_FORMATS = frozenset({"format", "format_map"})


class TemplateLimitError(Exception):
    """A template would do too much; the message says what."""


@contextmanager
def limited() -> Iterator[None]:
    """Count the steps of one render."""
    token = _left.set([MOST_STEPS])
    try:
        yield
    finally:
        _left.reset(token)


def charge(steps: int = 1) -> None:
    """Count steps. Raises TemplateLimitError: the render has used too many."""
    left = _left.get()
    if left is not None:
        left[0] -= steps
        if left[0] < 0:
            raise TemplateLimitError(f"it takes more than {MOST_STEPS:,} steps for a row")


def size_of(value: Any) -> int:
    """Return the number of characters of a text, of digits of a number, or of both in all items, and charge for it.

    Raises:
        TemplateLimitError: the value is too large.
    """
    size = visited = 0
    waiting = [value]
    while waiting:
        one = waiting.pop()
        visited += 1
        if isinstance(one, str | bytes | range):
            size += len(one)
        elif isinstance(one, int):
            size += _digits(one)
        elif isinstance(one, Decimal):
            size += _digits_of_decimal(one)
        elif isinstance(one, dict):
            waiting.extend(chain(one, one.values()))
        elif isinstance(one, list | tuple | set | frozenset):
            waiting.extend(one)
        check_characters(size)
        if visited + len(waiting) > MOST_STEPS:
            raise TemplateLimitError(f"a value in it has more than {MOST_STEPS:,} items")
    charge(visited + size // _CHARACTERS_A_STEP)
    return size


def bounded_range(*bounds: int) -> range:
    """Return a range. Raises TemplateLimitError: it has more steps than a render may take."""
    found = range(*bounds)
    if found and (found[-1] - found[0]) // found.step >= MOST_STEPS:
        raise TemplateLimitError(f"a range in it has more than {MOST_STEPS:,} numbers")
    return found


def check_operator(operator: str, left: Any, right: Any) -> None:
    """Check the operands of an operator before it runs. Raises TemplateLimitError: its result would be too large."""
    sizes = size_of(left), size_of(right)
    numbers = isinstance(left, int), isinstance(right, int)
    if operator == "*" and all(numbers):
        _check_digits(sum(sizes))
    elif operator == "*" and any(numbers):
        if not isinstance(left, Decimal) and not isinstance(right, Decimal):
            times, (sequence, size) = (right, (left, sizes[0])) if numbers[1] else (left, (right, sizes[1]))
            check_characters(max(0, times) * max(size, len(sequence) if hasattr(sequence, "__len__") else 1))
    elif operator == "**" and all(numbers) and abs(left) > 1:
        _check_digits(_digits(left) * max(0, right))
    elif operator == "%" and isinstance(left, str):
        _check_format(left)
    elif operator == "+":
        check_characters(sum(sizes))


def check_call(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Check the arguments of a method before it is called. Raises TemplateLimitError: its result would be too large."""
    of, name = getattr(unwrap(function), "__self__", None), getattr(function, "__name__", "")
    given = [*args, *kwargs.values()]
    size = size_of(of) if isinstance(of, str | bytes | int | Decimal | list | tuple | dict) else 0
    for one in given:
        size_of(one)
    if name in _FORMATS:
        _check_format(of)
    if name in _GROWING:
        _check_growth(size, given)


def charged_functions(functions: Mapping[str, Any], *, filters: bool) -> dict[str, Any]:
    """Return filters or tests that are charged by the size of their values."""
    return {name: _charged(name, function, growing=filters) for name, function in functions.items()}


def _charged(name: str, function: Callable[..., Any], *, growing: bool) -> Callable[..., Any]:
    first = int(hasattr(function, "jinja_pass_arg"))

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = [*args[first:], *kwargs.values()]
        sizes = [size_of(one) for one in given]
        if growing and name in _GROWING_FILTERS:
            _check_growth(sizes[0], given[1:])
        if growing and name == "format":
            _check_format(given[0])
        if growing and name == "sum" and any(isinstance(one, list | tuple) for one in given[1:]):
            check_characters(sizes[0] ** 2)
        found = function(*args, **kwargs)
        return counted(found) if isinstance(found, GeneratorType) else found

    return call


def counted(items: Iterable[Any]) -> Iterator[Any]:
    """Yield items, and charge one step for each."""
    for item in items:
        charge()
        yield item


def add_charges(tree: nodes.Template) -> None:
    """Add charges to the loops, macros, comparisons, slices and joined texts of a parsed template."""
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = _filtered(loop.iter, _CHARGED)
        loop.body.insert(0, _step(loop))
    for macro in list(tree.find_all(nodes.Macro)):
        macro.body.insert(0, _step(macro))
    for block in list(tree.find_all(nodes.CallBlock)):
        block.body.insert(0, _step(block))
    for operand in list(tree.find_all(nodes.Operand)):
        operand.expr = _filtered(operand.expr, _CHARGED)
    for compare in list(tree.find_all(nodes.Compare)):
        compare.expr = _filtered(compare.expr, _CHARGED)
    for concat in list(tree.find_all(nodes.Concat)):
        concat.nodes = [_filtered(one, _CHARGED) for one in concat.nodes]
    for item in list(tree.find_all(nodes.Getitem)):
        if isinstance(item.arg, nodes.Slice):
            item.node = _filtered(item.node, _CHARGED)


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _step(node: nodes.Node) -> nodes.ExprStmt:
    value = nodes.Const(None, lineno=node.lineno)
    return nodes.ExprStmt(_filtered(value, _STEP), lineno=node.lineno)


@pass_context
def _with_its_size(_: Any, value: Any) -> Any:
    size_of(value)
    return counted(value) if isinstance(value, GeneratorType) else value


@pass_context
def _with_a_step(_: Any, value: Any) -> Any:
    charge()
    return value


CHARGES = {_CHARGED: _with_its_size, _STEP: _with_a_step}


def _check_growth(size: int, given: Sequence[Any]) -> None:
    """Check the size of a value that is padded, or in which text is replaced, by the given arguments."""
    for one in given:
        if isinstance(one, int | Decimal):
            if not -MOST_WIDTH <= one <= MOST_WIDTH:
                raise TemplateLimitError(f"a width or count in it is larger than {MOST_WIDTH:,}")
            check_characters((size + 1) * abs(int(one)))
        else:
            check_characters((size + 1) * size_of(one))


def _check_format(text: Any) -> None:
    if _WIDTH.search(str(text)):
        raise TemplateLimitError("a format in it takes its width from a value, or has a width of more than 4 digits")


def check_characters(size: int) -> None:
    """Raise TemplateLimitError if a text is too large."""
    if size > MOST_CHARACTERS:
        raise TemplateLimitError(f"a value in it has more than {MOST_CHARACTERS:,} characters")


def _digits(number: int) -> int:
    return int(number.bit_length() * 0.30103) + 1


def _digits_of_decimal(number: Decimal) -> int:
    digits = abs(number.adjusted()) + 1 if number.is_finite() else 1
    _check_digits(digits)
    return digits


def _check_digits(digits: int) -> None:
    if digits > MOST_DIGITS:
        raise TemplateLimitError(f"a number in it has more than {MOST_DIGITS:,} digits")
