"""Jinja templates over the columns of a row.

A template that consists of one expression returns its value: ``{{ price * 2 }}`` stays a number. Any other template
returns text. Numbers are exact: a literal or a column with a fraction is a decimal, and so is ``7 / 2``. A template can
read only the row.

https://jinja.palletsprojects.com/templates/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import TemplateSyntaxError, meta

from target_talon_one.mapping.conversion_errors import ConversionError
from target_talon_one.mapping.templates.environment import new_environment
from target_talon_one.mapping.templates.failures import failure_reason
from target_talon_one.mapping.templates.limits import TemplateLimitError, add_charges, limited
from target_talon_one.mapping.templates.nulls import NULL, NullError, replace_null_literals
from target_talon_one.mapping.templates.operands import TextOperands, mark_written_texts
from target_talon_one.mapping.templates.values import exact, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping


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
                self._operands = TextOperands(tree)
                replace_null_literals(tree)
                mark_written_texts(tree)
                add_charges(tree)
                self._template = _environment.from_string(tree)
            self._absent = dict.fromkeys(self.variables, NULL) if absent_is_null else {}
        except TemplateSyntaxError as error:
            raise TemplateError(f"line {error.lineno}: {error.message}") from None
        if not self.variables:
            self._check_constant()

    def _check_constant(self) -> None:
        try:
            with limited():
                value_of(self._template.root_render_func(self._template.new_context({})))
        except TemplateLimitError as error:
            raise TemplateError(f"it does too much: {error}") from None
        except Exception:  # noqa: BLE001  # any other error is reported for each row
            return

    def __call__(self, row: Mapping[str, Any]) -> Any:
        """Return the value of the template for a row. Raises ConversionError: the template fails."""
        known = self._absent | {name: exact(row[name]) for name in self.variables if name in row}
        try:
            with limited():
                return value_of(self._template.root_render_func(self._template.new_context(known)))
        except ConversionError:
            raise
        except TemplateLimitError as error:
            raise ConversionError(f"does too much: {error}") from None
        except NullError as error:
            raise ConversionError(str(error)) from None
        except Exception as error:  # noqa: BLE001  # a template can raise anything
            reason = failure_reason(error)
            raise ConversionError(f"fails: {reason}{self._operands.remedy(reason, known)}", kind=None) from None


_environment = new_environment()
