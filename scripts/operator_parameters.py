"""The parameters of the Airflow operators, from their signatures and docstrings, for the tables of the docs."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROVIDER = Path(__file__).resolve().parent.parent / "provider" / "airflow_provider_talon_one"
_ENTRY = re.compile(r"^(?P<names>\w+(?:, \w+)*): (?P<about>.*)$")


@cache
def operators() -> Mapping[str, ast.ClassDef]:
    """Return the classes of operators and sensors by name."""
    found: dict[str, ast.ClassDef] = {}
    for path in sorted(PROVIDER.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name.endswith(("Operator", "Sensor")):
                found[node.name] = node
    return found


def rows(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, default and description of each parameter of an operator, in the order of its signature."""
    node = operators()[name]
    about = _described(ast.get_docstring(node) or "")
    init = next(one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__")
    for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
        text = "required" if default is None else f"`{ast.unparse(default)}`"
        text = "" if text == "`None`" else text.replace("`TalonOneHook.default_conn_name`", "`'talon_one_default'`")
        yield f"`{argument.arg}`", text, about[argument.arg]


def _described(docstring: str) -> dict[str, str]:
    """Return the descriptions under ``Args:`` by parameter."""
    found: dict[str, str] = {}
    names: list[str] = []
    section = docstring.partition("Args:\n")[2].partition("\n\n")[0]
    for line in section.splitlines():
        entry = _ENTRY.match(line[4:]) if not line.startswith("        ") else None
        if entry:
            names = entry["names"].split(", ")
            found |= dict.fromkeys(names, entry["about"])
        else:
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return {name: _sentence(text.replace("``", "`")) for name, text in found.items()}


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] if text[0] != "`" else text
