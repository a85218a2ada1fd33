"""Parameters of operators, sensors and transfers: the types that they have once Airflow has rendered its templates.

Templates give texts. Each class names its parameters as settings, and the one conversion of all settings makes of a
text what it is written as (see talon_one_singer.settings.conversion).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import ObjectStoragePath

from talon_one_singer import Setting
from talon_one_singer.settings.conversion import convert, is_absent, parse_text

if TYPE_CHECKING:
    from collections.abc import Sequence


def take_parameters(owner: Any, parameters: Sequence[Setting]) -> None:
    """Set each parameter's attribute to its value by type; to the default where none is given.

    Raises:
        ValueError: names the parameter.
    """
    for one in parameters:
        value = converted(one, getattr(owner, one.name))
        setattr(owner, one.name, one.default if value is None else value)


def converted(parameter: Setting, given: Any) -> Any:
    """The value of a parameter, None if it is not given.

    Raises:
        ValueError: names the parameter.
    """
    if isinstance(given, PurePath | ObjectStoragePath):
        given = str(given)
    if isinstance(given, Mapping):
        given = dict(given)
    try:
        return convert(parameter, given)
    except ValueError as error:
        raise ValueError(f"the parameter {parameter.name!r} {error}") from None


def command_of(name: str, given: Any) -> list[str]:
    """A command and its arguments, also as the text of a list or of a command line.

    Raises:
        ValueError: there is none, or it cannot be read; names the parameter.
    """
    if isinstance(given, str) and not is_absent(given) and not given.lstrip().startswith(("[", "(")):
        try:
            return shlex.split(given)
        except ValueError as error:
            raise ValueError(f"the parameter {name!r} is no command line: {error}") from None
    command: list[str] | None = converted(Setting(name, "array", ""), given)
    if not command:
        raise ValueError(f"the parameter {name!r} names no command")
    return command


def copied(given: Any) -> Any:
    """A copy of a mapping; anything else, like the text of a template, as it is."""
    return dict(given) if isinstance(given, Mapping) else given or {}


def is_templated(value: Any) -> bool:
    """Whether something in it is known at run time only: a template, or another task's answer."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        return any(map(is_templated, value.values()))
    if isinstance(value, list | tuple):
        return any(map(is_templated, value))
    return not isinstance(value, int | float | bool | type(None) | PurePath | ObjectStoragePath)


def by_schema(schema: Mapping[str, Any], value: Any) -> Any:
    """A body in which texts have become what the schema wants where it takes no text.

    A text that is not what is wanted stays, for the check of the body to refuse.
    """
    if isinstance(value, dict):
        fields = schema.get("properties") or {}
        return {name: by_schema(fields[name], one) if name in fields else one for name, one in value.items()}
    if isinstance(value, list):
        return [by_schema(schema.get("items") or {}, one) for one in value]
    kinds = schema.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if not isinstance(value, str) or "string" in kinds or is_absent(value):
        return value
    with suppress(ValueError):
        return _of_kind(kinds, schema, value)
    return value


def _of_kind(kinds: set[str], schema: Mapping[str, Any], text: str) -> Any:
    if "array" in kinds and not text.lstrip().startswith(("[", "(")):
        return by_schema(schema, [one.strip() for one in text.split(",") if one.strip()])
    if kinds & {"array", "object"}:
        return by_schema(schema, parse_text(_STRUCTURE, text))
    wanted = next((one for one in _PLAIN if one.type in kinds), None)
    return convert(wanted, text) if wanted else text


_STRUCTURE = Setting("body", "object", "")
_PLAIN = (Setting("body", "boolean", ""), Setting("body", "integer", ""), Setting("body", "number", ""))
