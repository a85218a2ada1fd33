"""The structure of the source: small folders and files, no import cycles, one vocabulary."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.distribution import LONG, TOGETHER

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "talon_one_schemas": "schemas",
    "talon_one_client": "client",
    "talon_one_singer": "singer",
    "talon_one_storage": "storage",
    "tap_talon_one": "tap",
    "target_talon_one": "target",
    "talon_one_warehouse": "warehouse",
    "talon_one_loading": "loading",
    "talon_one_receiver": "receiver",
    "talon_one_cli": "cli",
    "airflow_provider_talon_one": "provider",
    "talon_one_emulator": "emulator",
}
TOP_FOLDERS = ("benchmarks", "dags", "docs", "provider", "scripts", "tap", "target", "tests")
MOST_MODULES, MOST_LINES = 12, 300
LONG_BY_NATURE = {"client/talon_one_client/endpoints.py"}  # a table: one row per operation

# Words of an earlier vocabulary that nothing but an alias or the changelog may use.
OLD_WORDS = (
    "foresight", "foresee", "foreseen", "foresees", "cheaper_rows", "idchain", "inlet", "homedstore", "homed_store",
    "unfit", "teller", "rowfaults", "arrow_parts", "feedrun", "feed_run", "stranger", "strangers", "told",
)  # fmt: skip
# The same for parts of names in code: as English words these are fine.
OLD_NAMES = (
    "fills", "homes", "lane", "lanes", "places", "looks", "outlets", "visits", "people", "judge", "pacer", "inlet",
    "foresight", "unfit", "strangers",
)  # fmt: skip
OLD_CLASSES = ("Way", "Offer", "Question", "Caller", "Figures", "Delivering", "Feed", "Patience", "Sighting")
ALIAS = "# alias"  # marks a line that keeps an old name for those who use it


def tracked(*suffixes: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if name.endswith(suffixes) and (ROOT / name).is_file()]


def sources() -> list[Path]:
    return [path for path in tracked(".py") if path.relative_to(ROOT).parts[1] in PACKAGES]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports() -> dict[str, set[str]]:
    """Module to the modules it imports, those for types only and those inside of functions too."""
    modules = {module_of(path): path for path in sources()}
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        found: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    found.add(inner if inner in modules else node.module)
        graph[name] = {one for one in found if one in modules and one != name}
    return graph


def cycles() -> list[list[str]]:
    """Strongly connected modules (Tarjan)."""
    graph, index, low, stack, out = imports(), {}, {}, [], []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in graph[name]:
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            members = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(members) > 1:
                out.append(sorted(members))

    for name in graph:
        if name not in index:
            visit(name)
    return out


@pytest.mark.parametrize("name", TOP_FOLDERS)
def test_a_folder_that_people_look_for_is_at_the_top(name):
    """The folder is in the root of the repository and not empty; it may be a link into a package."""
    assert [] != list((ROOT / name).iterdir())


def test_the_example_dags_are_in_one_place():
    """The top-level folder of DAGs is a link that git knows, within the repository, so that no file exists twice."""
    link = ROOT / "dags"
    kept = subprocess.run(["git", "ls-files", "--stage", "dags"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ["120000"] == [line.split()[0] for line in kept.stdout.splitlines()]
    assert not link.readlink().is_absolute()
    assert ROOT / "provider" / "airflow_provider_talon_one" / "example_dags" == link.resolve()


def test_no_modules_import_each_other_in_a_circle():
    """Every module can be read after those that it imports."""
    assert [] == cycles()


def test_no_folder_has_too_many_modules():
    """A folder's list of modules fits into one look."""
    counts: dict[str, int] = {}
    for path in sources():
        if path.name != "__init__.py":
            folder = str(path.parent.relative_to(ROOT))
            counts[folder] = counts.get(folder, 0) + 1
    assert {} == {folder: count for folder, count in counts.items() if count > MOST_MODULES}


def test_no_file_is_too_long():
    """Tables aside, no source file has more than 300 lines."""
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert {} == {name: n for name, n in lengths.items() if n > MOST_LINES and name not in LONG_BY_NATURE}


def names_in(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


def test_old_names_are_gone():
    """No module, class, function or variable is called by a word of the earlier vocabulary."""
    found = []
    for path in sources():
        where = path.relative_to(ROOT)
        found += [str(where) for part in path.stem.split("_") if part in OLD_NAMES]
        for line, name in names_in(path):
            if name in OLD_CLASSES or set(name.strip("_").lower().split("_")) & set(OLD_NAMES):
                found.append(f"{where}:{line}: {name}")
    assert [] == sorted(set(found))


@cache
def _texts() -> list[tuple[Path, str]]:
    kinds = (".py", ".md", ".yml", ".yaml", ".toml", ".cfg", ".sh", "Makefile")
    without = {"CHANGELOG.md", "test_structure.py"}
    return [(path, path.read_text(encoding="utf-8")) for path in tracked(*kinds) if path.name not in without]


@pytest.mark.parametrize("word", OLD_WORDS)
def test_old_words_are_gone(word):
    """No text of the project uses a word of the earlier vocabulary."""
    pattern = re.compile(rf"(?<![A-Za-z]){word}(?![A-Za-z])", re.IGNORECASE)
    found = []
    for path, text in _texts():
        if not pattern.search(text):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line) and not line.rstrip().endswith(ALIAS):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert [] == found


def test_test_files_that_come_first_exist():
    """What `make test` gives to its workers first is a test file or a folder of them, so that none is forgotten."""
    assert [] == [path for path in (*LONG, *TOGETHER) if not (ROOT / path).exists()]
