"""Why a row cannot be mapped, in words without values of the row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Errors whose texts have names and types. Of other classes, like ValueError, the text may quote what was computed.
_SHOWABLE = (TypeError, KeyError, AttributeError, ZeroDivisionError)
_OF_EXPRESSIONS = {  # the same, of the SDK's evaluator
    "NameNotDefined",
    "FunctionNotDefined",
    "AttributeDoesNotExist",
    "OperatorNotDefined",
    "FeatureNotAvailable",
}


def row_reason(error: Exception, expression: str, row: Mapping[str, Any]) -> str:
    """Return what is wrong, and in which expression.

    Args:
        error: of the Singer SDK, or of what the expression calls.
        expression: of the maps; empty if there is none.
        row: the row, whose values are not shown.
    """
    from singer_sdk.exceptions import MapExpressionError

    cause = error.__cause__ if isinstance(error, MapExpressionError) and error.__cause__ else error
    kind, text = type(cause).__name__, str(cause)
    shown = f"{kind}: {text}" if _is_showable(cause, text, expression, row) else kind
    return shown if not expression or expression in shown else f"{shown} in the expression {expression}"


def _is_showable(error: BaseException, text: str, expression: str, row: Mapping[str, Any]) -> bool:
    if isinstance(error, KeyError) and text not in expression:
        return False  # the key was computed
    without = text.replace(expression, "") if expression else text
    showable = isinstance(error, _SHOWABLE) or type(error).__name__ in _OF_EXPRESSIONS
    return showable and not any(value in without for value in _texts(row))


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of a value, and of what it holds."""
    if isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif value is not None and value is not True and value is not False and value != "":
        yield str(value)
