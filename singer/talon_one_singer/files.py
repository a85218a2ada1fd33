"""Reading the JSON files of the command line, with errors that say where and what to do."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talon_one_singer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable


def read_json_object(path: str, what: str, *, empty: dict[str, Any] | None = None) -> dict[str, Any]:
    """The JSON object in a file, in UTF-8, UTF-16 or UTF-32, with or without byte order mark.

    Args:
        path: path of the file.
        what: what the file is, for messages: "config", "catalog", "state".
        empty: what an empty file stands for; None: an empty file is an error.

    Raises:
        ConfigError: no such file, not readable, not JSON, or not an object.
    """
    content = _read(path, what)
    if empty is not None and not content.strip():
        return empty
    try:
        value = json.loads(content)
    except json.JSONDecodeError as error:
        raise ConfigError(_not_json(path, what, error)) from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"the {what} file {path} is not readable as JSON: {error}; save it as UTF-8") from None
    if not isinstance(value, dict):
        raise ConfigError(f"the {what} file {path} must hold a JSON object, {{...}}, not {json_type(value)}")
    return value


def _read(path: str, what: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"there is no {what} file {path}; check the path") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read the {what} file {path}: {reason}") from None


def _not_json(path: str, what: str, error: json.JSONDecodeError) -> str:
    place = f"the {what} file {path} is not JSON, line {error.lineno} column {error.colno}: {error.msg}"
    if error.msg == "Extra data":
        return f"{place}; it must hold one object (of several lines, keep the last: tail -n 1 {path})"
    return place


def json_type(value: Any) -> str:
    """What JSON calls the type of ``value``, with article: "a string", "null"."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names = {str: "a string", int: "a number", float: "a number", list: "an array", dict: "an object"}
    return names.get(type(value), type(value).__name__)


def nearest(name: str, known: Iterable[str]) -> str:
    """The hint "; did you mean 'x'?", or "" when nothing known is near."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
