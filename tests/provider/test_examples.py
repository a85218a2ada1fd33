"""Python examples of the docs and the DAGs have no credentials in arguments."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

import pytest

from airflow_provider_talon_one import example_dags
from airflow_provider_talon_one.airflow_compat.masking import credentials_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = Path(example_dags.__file__).parent
FILES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", *sorted(EXAMPLES.glob("*.py"))]
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples(path: Path) -> list[str]:
    """Return the Python code of a file."""
    text = path.read_text(encoding="utf-8")
    return [text] if path.suffix == ".py" else PYTHON.findall(text)


def arguments(code: str) -> list[object]:
    """Return the literal arguments of all calls, each with its name, and of all dictionaries."""
    found: list[object] = []
    for node in ast.walk(ast.parse(textwrap.dedent(code))):
        if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant):
            found.append({node.arg: node.value.value})
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            found.append(
                {
                    key.value: one.value
                    for key, one in pairs
                    if isinstance(key, ast.Constant) and isinstance(one, ast.Constant)
                }
            )
        elif isinstance(node, ast.Constant):
            found.append(node.value)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_example_has_credentials_in_an_argument(path):
    """Keys and passwords of examples are in connections, or come from templates of connections."""
    found = [one for code in examples(path) for argument in arguments(code) for one in credentials_of(argument)]
    assert [] == [text for text in found if "{{" not in text]


def test_credentials_in_an_example_are_found():
    """A password in a URL and a key in settings are found."""
    code = "f(store='postgresql://u:planted-a@h/d', settings={'api_key': 'planted-b'}, token='planted-c')"
    found = {one for argument in arguments(code) for one in credentials_of(argument)}
    assert {"planted-a", "planted-b", "planted-c"} <= found
