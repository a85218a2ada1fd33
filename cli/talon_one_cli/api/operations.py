"""Find an operation and convert its parameters from the texts of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client.endpoints import ALL, find
from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.json_files import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_client.endpoints import Endpoint, Param


def operation(name: str) -> Endpoint:
    """Return the operation of a snake_case name or of an operation id.

    Raises:
        ConfigError: there is no such operation; suggests the nearest name.
    """
    endpoint = find(name) or find(name.replace("-", "_"))
    if endpoint is None:
        hint = nearest(name, [*(e.name for e in ALL), *(e.operation_id for e in ALL)])
        raise ConfigError(f"there is no operation {name!r}{hint or '; talon-one call --list shows all'}")
    return endpoint


def table() -> str:
    """Return all operations, one per line: name, method, path and the key that it needs."""
    rows = [("OPERATION", "METHOD", "PATH", "KEY"), *(_row(endpoint) for endpoint in ALL)]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return "".join(
        f"{name:<{widths[0]}}  {method:<{widths[1]}}  {path:<{widths[2]}}  {key}\n" for name, method, path, key in rows
    )


def path_values(endpoint: Endpoint, pairs: Sequence[str]) -> dict[str, Any]:
    """Return the values of ``--path name=value``, converted to the types of the endpoint table.

    Raises:
        ConfigError: a parameter is unknown, missing, given twice or not of its type.
    """
    values = _values(endpoint, endpoint.path_params, pairs, "--path")
    _check_complete(endpoint, [p.name for p in endpoint.path_params], values, "--path")
    return values


def query_values(endpoint: Endpoint, pairs: Sequence[str]) -> dict[str, Any]:
    """Return the values of ``--query name=value``; a repeated name fills an array.

    Raises:
        ConfigError: a parameter is unknown, missing, given twice or not of its type.
    """
    values = _values(endpoint, endpoint.query, pairs, "--query")
    _check_complete(endpoint, [p.name for p in endpoint.query if p.required], values, "--query")
    return values


def _row(endpoint: Endpoint) -> tuple[str, str, str, str]:
    key = "api_key" if endpoint.api == "integration" else "management_key"
    return endpoint.name, endpoint.method, endpoint.path, key


def _values(endpoint: Endpoint, params: Sequence[Param], pairs: Sequence[str], option: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator:
            raise ConfigError(f"{option} must look like name=value, not {pair!r}")
        param = _param(endpoint, params, name, option)
        value = _coerced(param, text, option)
        if param.type == "array":
            values.setdefault(param.name, []).append(value)
        elif param.name in values:
            raise ConfigError(f"{option} {param.name} is given twice, but it is not an array")
        else:
            values[param.name] = value
    return values


def _param(endpoint: Endpoint, params: Sequence[Param], name: str, option: str) -> Param:
    by_name = {_plain(p.name): p for p in params}
    if _plain(name) not in by_name:
        known = [p.name for p in params]
        hint = nearest(name, known) or f"; known parameters: {', '.join(known) or 'none'}"
        raise ConfigError(f"{option}: {endpoint.name} has no parameter {name!r}{hint}")
    return by_name[_plain(name)]


def _plain(name: str) -> str:
    """Return a form in which ``loyaltyProgramId`` and ``loyalty_program_id`` are equal."""
    return name.replace("_", "").lower()


def _coerced(param: Param, text: str, option: str) -> str | int | bool:
    if param.enum and text not in param.enum:
        raise ConfigError(f"{option} {param.name} must be one of {', '.join(param.enum)}, not {text!r}")
    if param.type == "integer":
        try:
            return int(text)
        except ValueError:
            raise ConfigError(f"{option} {param.name} must be an integer, not {text!r}") from None
    if param.type == "boolean":
        words: Mapping[str, bool] = {"true": True, "false": False}
        if text.lower() not in words:
            raise ConfigError(f"{option} {param.name} must be true or false, not {text!r}")
        return words[text.lower()]
    return text


def _check_complete(endpoint: Endpoint, wanted: Sequence[str], values: Mapping[str, Any], option: str) -> None:
    missing = [name for name in wanted if name not in values]
    if missing:
        options = " ".join(f"{option} {name}=..." for name in missing)
        raise ConfigError(f"{endpoint.name} ({endpoint.method} {endpoint.path}) needs {options}")
