"""The descriptions of a push's parameters, written once and copied into the docstring of each operator."""

from __future__ import annotations

import re
from pathlib import Path

TRANSFERS = Path(__file__).resolve().parent.parent / "provider" / "airflow_provider_talon_one" / "transfers"
SOURCE = TRANSFERS / "warehouse_to_talon_one.py"
# The parameters that mean something else in an operator, by its module.
OWN = {
    "warehouse_to_audience": {"key", "mode", "options"},
    "warehouse_to_catalog": {"key", "mode", "map", "options"},
    "warehouse_to_profiles": {"key", "map", "options"},
    "verify": {"sink", "mode"},
}
_SECTION = re.compile(r"(?<=    Args:\n)(?: {8}.*\n)+")
_ENTRY = re.compile(r"^ {8}(?P<names>\w+(?:, \w+)*): .*\n(?: {12}.*\n)*", re.MULTILINE)


def modules() -> dict[Path, str]:
    """Return the modules of the other operators, with the descriptions of the source put into their docstrings."""
    shared = {entry["names"]: entry[0] for entry in _ENTRY.finditer(_section(SOURCE.read_text(encoding="utf-8")))}
    found: dict[Path, str] = {}
    for name, own in OWN.items():
        path = TRANSFERS / f"{name}.py"
        text = path.read_text(encoding="utf-8")
        described = {names: about for names, about in shared.items() if names not in own}
        new = _ENTRY.sub(lambda entry, of=described: of.get(entry["names"], entry[0]), _section(text))
        found[path] = text.replace(_section(text), new)
    return found


def write(texts: dict[Path, str]) -> None:
    """Write the modules that have changed."""
    for path, text in texts.items():
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")


def _section(text: str) -> str:
    """Return the lines of a module's first ``Args:``."""
    found = _SECTION.search(text)
    assert found is not None
    return found[0]
