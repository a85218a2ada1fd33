"""Texts where a template computes with numbers: the columns of a CSV file are texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import nodes

from target_talon_one.mapping.templates.failures import UNSPECIFIC
from target_talon_one.mapping.templates.values import WrittenText

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NUMERIC_FILTERS = frozenset({"abs", "round", "filesizeformat", "sum"})
_NUMERIC_TESTS = frozenset({"divisibleby", "even", "odd", "gt", "ge", "lt", "le", "greaterthan", "lessthan", ">", "<"})
_ORDERS = frozenset({"gt", "gteq", "lt", "lteq"})
_NOT_NUMBERS = ("a list", "an object", "a date", "a time", "a null", "a boolean")
_WRITTEN = "text of the template"


class TextOperands:
    """The columns that a template uses as numbers.

    Args:
        tree: the parsed template, before anything is added to it.
    """

    def __init__(self, tree: nodes.Template) -> None:
        operands = [one for operand in _operands(tree) for one in _items(operand)]
        self._names = tuple(dict.fromkeys(one.name for one in operands if isinstance(one, nodes.Name)))
        self._has_others = any(not isinstance(one, nodes.Name | nodes.Const) for one in operands)

    def remedy(self, reason: str, row: Mapping[str, Any]) -> str:
        """Return what to do about a failure, to be added to its reason; empty if there is nothing to say.

        Args:
            reason: why the template failed.
            row: values of the columns.
        """
        if "a null" in reason and any(words in reason for words in ("cannot combine", "cannot compare")):
            return "; give a default, for example {{ column or 0 }}"
        if reason != UNSPECIFIC and ("a text" not in reason or any(words in reason for words in _NOT_NUMBERS)):
            return ""
        name = next((name for name in self._names if isinstance(row.get(name), str)), None)
        if name:
            return f"; {name!r} is a text: write {name} | float"
        return "; write | float after a text that is to be a number" if self._has_others else ""


def _operands(tree: nodes.Template) -> Iterator[nodes.Expr]:
    for node in tree.find_all((nodes.BinExpr, nodes.UnaryExpr, nodes.Compare, nodes.Filter, nodes.Test)):
        if isinstance(node, nodes.BinExpr) and not isinstance(node, nodes.And | nodes.Or):
            yield from (node.left, node.right)
        elif isinstance(node, nodes.Neg | nodes.Pos):
            yield node.node
        elif isinstance(node, nodes.Compare) and any(one.op in _ORDERS for one in node.ops):
            yield from (node.expr, *(one.expr for one in node.ops))
        elif isinstance(node, nodes.Filter) and node.name in _NUMERIC_FILTERS and node.node is not None:
            yield node.node
        elif isinstance(node, nodes.Test) and node.name in _NUMERIC_TESTS:
            yield from (node.node, *node.args)


def _items(operand: nodes.Expr) -> list[nodes.Expr]:
    """Return the values of an operand: the operand itself, or the items of a list such as ``[a, b] | sum``."""
    return operand.items if isinstance(operand, nodes.List) else [operand]


def mark_written_texts(tree: nodes.Template) -> None:
    """Mark the texts that a parsed template writes itself and repeats, as in ``'-' * 10``."""
    for node in list(tree.find_all(nodes.Mul)):
        node.left, node.right = _marked(node.left), _marked(node.right)


def _marked(node: nodes.Expr) -> nodes.Expr:
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return nodes.Filter(node, _WRITTEN, [], [], None, None, lineno=node.lineno)
    return node


MARKS = {_WRITTEN: WrittenText}
