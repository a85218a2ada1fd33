"""The conversion of setting values, the same for every source.

Files, the environment, Meltano, SYNC.yml, and Airflow templates and connections provide typed values or texts.
``convert`` returns the same value for both:

- A text that represents a boolean, number, date, list or object is converted to it; any other text is refused.
- null, an empty text, and the texts ``None`` and ``null`` (the result of an empty template or shell variable) mean that
  the setting is absent. For a setting that narrows what is read or done, like a list of ids, such a text is refused,
  because it could mean nothing or everything.

The text of every ValueError completes the sentence "setting 'x' in config.json ..." and contains no secret.
"""

from __future__ import annotations

import ast
import json
import logging
import math
from contextlib import suppress
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from talon_one_singer.settings.instants import instant_of, parse_date_time, parse_instants
from talon_one_singer.settings.json_files import UnusableJsonError, json_type, nearest, parse_json
from talon_one_singer.settings.local_paths import FileUrlError, local_path
from talon_one_singer.settings.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_singer.settings.setting import Setting

log = logging.getLogger(__name__)

_ABSENT = frozenset({"", "None", "null"})
_BRACKETS = ("[", "(", "{")
BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def is_absent(value: Any) -> bool:
    """Return whether a value means that the setting is absent."""
    return value is None or (isinstance(value, str) and value.strip() in _ABSENT)


def convert(setting: Setting, value: Any) -> Any:
    """Return the value of a setting; None if it is absent.

    Raises:
        ValueError: the value cannot be converted to the type of the setting, is out of bounds, or is not allowed.
    """
    if is_absent(value):
        if value is not None and (setting.narrows or setting.type == "array"):
            raise ValueError(f"is the text {value!r}, which selects nothing; remove the setting to read all")
        return None
    return check(setting, parse_text(setting, value) if isinstance(value, str) else value)


def check(setting: Setting, value: Any) -> Any:
    """Return the value as ``SettingsTable.load`` returns it.

    Raises:
        ValueError: the value is of the wrong type, out of bounds, or not allowed.
    """
    typed = _current_value(setting, _CHECKS[setting.type](setting, value))
    if setting.narrows and typed in ([], ""):
        kind = "list" if setting.type == "array" else "text"
        raise ValueError(
            f"is an empty {kind}, which would select everything instead of nothing; remove the setting to read all"
        )
    if setting.accepts is not None:
        setting.accepts(typed)
    for item in typed if setting.type == "array" else [typed]:
        _check_allowed(setting, item)
        if isinstance(item, int | float) and not isinstance(item, bool):
            _check_bounds(setting, item)
    return typed


def parse_text(setting: Setting, text: str) -> Any:
    """Return the value that a text represents, before it is checked.

    Raises:
        ValueError: the text cannot be converted to the type of the setting.
    """
    if setting.type == "boolean":
        return _parse_boolean(text)
    if setting.type in ("integer", "number"):
        return _parse_number(text)
    if setting.type == "object" or (setting.type in ("array", "date-times") and text.lstrip().startswith(_BRACKETS)):
        return _parse_structure(text)
    if setting.type == "array":
        items = [item.strip() for item in text.split(",") if item.strip()]
        return [_parse_number(item) for item in items] if setting.items == "integer" else items
    return text


def _string(setting: Setting, value: Any) -> str | Secret:
    if not isinstance(value, str):
        quotes = "; put it in quotes" if isinstance(value, date) else ""
        raise ValueError(f"must be a string, not {json_type(value)}{quotes}")
    if setting.is_path:
        try:
            return local_path(value)
        except FileUrlError as error:
            raise ValueError(f"cannot be used: {error}") from None
    return Secret(value.strip()) if setting.secret else value


def _integer(_setting: Setting, value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"must be an integer, not {_shown(value)}")
    return value


def _number(_setting: Setting, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise ValueError(f"must be a number, not {_shown(value)}")
    return value


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def _boolean(_setting: Setting, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {_shown(value)}")
    return value


def _date_time(_setting: Setting, value: Any) -> datetime:
    if isinstance(value, date):
        return instant_of(value)
    if not isinstance(value, str):
        raise ValueError(f"must be a string like 2026-01-31T00:00:00Z, not {json_type(value)}")
    try:
        return parse_date_time(value.strip())
    except ValueError as error:
        # The texts of datetime ("month must be in 1..12") do not complete the sentence.
        text = str(error)
        raise ValueError(text if text.startswith("must") else f"is not a date: {value!r}, {text}") from None


def _date_times(_setting: Setting, value: Any) -> tuple[datetime, ...]:
    try:
        return parse_instants(value)
    except ValueError as error:
        text = str(error)
        raise ValueError(
            text if text.startswith(("must", "has", "names")) else f"is not a date: {value!r}, {text}"
        ) from None


def _array(setting: Setting, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError(f'must be an array, [...], not {_shown(value)}; write ["..."]')
    check_item = _integer if setting.items == "integer" else _string
    typed = []
    for index, item in enumerate(value):
        try:
            typed.append(check_item(setting, item))
        except ValueError as error:
            raise ValueError(f"at position {index} {error}") from None
    return typed


def _object(_setting: Setting, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"must be an object, {{...}}, not {json_type(value)}")
    return value


_CHECKS: dict[str, Callable[[Setting, Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date-time": _date_time,
    "date-times": _date_times,
    "array": _array,
    "object": _object,
}


def _current_value(setting: Setting, value: Any) -> Any:
    """Return the current name of a value; log a deprecation note if the value has an earlier name."""
    if not isinstance(value, str) or value not in setting.old_values:
        return value
    current = setting.old_values[value]
    text = "setting %r: %r is an earlier name of the value %r; it still works, but use the new name"
    log.warning(text, setting.name, value, current)
    return current


def _check_allowed(setting: Setting, value: Any) -> None:
    if setting.allowed and value not in setting.allowed:
        choices = ", ".join(str(choice) for choice in setting.allowed)
        hint = nearest(value, (str(choice) for choice in setting.allowed)) if isinstance(value, str) else ""
        raise ValueError(f"must be one of {choices}, not {_shown(value)}{hint}")


def _check_bounds(setting: Setting, value: float) -> None:
    if setting.type == "number" and (setting.minimum, setting.maximum) == (0, 1) and not 0 <= value <= 1:
        raise ValueError(f"must be a share between 0 and 1, like 0.5 for 50 %, not {value}")
    if setting.minimum is not None and value < setting.minimum:
        raise ValueError(f"must be at least {_plain(setting.minimum)}, not {_plain(value)}")
    if setting.maximum is not None and value > setting.maximum:
        raise ValueError(f"must be at most {_plain(setting.maximum)}, not {_plain(value)}")


def _plain(number: float) -> str:
    """Return the number as text, shortened if it is very long."""
    text = f"{number:g}" if isinstance(number, float) else str(number)
    return text if len(text) <= 40 else f"{text[:40]}..."


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"the string {value!r}"
    return json.dumps(value) if isinstance(value, int | float) else json_type(value)


def _parse_boolean(text: str) -> bool:
    try:
        return BOOLEANS[text.strip().lower()]
    except KeyError:
        raise ValueError(f"must be true or false, not {text!r}") from None


def _parse_number(text: str) -> int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise ValueError(f"must be a number, not {text!r}")


def _parse_structure(text: str) -> Any:
    """Return the list or object in a JSON text, or in a Python literal, which is how a template prints it."""
    try:
        return parse_json(text)
    except UnusableJsonError as error:
        raise ValueError(f"has {error}") from None
    except json.JSONDecodeError as error:
        with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            return ast.literal_eval(text.strip())
        raise ValueError(f"must be JSON; at character {error.pos + 1}: {error.msg}") from None
    except RecursionError:
        raise ValueError("must be JSON that is not nested that deeply") from None
