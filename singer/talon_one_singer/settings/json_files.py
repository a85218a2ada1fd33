"""Reading the JSON files of the command line, with errors that say where and what to do."""

from __future__ import annotations

import difflib
import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.local_paths import local_path

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NESTING_DEPTH = 100
MAX_DIGITS = 4_300  # of an integer, as Python reads them


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
        value = parse_json(content)
    except UnusableJsonError as error:
        raise ConfigError(f"the {what} file {path} has {error}") from None
    except json.JSONDecodeError as error:
        raise ConfigError(_not_json(path, what, error)) from None
    except RecursionError:
        deep = f"it is nested more than {MAX_NESTING_DEPTH} deep"
        raise ConfigError(f"the {what} file {path} is not readable as JSON: {deep}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"the {what} file {path} is not readable as JSON: {error}; save it as UTF-8") from None
    if not isinstance(value, dict):
        raise ConfigError(f"the {what} file {path} must hold a JSON object, {{...}}, not {json_type(value)}")
    return value


class UnusableJsonError(ValueError):
    """JSON with something that cannot be used; the message completes the sentence "the file ... has"."""


def parse_json(text: str | bytes, **options: Any) -> Any:
    """The value of a JSON text that holds nothing but what can be used and written again.

    JSON's readers would keep the last value of a key that an object has twice, and take half of a surrogate pair.

    Args:
        text: in UTF-8, UTF-16 or UTF-32 if it is bytes.
        options: of ``json.loads``, like ``parse_float``.

    Raises:
        UnusableJsonError: an object has a key twice, an integer too many digits, or a text half of a surrogate pair.
        RecursionError: it is nested more than ``MAX_NESTING_DEPTH`` deep.
        json.JSONDecodeError, UnicodeDecodeError: as ``json.loads``.
    """
    value = json.loads(text, object_pairs_hook=_object_of, **({"parse_int": _integer} | options))
    if is_deeper(value, MAX_NESTING_DEPTH):
        raise RecursionError(f"nested more than {MAX_NESTING_DEPTH} deep")
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise UnusableJsonError(r"half of a surrogate pair like \ud800, which is no text; remove it") from None
    return value


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise UnusableJsonError(f"an integer of {len(digits):,} digits; {MAX_DIGITS:,} are the most")
    return int(digits)


def is_deeper(value: Any, depth: int) -> bool:
    """Whether a decoded value has more objects and lists within each other than ``depth``."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        parts = (part for one in level for part in (one.values() if isinstance(one, dict) else one))
        level = [part for part in parts if isinstance(part, dict | list)]
        if not level:
            return False
    return bool(level)


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise UnusableJsonError(f"the key {twice!r} twice in one object; keep one of them")
    return found


def _read(path: str, what: str) -> bytes:
    try:
        return Path(local_path(path)).read_bytes()
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
    return _JSON_TYPES.get(type(value), type(value).__name__)


_JSON_TYPES: dict[type, str] = {
    str: "a string",
    int: "a number",
    float: "a number",
    list: "an array",
    tuple: "an array",
    dict: "an object",
    date: "a date",
    datetime: "a date and time",
}


def nearest(name: str, known: Iterable[str]) -> str:
    """The hint "; did you mean 'x'?", or "" when nothing known is near."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
