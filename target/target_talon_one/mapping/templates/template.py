"""Jinja templates over the columns of a row.

A template that consists of one expression returns its value: ``{{ price * 2 }}`` stays a number. Any other template
returns text. Numbers are exact: a literal or a column with a fraction is a decimal, and so is ``7 / 2``. A template can
read only the row.

https://jinja.palletsprojects.com/templates/
"""

from __future__ import annotations

from decimal import Context as Precision
from decimal import Decimal, Inexact, localcontext
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateSyntaxError, Undefined, meta
from jinja2.exceptions import SecurityError
from jinja2.lexer import TOKEN_FLOAT, Lexer, Token
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.sandbox import ImmutableSandboxedEnvironment

from talon_one_singer.values.refused_value import RefusedValue
from target_talon_one.mapping.canonical import encode, plain
from target_talon_one.mapping.conversion_errors import ConversionError, type_of
from target_talon_one.mapping.templates.failures import PlainUndefined, failure_reason
from target_talon_one.mapping.templates.limits import (
    CHARGES,
    TemplateLimitError,
    add_charges,
    bounded_range,
    charged_functions,
    check_call,
    check_characters,
    check_operator,
    limited,
    size_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jinja2 import nodes
    from jinja2.compiler import Frame
    from jinja2.runtime import Context

_WIDE, _USUAL = Precision(prec=100), Precision(prec=28)
_GLOBALS = ("range", "dict", "namespace")
_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "**"})


class TemplateError(ValueError):
    """A template that cannot be compiled; the message says the line."""


class Template:
    """A compiled template.

    Args:
        text: text of the template.
        absent_is_null: a column that a row does not have is null; else it is undefined.

    Attributes:
        variables: the columns it reads, sorted.

    Raises:
        TemplateError: the text is not a template, or the template does too much whatever the row is.
    """

    def __init__(self, text: str, *, absent_is_null: bool = False) -> None:
        try:
            with limited():
                tree = _environment.parse(text.strip())
                self.variables = tuple(sorted(meta.find_undeclared_variables(tree)))
                add_charges(tree)
                self._template = _environment.from_string(tree)
            self._absent = dict.fromkeys(self.variables) if absent_is_null else {}
        except TemplateSyntaxError as error:
            raise TemplateError(f"line {error.lineno}: {error.message}") from None
        if not self.variables:
            self._check_constant()

    def _check_constant(self) -> None:
        try:
            with limited():
                _value(self._template.root_render_func(self._template.new_context({})))
        except TemplateLimitError as error:
            raise TemplateError(f"it does too much: {error}") from None
        except Exception:  # noqa: BLE001  # any other error is reported for each row
            return

    def __call__(self, row: Mapping[str, Any]) -> Any:
        """Return the value of the template for a row. Raises ConversionError: the template fails."""
        known = self._absent | {name: _exact(row[name]) for name in self.variables if name in row}
        try:
            with limited():
                return _value(self._template.root_render_func(self._template.new_context(known)))
        except ConversionError:
            raise
        except TemplateLimitError as error:
            raise ConversionError(f"does too much: {error}") from None
        except Exception as error:  # noqa: BLE001  # a template can raise anything
            raise ConversionError(f"fails: {failure_reason(error)}", kind=None) from None


def _value(pieces: Iterable[Any]) -> Any:
    found = list(pieces)
    value = _defined(found[0]) if len(found) == 1 else _joined(found)
    size_of(value)
    return str.__str__(value) if isinstance(value, str) else value


def _joined(pieces: Iterable[Any]) -> str:
    texts, size = [_defined(piece) for piece in pieces], 0
    if any(text is None for text in texts):
        raise ConversionError("puts a null into a text; give a default, for example {{ column or '' }}")
    for text in texts:
        size += size_of(text)
        check_characters(size)
    return "".join(str(_exact(text)) for text in texts)


def _defined(value: Any) -> Any:
    if isinstance(value, Undefined):
        str(value)  # raises an error that names the undefined value, except for an if whose condition is false
        raise ConversionError("returns nothing: it has an if without else")
    return value


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(float.__repr__(value))
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    if isinstance(value, dict):
        return {name: _exact(item) for name, item in value.items()}
    if isinstance(value, RefusedValue):
        raise ConversionError(value.reason, kind=None)
    return value


class _Lexer(Lexer):
    def wrap(
        self, stream: Iterable[tuple[int, str, str]], name: str | None = None, filename: str | None = None
    ) -> Iterator[Token]:
        for item in stream:
            line, kind, text = item
            if kind == TOKEN_FLOAT:
                yield Token(line, kind, Decimal(text))  # type: ignore[arg-type]  # as Lexer does with numbers
            else:
                yield from super().wrap([item], name, filename)


class _Generator(NativeCodeGenerator):
    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        if isinstance(node.value, Decimal):
            self.write(f"environment.decimal({str(node.value)!r})")
        else:
            super().visit_Const(node, frame)

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        values = list(group)
        return repr(values[0]) if len(values) == 1 else super()._output_const_repr(values)


class _Environment(ImmutableSandboxedEnvironment):
    code_generator_class = _Generator
    concat = staticmethod(_joined)
    decimal = staticmethod(Decimal)
    intercepted_binops = _ARITHMETIC

    @property
    def lexer(self) -> Lexer:
        return _Lexer(self)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return the result of an operator without floats: exact up to 100 digits, otherwise rounded to 28."""
        check_operator(operator, left, right)
        left, right = _exact(left), _exact(right)
        if operator == "/" and isinstance(left, int):
            left = Decimal(left)
        with localcontext(_WIDE) as wide:
            result = self.binop_table[operator](left, right)
            exact = not wide.flags[Inexact]
        if exact:
            return result
        with localcontext(_USUAL):
            return self.binop_table[operator](left, right)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Return a value that fails as soon as it is used, for an attribute that a template may not read."""
        words = f"a template may not read {attribute!r} of {type_of(obj)}"
        return self.undefined(words, name=attribute, obj=obj, exc=SecurityError)

    def call(self, context: Context, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function or method after checking the size of its result."""
        given = {name: value for name, value in kwargs.items() if name not in ("_loop_vars", "_block_vars")}
        check_call(function, args, given)
        if not self.is_safe_callable(function):
            raise SecurityError("calls something that a template may not call")
        return super().call(context, function, *args, **kwargs)


def _new_environment() -> _Environment:
    environment = _Environment(undefined=PlainUndefined, trim_blocks=True, lstrip_blocks=True)
    for name in set(environment.globals) - set(_GLOBALS):
        del environment.globals[name]
    environment.filters["float"] = _to_decimal
    environment.globals["range"] = bounded_range
    environment.filters = charged_functions(environment.filters, filters=True) | CHARGES
    environment.tests = charged_functions(environment.tests, filters=False)
    environment.policies["json.dumps_function"] = _to_json
    return environment


def _to_decimal(value: Any, default: Any = Decimal(0)) -> Decimal:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return Decimal(str(default))


def _to_json(value: Any, **_: Any) -> str:
    return encode(plain(value)).decode()


_environment = _new_environment()
