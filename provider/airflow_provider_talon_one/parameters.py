"""Parameters of operators, sensors and transfers, converted to their types after Airflow has rendered the templates.

A rendered template is a text. Each class declares its parameters as settings, and the conversion of settings turns the
text into a number, a list or whatever the parameter needs (see talon_one_singer.settings.conversion).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import ObjectStoragePath

from talon_one_client.http.encoding import format_instant
from talon_one_singer import Setting
from talon_one_singer.settings.conversion import convert, is_absent, parse_text
from talon_one_singer.settings.instants import instant_of, parse_date_time

if TYPE_CHECKING:
    from collections.abc import Sequence


def convert_parameters(owner: Any, parameters: Sequence[Setting]) -> None:
    """Set the attribute of each parameter to its converted value, or to the default if it is not given.

    Raises:
        ValueError: names the parameter.
    """
    for one in parameters:
        value = converted(one, getattr(owner, one.name))
        setattr(owner, one.name, one.default if value is None else value)


def converted(parameter: Setting, given: Any) -> Any:
    """Return the converted value of a parameter; None if it is not given.

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


def parse_command(name: str, given: Any) -> list[str]:
    """Return a command and its arguments, given as a list, as the text of a list, or as a command line.

    Raises:
        ValueError: names the parameter; no command is given, or the text cannot be read.
    """
    if isinstance(given, str) and not is_absent(given) and not given.lstrip().startswith(("[", "(")):
        try:
            return shlex.split(given)
        except ValueError as error:
            raise ValueError(f"the parameter {name!r} is not a command line: {error}") from None
    command: list[str] | None = converted(Setting(name, "array", ""), given)
    if not command:
        raise ValueError(f"the parameter {name!r} names no command")
    return command


def copy_mapping(given: Any) -> Any:
    """Return a copy of a mapping, and anything else, like the text of a template, unchanged."""
    return dict(given) if isinstance(given, Mapping) else given or {}


def is_templated(value: Any) -> bool:
    """Return whether a part of the value is known at run time only: a template, or the result of another task."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        return any(map(is_templated, value.values()))
    if isinstance(value, list | tuple):
        return any(map(is_templated, value))
    return not isinstance(value, int | float | bool | date | type(None) | PurePath | ObjectStoragePath)


def instant_text(value: Any) -> Any:
    """Return an instant in RFC 3339: of a datetime or date, and of the text that a template makes of them.

    Anything else stays as it is.

    Raises:
        ValueError: the instant has no time zone.
    """
    if isinstance(value, date):
        return format_instant(instant_of(value))
    if isinstance(value, str) and _OF_PYTHON.fullmatch(value.strip()):
        return format_instant(parse_date_time(value.strip()))
    return value


def converted_by_schema(schema: Mapping[str, Any], value: Any) -> Any:
    """Return a body whose texts are converted to the types of the schema, where the schema does not accept a text.

    A text that cannot be converted stays; the check of the body reports it. Instants are converted to RFC 3339.

    Raises:
        ValueError: an instant has no time zone.
    """
    if isinstance(value, date) or schema.get("format") == "date-time":
        return instant_text(value)
    if isinstance(value, dict):
        fields = _branch(schema, value).get("properties") or {}
        return {name: _field(name, fields.get(name, {}), one) for name, one in value.items()}
    if isinstance(value, list):
        return [converted_by_schema(schema.get("items") or {}, one) for one in value]
    kinds = schema.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if not isinstance(value, str) or "string" in kinds or is_absent(value):
        return value
    with suppress(ValueError):
        return _convert_to(kinds, schema, value)
    return value


def _branch(schema: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema, or the one of its alternatives whose constants a value has."""
    for one in schema.get("oneOf") or ():
        fields = one.get("properties") or {}
        if all(value.get(name) == field["const"] for name, field in fields.items() if "const" in field):
            return one  # type: ignore[no-any-return]
    return schema


def _field(name: str, schema: Mapping[str, Any], value: Any) -> Any:
    try:
        return converted_by_schema(schema, value)
    except ValueError as error:
        raise ValueError(f"the field {name!r} {error}") from None


def _convert_to(kinds: set[str], schema: Mapping[str, Any], text: str) -> Any:
    if "array" in kinds and not text.lstrip().startswith(("[", "(")):
        return converted_by_schema(schema, [one.strip() for one in text.split(",") if one.strip()])
    if kinds & {"array", "object"}:
        return converted_by_schema(schema, parse_text(_STRUCTURE, text))
    wanted = next((one for one in _PLAIN if one.type in kinds), None)
    return convert(wanted, text) if wanted else text


# A date, or a date and time as Python prints it, with a space. Texts of RFC 3339 keep all of their digits.
_OF_PYTHON = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2}(\.\d{1,6})?([+-]\d{2}:\d{2})?)?", re.ASCII)
_STRUCTURE = Setting("body", "object", "")
_PLAIN = (Setting("body", "boolean", ""), Setting("body", "integer", ""), Setting("body", "number", ""))
