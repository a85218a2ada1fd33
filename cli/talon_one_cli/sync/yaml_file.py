"""YAML as SYNC.yml is written in it: bounded, each key once, and what looks like a date or a time is text.

Values follow YAML 1.2's core schema, in which ``no`` is a text, and ``010`` is kept as it is written: the setting that
wants a boolean or a number makes one of it (see talon_one_singer.settings.conversion). No message shows what a line
holds, because that can be a key.

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
_QUOTED = re.compile(r"'(<[^']*>|\\?.)'|'[^']*'")  # names of tokens and single characters are harmless
_HINTS = {
    "'@'": "put a value that starts with @ in quotes",
    "'`'": "put a value that starts with ` in quotes",
    "'%'": "put a value that starts with % in quotes",
    "'\\t'": "indent with spaces, not with tabs",
    "mapping values are not allowed here": "put a value that holds a colon and a space in quotes",
    "tag": "put a value that starts with ! in quotes",
    "alias": "put a value that starts with * in quotes",
    "anchor": "put a value that starts with & in quotes",
}


def read_yaml(path: str) -> Any:
    """The content of a YAML file.

    Raises:
        ConfigError: no such file, not YAML, a key that is there twice, or more than the bounds allow; in one line.
    """
    try:
        with Path(local_path(path)).open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # a path can hold what no path may
        raise ConfigError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}; check the path") from None
    if len(raw) > MOST_BYTES:
        raise ConfigError(f"{path} is too large: {_TOO_LARGE}")
    try:
        return parse_yaml(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path} is not UTF-8 text, line {line}; save it as UTF-8") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {_words(error)}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def parse_yaml(text: str) -> Any:
    """The value of a YAML text.

    Raises:
        ValueError: a key that is there twice, or more values or depth than the bounds allow.
        yaml.YAMLError: it is no YAML.
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
    """The safe loader with bounds, and with the core schema's texts for values."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as PyYAML declares it

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes = self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """See yaml.composer.Composer; counts."""
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
        """See yaml.constructor.SafeConstructor; a key is text as it is written, whatever it looks like."""
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
    except ValueError:  # of more digits than Python reads
        raise yaml.MarkedYAMLError(None, None, "a number has too many digits", node.start_mark) from None


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(str(loader.construct_scalar(node)))


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)


class _Check:
    """Walks a tree of nodes once; a node that several aliases name is walked once and counted each time."""

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}
        self._open: set[int] = set()

    def expanded(self, node: yaml.Node, path: str = "") -> int:
        """How many values it is with all aliases expanded.

        Raises:
            ValueError: too many; a part that holds itself; or a key that is there twice.
        """
        if id(node) in self._sizes:
            return self._sizes[id(node)]
        if id(node) in self._open:
            raise ValueError(f"line {_line(node)}: an alias names what it stands in")
        self._open.add(id(node))
        size = 1 + sum(self.expanded(child, place) for child, place in self._children(node, path))
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
            place = f"{path}.{name}" if path else name
            if name in lines:
                raise ValueError(f"{place} is there twice (lines {lines[name]} and {_line(key)}); rename or remove one")
            lines[name] = _line(key)
            found += [(key, place), (value, place)]
        return found


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _words(error: yaml.YAMLError) -> str:
    """The error without any text of the file but single characters."""
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
