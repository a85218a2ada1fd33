"""Read the YAML of a SYNC.yml: limited in size, every key once, and dates and times as text.

Values follow the core schema of YAML 1.2, in which ``no`` is a text. ``010`` stays a text too: a setting that needs a
boolean or a number converts it (see talon_one_singer.settings.conversion). No message quotes a line, because a line can
hold a key.

https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from talon_one_singer import ConfigError
from talon_one_singer.settings.local_paths import local_path

MOST_BYTES = 2_000_000
MOST_NODES = 50_000
DEEPEST = 50
_TOO_LARGE = f"{MOST_NODES:,} values or {MOST_BYTES:,} bytes are the most that a file may hold"
_QUOTED = re.compile(r"'(<[^']*>|\\?.)'|'[^']*'")  # names of tokens and single characters cannot be secrets
_HINTS = {
    "'@'": "put a value that starts with @ in quotes",
    "'`'": "put a value that starts with ` in quotes",
    "'%'": "put a value that starts with % in quotes",
    "'\\t'": "indent with spaces, not with tabs",
    "but got '{'": "put a variable like ${NAME} in quotes where braces surround it",
    "mapping values are not allowed here": "put a value that holds a colon and a space in quotes",
    "tag": "put a value that starts with ! in quotes",
    "alias": "put a value that starts with * in quotes",
    "anchor": "put a value that starts with & in quotes",
}


def read_yaml(path: str) -> Any:
    """Return the content of a YAML file.

    Raises:
        ConfigError: the file does not exist, is not YAML, repeats a key or is too large; one line.
    """
    try:
        with Path(local_path(path)).open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: the path holds a null character
        raise ConfigError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}; check the path") from None
    if len(raw) > MOST_BYTES:
        raise ConfigError(f"{path} is too large: {_TOO_LARGE}")
    try:
        return parse_yaml(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path} is not UTF-8 text, line {line}; save it as UTF-8") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {_message(error)}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def parse_yaml(text: str) -> Any:
    """Return the value of a YAML text.

    Raises:
        ValueError: a key is repeated, or there are too many values or levels.
        yaml.YAMLError: the text is not YAML.
    """
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        _Check().expanded(root)
        return loader.construct_document(root)
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with limits, and with the value types of the core schema."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - declared like this in PyYAML

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes = self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """See yaml.composer.Composer; counts nodes and levels."""
        self._nodes += 1
        self._depth += 1
        if self._nodes > MOST_NODES:
            raise ValueError(f"it is too large: {_TOO_LARGE}")
        if self._depth > DEEPEST:
            raise ValueError(f"it is nested too deeply: {DEEPEST} levels are the most")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """See yaml.constructor.SafeConstructor; a key is always the text in the file."""
        super().flatten_mapping(node)
        node.value = [(_as_text(key), value) for key, value in node.value]


def _as_text(key: yaml.Node) -> yaml.Node:
    if not isinstance(key, yaml.ScalarNode):
        return key
    return yaml.ScalarNode("tag:yaml.org,2002:str", key.value, key.start_mark, key.end_mark)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"null|Null|NULL|~|", ("n", "N", "~", "")),
    ("int", r"[-+]?(0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first))


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    try:
        return int(text, base)
    except ValueError:  # more digits than Python converts
        raise yaml.MarkedYAMLError(None, None, "a number has too many digits", node.start_mark) from None


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(str(loader.construct_scalar(node)))


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)


class _Check:
    """Counts the values of a document; a node with several aliases is walked once and counted each time."""

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}
        self._open: set[int] = set()

    def expanded(self, node: yaml.Node, path: str = "") -> int:
        """Return the number of values with all aliases expanded.

        Raises:
            ValueError: there are too many values, a node contains itself, or a key is repeated.
        """
        if id(node) in self._sizes:
            return self._sizes[id(node)]
        if id(node) in self._open:
            raise ValueError(f"line {_line(node)}: an alias refers to a value that contains it")
        self._open.add(id(node))
        size = 1 + sum(self.expanded(child, inner) for child, inner in self._children(node, path))
        if size > MOST_NODES:
            raise ValueError(f"it is too large once all aliases are expanded: {_TOO_LARGE}")
        self._open.remove(id(node))
        self._sizes[id(node)] = size
        return size

    def _children(self, node: yaml.Node, path: str) -> list[tuple[yaml.Node, str]]:
        if isinstance(node, yaml.SequenceNode):
            return [(child, f"{path}[{at}]") for at, child in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            return []
        found: list[tuple[yaml.Node, str]] = []
        lines: dict[str, int] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else f"?{len(lines)}"
            inner = f"{path}.{name}" if path else name
            if name in lines:
                raise ValueError(f"{inner} is given twice (lines {lines[name]} and {_line(key)}); rename or remove one")
            lines[name] = _line(key)
            found += [(key, inner), (value, inner)]
        return found


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _message(error: yaml.YAMLError) -> str:
    """Return the message of an error without text of the file, except single characters."""
    if isinstance(error, yaml.reader.ReaderError):
        character = error.character if isinstance(error.character, int) else ord(error.character)
        return f"at character {error.position + 1}: U+{character:04X} is not allowed"
    if not isinstance(error, yaml.MarkedYAMLError):
        return type(error).__name__
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1} column {mark.column + 1}: " if mark else ""
    whole = f"{error.context or ''}, {error.problem or ''}"
    said = _QUOTED.sub(lambda found: found[0] if found[1] else "...", whole).strip(", ")
    hint = next((words for part, words in _HINTS.items() if part in said), "")
    return f"{where}{' '.join(said.split())}{'; ' * bool(hint)}{hint}"
