"""What a handler gets and gives: a checked request in, an answer out; and the table of handlers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from talon_one_emulator.api import json_text as jsontext

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint
    from talon_one_emulator.api.errors import Fault
    from talon_one_emulator.domain.account import Account

JSON = "application/json"
CSV = "application/csv"


@dataclass(frozen=True, slots=True)
class Call:
    """A request that passed all checks. ``path`` and ``query`` are typed, date-times in microseconds.

    ``plain`` says that the request had no query string at all. ``bad`` are the rows of a batch that break the schema,
    with their faults; there are some only under switch ``batch=partial``.
    """

    account: Account
    endpoint: Endpoint
    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Any = None
    upload: bytes = b""
    plain: bool = True
    bad: Mapping[int, list[Fault]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and media type. ``dry`` undoes what the handler wrote."""

    status: int
    body: bytes = b""
    media: str = JSON
    dry: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = ()


Handler = Callable[[Call], Answer]

HANDLERS: dict[str, Handler] = {}


def handles(endpoint: Endpoint) -> Callable[[Handler], Handler]:
    """Register a function as the handler of an operation."""

    def register(handler: Handler) -> Handler:
        HANDLERS[endpoint.name] = handler
        return handler

    return register


def ok(payload: Any, status: int = 200, *, dry: bool = False) -> Answer:
    """A JSON answer."""
    return Answer(status, jsontext.encode(payload), dry=dry)


def no_content(*, dry: bool = False) -> Answer:
    """204."""
    return Answer(204, dry=dry)
