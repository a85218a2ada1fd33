"""The JSON files of the command line, and errors that say where the problem is and what to do."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.local_paths import local_path

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NESTING_DEPTH = 100
MAX_FILE_MB = 64  # of a file that is read as a whole; those of this project have less than one
_LEAST_SIMILARITY, _LEAST_SIMILARITY_OF_SHORT_NAMES = 0.6, 0.65
_SHORT = 4  # characters; "name" and "number" are not alike
MAX_DIGITS = 4_300  # maximum of an integer in Python


def read_json_object(path: str, what: str, *, empty: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the JSON object in a file in UTF-8, UTF-16 or UTF-32, with or without byte order mark.

    Args:
        path: path of the file.
        what: kind of the file, for messages: "config", "catalog", "state".
        empty: value of an empty file; None: an empty file is an error.

    Raises:
        ConfigError: the file does not exist, cannot be read, is not JSON, or is not an object.
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
        raise ConfigError(f"the {what} file {path} must contain a JSON object, {{...}}, not {json_type(value)}")
    return value


def read_small_file(path: str) -> bytes:
    """Return the content of a file that is read as a whole, whatever it is: a device may never end.

    Args:
        path: as a user writes it, see ``local_path``.

    Raises:
        ValueError: it is larger than ``MAX_FILE_MB``, or the path is none.
        OSError: it cannot be read.
    """
    with Path(local_path(path)).open("rb") as file:
        content = file.read(MAX_FILE_MB * 1_000_000 + 1)
    if len(content) > MAX_FILE_MB * 1_000_000:
        raise ValueError(f"it is larger than {MAX_FILE_MB} MB, the maximum")
    return content


class UnusableJsonError(ValueError):
    """JSON that cannot be used; the message completes the sentence "the file ... has"."""


def parse_json(text: str | bytes, **options: Any) -> Any:
    """Return the value of a JSON text that can be used and written again.

    JSON decoders would keep the last value of a repeated key, and accept half of a surrogate pair.

    Args:
        text: JSON text; bytes are UTF-8, UTF-16 or UTF-32.
        options: options of ``json.loads``, like ``parse_float``.

    Raises:
        UnusableJsonError: an object has a key twice, an integer too many digits, or a text half of a surrogate pair.
        RecursionError: the text is nested more than ``MAX_NESTING_DEPTH`` deep.
        json.JSONDecodeError, UnicodeDecodeError: as raised by ``json.loads``.
    """
    value = json.loads(text, object_pairs_hook=_object_of, **({"parse_int": _integer} | options))
    if is_deeper(value, MAX_NESTING_DEPTH):
        raise RecursionError(f"nested more than {MAX_NESTING_DEPTH} deep")
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise UnusableJsonError(r"half of a surrogate pair like \ud800, which is not valid text; remove it") from None
    return value


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise UnusableJsonError(f"an integer of {len(digits):,} digits; the maximum is {MAX_DIGITS:,}")
    return int(digits)


def is_deeper(value: Any, depth: int) -> bool:
    """Return whether objects and lists in a decoded value are nested more than ``depth`` deep."""
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
        return read_small_file(path)
    except FileNotFoundError:
        raise ConfigError(f"the {what} file {path} does not exist; check the path") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read the {what} file {path}: {reason}") from None


def _not_json(path: str, what: str, error: json.JSONDecodeError) -> str:
    place = f"the {what} file {path} is not JSON, line {error.lineno} column {error.colno}: {error.msg}"
    if error.msg == "Extra data":
        return f"{place}; it must hold one object (of several lines, keep the last: tail -n 1 {path})"
    return place


def json_type(value: Any) -> str:
    """Return the JSON type of ``value`` with its article: "a string", "null"."""
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
    """Return the hint "; did you mean 'x'?", or "" if no known name is similar; upper and lower case are alike."""
    import difflib

    names = {one.casefold(): one for one in known}
    least = _LEAST_SIMILARITY_OF_SHORT_NAMES if len(name) <= _SHORT else _LEAST_SIMILARITY
    found = difflib.get_close_matches(name.casefold(), list(names), n=1, cutoff=least)
    return f"; did you mean {names[found[0]]!r}?" if found else ""
