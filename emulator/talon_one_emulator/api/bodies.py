"""Request bodies: parsing, limits on the number of items, and validation against the schema."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import HTTP
from typing import TYPE_CHECKING, Any

import talon_one_schemas
from talon_one_emulator.api import json_text, schema_predicates
from talon_one_emulator.api.errors import ApiError, Problem, invalid

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint
    from talon_one_emulator.control.switches import Switches

BadRows = dict[int, list[Problem]]


def read(endpoint: Endpoint, data: bytes, switches: Switches) -> tuple[Any, BadRows]:
    """Return the body, and with switch ``batch=partial`` the problems of the rows that break the schema.

    Raises:
        ApiError: 400, if the body as a whole is invalid.
    """
    try:
        body = json_text.decode(data)
    except ValueError as error:
        raise invalid("Invalid JSON", str(error)) from error
    assert endpoint.request is not None
    _check_size(endpoint, body)
    if schema_predicates.accepts(endpoint.request)(body):
        return body, {}
    problems = [
        Problem("Invalid value", reason, pointer)
        for pointer, reason in talon_one_schemas.request_problems(endpoint.request, body)
    ]
    if not problems:
        return body, {}
    rows = _by_row(endpoint, problems) if switches.batch == "partial" else None
    if rows is None:
        raise ApiError(400, listed_problems(endpoint, problems, switches))
    return body, rows


def listed_problems(endpoint: Endpoint, problems: list[Problem], switches: Switches) -> list[Problem]:
    """Return the problems that the answer lists: the first or all, with or without pointers, by the switches.

    Only batches can hide pointers. For a request about a single object, the vendor documents them.
    """
    listed = problems if switches.errors == "all" else problems[:1]
    if endpoint.items is not None and switches.pointers == "no":
        return [problem._replace(pointer=None) for problem in listed]
    return listed


def uploaded(content_type: str, data: bytes) -> bytes:
    """Return the first file of a multipart body. Raise ApiError 400 if there is none."""
    if not content_type.startswith("multipart/form-data"):
        raise invalid("Invalid body", "a multipart/form-data body with a CSV file is required")
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + data, policy=HTTP)
    for part in message.iter_parts() if message.is_multipart() else ():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            return payload
    raise invalid("Invalid body", "the multipart body holds no file")


def _check_size(endpoint: Endpoint, body: Any) -> None:
    rows = body.get(endpoint.items) if endpoint.items and isinstance(body, dict) else None
    if isinstance(rows, list) and endpoint.max_items is not None and len(rows) > endpoint.max_items:
        why = f"{len(rows)} items; a request takes at most {endpoint.max_items}"
        raise invalid("Too many items", why, pointer=f"/{endpoint.items}")


def _by_row(endpoint: Endpoint, problems: list[Problem]) -> BadRows | None:
    """Return the problems by the index of their row, or None if one is not about a row."""
    rows: BadRows = {}
    for problem in problems:
        parts = (problem.pointer or "").split("/")
        if len(parts) < 3 or parts[1] != endpoint.items:
            return None
        rows.setdefault(int(parts[2]), []).append(problem)
    return rows
