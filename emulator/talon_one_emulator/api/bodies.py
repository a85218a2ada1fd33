"""Request bodies: parsed, bounded in items, checked against their schema."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import HTTP
from typing import TYPE_CHECKING, Any

import talon_one_schemas
from talon_one_emulator.api import json_text as jsontext
from talon_one_emulator.api import schema_predicates as shape
from talon_one_emulator.api.errors import ApiError, Fault, invalid

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint
    from talon_one_emulator.control.switches import Switches

BadRows = dict[int, list[Fault]]


def read(endpoint: Endpoint, data: bytes, switches: Switches) -> tuple[Any, BadRows]:
    """The body, and the faults of those rows of a batch that break the schema (switch ``batch=partial`` only).

    Raises ApiError 400 for anything else that is wrong with it.
    """
    try:
        body = jsontext.decode(data)
    except ValueError as error:
        raise invalid("Invalid JSON", str(error)) from error
    assert endpoint.request is not None
    _check_size(endpoint, body)
    if shape.accepts(endpoint.request)(body):
        return body, {}
    faults = [
        Fault("Invalid value", reason, pointer)
        for pointer, reason in talon_one_schemas.request_problems(endpoint.request, body)
    ]
    if not faults:
        return body, {}
    rows = _by_row(endpoint, faults) if switches.batch == "partial" else None
    if rows is None:
        raise ApiError(400, shown(endpoint, faults, switches))
    return body, rows


def shown(endpoint: Endpoint, faults: list[Fault], switches: Switches) -> list[Fault]:
    """The faults an answer lists: the first or all, with or without pointers, as the switches say.

    Only batches hide their pointers: for a request about one object they are documented.
    """
    listed = faults if switches.errors == "all" else faults[:1]
    if endpoint.items is not None and switches.pointers == "no":
        return [fault._replace(pointer=None) for fault in listed]
    return listed


def uploaded(content_type: str, data: bytes) -> bytes:
    """The first file of a multipart body. Raises ApiError 400 if there is none."""
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


def _by_row(endpoint: Endpoint, faults: list[Fault]) -> BadRows | None:
    """Faults by the row they lie in, or None if one lies outside the rows."""
    rows: BadRows = {}
    for fault in faults:
        parts = (fault.pointer or "").split("/")
        if len(parts) < 3 or parts[1] != endpoint.items:
            return None
        rows.setdefault(int(parts[2]), []).append(fault)
    return rows
