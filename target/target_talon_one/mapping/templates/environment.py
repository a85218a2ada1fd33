"""The sandbox in which templates run: exact numbers, nulls that stay nulls, and limits."""

from __future__ import annotations

from decimal import Context as Precision
from decimal import Decimal, Inexact, localcontext
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateRuntimeError, Undefined
from jinja2.exceptions import SecurityError
from jinja2.filters import do_tojson
from jinja2.lexer import TOKEN_FLOAT, Lexer, Token
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_eval_context

from target_talon_one.mapping.conversion_errors import type_of
from target_talon_one.mapping.templates import nulls
from target_talon_one.mapping.templates.failures import PlainUndefined
from target_talon_one.mapping.templates.limits import (
    CHARGES,
    bounded_range,
    charged_functions,
    check_call,
    check_operator,
)
from target_talon_one.mapping.templates.nulls import NULL
from target_talon_one.mapping.templates.operands import MARKS
from target_talon_one.mapping.templates.values import WrittenText, exact, joined, to_decimal, to_integer, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jinja2 import nodes
    from jinja2.compiler import Frame
    from jinja2.nodes import EvalContext
    from jinja2.runtime import Context

_WIDE, _USUAL = Precision(prec=100), Precision(prec=28)
_GLOBALS = ("range", "dict", "namespace")
_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "**"})
_NUMBERS = (int, Decimal)


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


class Environment(ImmutableSandboxedEnvironment):
    """Compiles and runs templates."""

    code_generator_class = _Generator
    concat = staticmethod(joined)
    decimal = staticmethod(Decimal)
    null = NULL
    intercepted_binops = _ARITHMETIC

    @property
    def lexer(self) -> Lexer:
        """The lexer, for which a number with a fraction is a decimal."""
        return _Lexer(self)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return the result of an operator without floats: exact up to 100 digits, otherwise rounded to 28."""
        check_operator(operator, left, right)
        if operator == "*" and (_repeats(left, right) or _repeats(right, left)):
            raise TemplateRuntimeError("* cannot repeat a text or list by a number")
        left, right = exact(left), exact(right)
        if operator == "/" and isinstance(left, int):
            left = Decimal(left)
        with localcontext(_WIDE) as wide:
            result = self.binop_table[operator](left, right)
            found_exactly = not wide.flags[Inexact]
        if found_exactly:
            return result
        with localcontext(_USUAL):
            return self.binop_table[operator](left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return a field of an object; a null has none."""
        return self._of_null(attribute) if obj is NULL else nulls.null_or(super().getattr(obj, attribute))

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an element of a list or an object; a null has none, and is the name of none."""
        if obj is NULL or argument is NULL:
            return self._of_null(argument) if obj is NULL else self.undefined(f"{type_of(obj)} has no element null")
        return nulls.null_or(super().getitem(obj, argument))

    def _of_null(self, name: Any) -> Undefined:
        return self.undefined(obj=None, name="null" if name is NULL else name)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Return a value that fails as soon as it is used, for an attribute that a template may not read."""
        words = f"a template may not read {attribute!r} of {type_of(obj)}"
        return self.undefined(words, name=attribute, obj=obj, exc=SecurityError)

    def call(self, context: Context, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function or method after checking the size of its result."""
        scopes = {name: value for name, value in kwargs.items() if name in ("_loop_vars", "_block_vars")}
        named = {name: value for name, value in kwargs.items() if name not in scopes}
        args, named = nulls.null_arguments(function, args, named)
        check_call(function, args, named)
        if not self.is_safe_callable(function):
            raise SecurityError("calls something that a template may not call")
        found = super().call(context, function, *args, **named, **scopes)
        return exact(found) if found is None or getattr(function, "__self__", None) is dict else found


def _repeats(text: Any, times: Any) -> bool:
    """Return whether an operand is a text of the row, which a number would repeat."""
    return isinstance(text, str) and not isinstance(text, WrittenText) and isinstance(times, _NUMBERS)


def new_environment() -> Environment:
    """Return the environment of all templates."""
    environment = Environment(undefined=PlainUndefined, trim_blocks=True, lstrip_blocks=True)
    for name in set(environment.globals) - set(_GLOBALS):
        del environment.globals[name]
    own = {"float": to_decimal, "int": to_integer, "default": nulls.default, "d": nulls.default, "tojson": _tojson}
    tests = {"none": nulls.is_none, "defined": nulls.is_defined, "undefined": nulls.is_undefined}
    environment.globals["range"] = bounded_range
    filters = charged_functions(environment.filters | own, filters=True)
    environment.filters = nulls.with_nulls(filters, filters=True) | CHARGES | MARKS
    environment.tests = nulls.with_nulls(charged_functions(environment.tests | tests, filters=False), filters=False)
    environment.policies["json.dumps_function"] = to_json
    return environment


@pass_eval_context
def _tojson(context: EvalContext, value: Any, indent: int | None = None) -> Any:
    return NULL if value is NULL else do_tojson(context, value, indent)
