"""The body of a request as it is typed on a command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_client.http.encoding import decode_json
from talon_one_schemas import request_problems
from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.json_files import UnusableJsonError, parse_json
from talon_one_singer.settings.local_paths import local_path

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint

_SHOWN_PROBLEMS = 5
_SHOWN = 200


def read_body(endpoint: Endpoint, given: str | None) -> bytes | None:
    """The bytes of ``--body``: the text itself, those of ``@file``, or for ``-`` those of the standard input.

    Raises:
        ConfigError: there is a body where none belongs, there is none where one does, or it cannot be read.
    """
    if not endpoint.has_body:
        if given is not None:
            raise ConfigError(f"{endpoint.name} takes no --body")
        return None
    if given is None:
        what = "a CSV file, --body @members.csv" if endpoint.request is None else "JSON, --body '{...}' or @file or -"
        raise ConfigError(f"{endpoint.name} needs a body: {what}")
    if given == "-":
        return sys.stdin.buffer.read()
    return _file(given[1:]) if given.startswith("@") else given.encode("utf-8", "surrogateescape")


def parse_body(endpoint: Endpoint, content: bytes) -> Any:
    """The JSON of a body that its schema has nothing against; numbers keep their digits.

    Raises:
        ConfigError: not JSON, or not a body of this operation: pointers and reasons.
    """
    try:
        body = decode_json(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"--body is not JSON: {error}") from None
    # Checked as plain numbers: a message would name a Decimal by its Python class.
    try:
        plain = parse_json(content)
    except UnusableJsonError as error:
        raise ConfigError(f"--body has {error}") from None
    except RecursionError as error:
        raise ConfigError(f"--body is {error}") from None
    problems = list(request_problems(str(endpoint.request), plain))
    if problems:
        lines = [f"--body is no {endpoint.request}, nothing was sent:"]
        lines += [f"  {p.pointer or '/'}: {_cut(p.reason)}" for p in problems[:_SHOWN_PROBLEMS]]
        if len(problems) > _SHOWN_PROBLEMS:
            lines.append(f"  and {len(problems) - _SHOWN_PROBLEMS} more")
        raise ConfigError(*lines)
    return body


def _file(path: str) -> bytes:
    try:
        return Path(local_path(path)).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read the body file {path}: {reason}") from None


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
