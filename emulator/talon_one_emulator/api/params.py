"""Path and query parameters: converted to their types and checked against the endpoint table."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from talon_one_client.endpoints import BY_NAME
from talon_one_emulator.api.errors import ApiError, Problem
from talon_one_emulator.api.json_text import INT64
from talon_one_emulator.domain import timestamps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_client.endpoints import Endpoint, Era, Param
    from talon_one_emulator.control.switches import Switches

# The vendor's Python SDKs up to version 9.0.0 send True and False, capitalized.
_WORDS = {"true": True, "false": False, "True": True, "False": False, "1": True, "0": False}


def path_values(endpoint: Endpoint, found: Mapping[str, str], era: Era) -> dict[str, Any]:
    """Return the typed path parameters. Raise ApiError 400 that names an invalid parameter."""
    return {param.name: _value(param, found[param.name], era) for param in endpoint.path_params}


@lru_cache(maxsize=4096)
def query_values(name: str, query: bytes, era: Era, switches: Switches) -> Mapping[str, Any]:
    """Return the typed query parameters with the defaults of the era; parameters the era does not know are ignored.

    Date-times are returned in microseconds, arrays as lists.

    Raises:
        ApiError: 400, naming the invalid parameter.
    """
    endpoint = BY_NAME[name]
    given = _given(query)
    values: dict[str, Any] = {}
    for param in endpoint.query:
        if param.since == "current" and era == "seed":
            continue
        texts = given.get(param.name)
        if texts is None:
            values[param.name] = _default(endpoint, param, era)
        elif param.type == "array" and not (param.seed_single and era == "seed"):
            values[param.name] = _items(param, texts, era)
        elif param.name == "pageSize":
            values["pageSize"] = _page_size(endpoint, param, texts[-1], era, switches)
        else:
            value = _value(param, texts[-1], era)
            values[param.name] = [value] if param.type == "array" else value
    return MappingProxyType(values)


def _items(param: Param, texts: list[str], era: Era) -> list[str]:
    """Return the items of an array, which are given one by one or in one value that is separated by commas."""
    items = [item for text in texts for item in text.split(",")] if param.comma else texts
    return [_text(param, item, era) for item in items]


def _given(query: bytes) -> dict[str, list[str]]:
    if not query:
        return {}
    given: dict[str, list[str]] = {}
    try:
        for name, text in parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict"):
            given.setdefault(name, []).append(text)
    except ValueError as error:
        raise ApiError(400, [Problem("Invalid query", "the query is not percent-encoded UTF-8")]) from error
    return given


def _default(endpoint: Endpoint, param: Param, era: Era) -> Any:
    if param.required:
        raise _refused(param, "required")
    if param.name == "pageSize":
        wanted = param.seed_default if era == "seed" and param.seed_default else param.default
        return min(int(wanted or 1000), endpoint.max_page_size(era))
    if param.name == "skip":
        return 0
    return param.default


def _page_size(endpoint: Endpoint, param: Param, text: str, era: Era, switches: Switches) -> int:
    value = _integer(param, text)
    cap = endpoint.max_page_size(era)
    if value < (param.minimum or 1):
        raise _refused(param, f"must be at least {param.minimum or 1}")
    if value > cap and switches.page_size_above_max == "reject":
        raise _refused(param, f"must be at most {cap}")
    return min(value, cap)


def _value(param: Param, text: str, era: Era) -> Any:
    if param.type == "integer":
        return _bounded(param, _integer(param, text))
    if param.type == "boolean":
        if text not in _WORDS:
            raise _refused(param, "must be true or false")
        return _activation_flag(param, _WORDS[text])
    if param.format == "date-time":
        try:
            return timestamps.parse_query(text)
        except ValueError as error:
            raise _refused(param, str(error)) from error
    return _text(param, text, era)


def _text(param: Param, text: str, era: Era) -> str:
    if param.enum and text not in param.enum:
        raise _refused(param, f"must be one of {', '.join(param.enum)}")
    if era == "current" and param.min_length is not None and len(text) < param.min_length:
        raise _refused(param, f"must have at least {param.min_length} characters")
    if param.max_length is not None and len(text) > param.max_length:
        raise _refused(param, f"must have at most {param.max_length} characters")
    return text


def _activation_flag(param: Param, value: bool) -> bool:
    # The vendor documents this one parameter as accepting true only.
    if param.name == "awaitsActivation" and not value:
        raise _refused(param, "only true is accepted")
    return value


def _integer(param: Param, text: str) -> int:
    digits = text[1:] if text.startswith("-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise _refused(param, "must be an integer")
    if len(digits) > 19 or int(text) not in INT64:
        raise _refused(param, "must be an integer of 64 bits")
    return int(text)


def _bounded(param: Param, value: int) -> int:
    lowest = 0 if param.name == "skip" else param.minimum
    if lowest is not None and value < lowest:
        raise _refused(param, f"must be at least {lowest}")
    if param.maximum is not None and value > param.maximum:
        raise _refused(param, f"must be at most {param.maximum}")
    return value


def _refused(param: Param, why: str) -> ApiError:
    return ApiError(400, [Problem("Invalid parameter", f"{param.name}: {why}", parameter=param.name)])
