"""Read and check the body of a request from the command line."""

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
    """Return the bytes of ``--body``: the text itself, the content of ``@file``, or for ``-`` the standard input.

    Raises:
        ConfigError: a body is given and the operation takes none, or the reverse; or the file cannot be read.
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
    """Return the JSON of a body, checked against the schema of the operation; numbers keep their digits.

    Raises:
        ConfigError: the text is not JSON, or the schema rejects the body; has pointers and reasons.
    """
    try:
        body = decode_json(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"--body is not JSON: {error}") from None
    # Checked with plain numbers, because a message about a Decimal would name its Python class.
    try:
        plain = parse_json(content)
    except UnusableJsonError as error:
        raise ConfigError(f"--body has {error}") from None
    except RecursionError as error:
        raise ConfigError(f"--body is {error}") from None
    problems = list(request_problems(str(endpoint.request), plain))
    if problems:
        lines = [f"--body is not a {endpoint.request}; nothing was sent:"]
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
