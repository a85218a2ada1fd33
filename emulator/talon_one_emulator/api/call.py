"""The interface of handlers: each takes a Call, a checked request, and returns an Answer. One table lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from talon_one_emulator.api import json_text

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint
    from talon_one_emulator.api.errors import Problem
    from talon_one_emulator.domain.account import Account

JSON = "application/json"
CSV = "application/csv"


@dataclass(frozen=True, slots=True)
class Call:
    """A request that passed all checks.

    Attributes:
        path: typed path parameters.
        query: typed query parameters; date-times in microseconds.
        without_query: the request had no query string at all.
        bad: the problems of the rows of a batch that break the schema, by index; filled with switch ``batch=partial``
            only.
    """

    account: Account
    endpoint: Endpoint
    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Any = None
    upload: bytes = b""
    without_query: bool = True
    bad: Mapping[int, list[Problem]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a handler. If ``dry`` is set, what the handler wrote is rolled back."""

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
    """Return an answer with a JSON body."""
    return Answer(status, json_text.encode(payload), dry=dry)


def no_content(*, dry: bool = False) -> Answer:
    """Return an answer with status 204 and no body."""
    return Answer(204, dry=dry)
