"""A client without a network: a transport in memory returns the answers that a target chooses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from talon_one_client import ClientConfig, RetryConfig, Secret, TalonOneClient
from talon_one_client.endpoints import ALL
from talon_one_client.http.transport import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.http.waits import Bounds

MAX_REQUESTS = 3000  # per input; a reader that sends more does not end


class Answers:
    """A transport that answers from memory."""

    def __init__(self, answer: Callable[[str, str], Response]) -> None:
        self.answer, self.requests = answer, 0

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, bounds: Bounds) -> Response:
        """See Transport."""
        bounds.depart()
        self.requests += 1
        if self.requests > MAX_REQUESTS:
            raise AssertionError(f"more than {MAX_REQUESTS:,} requests for one answer")
        return self.answer(method, url)

    def close(self) -> None:
        """See Transport."""


def friendly(method: str, url: str) -> Response:
    """Return an empty list for every read, and the documented success for every write."""
    if method == "GET":
        return Response(200, {}, b'{"data":[],"hasMore":false,"totalResultSize":0}')
    path = urlsplit(url).path
    for row in ALL:
        if row.method == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", row.path), path):
            status, name = next(iter(row.responses.items()))
            return Response(status, {}, b'{"id":1,"effects":[],"data":[],"integrationStates":[]}' if name else b"")
    raise AssertionError(f"no operation is {method} {path}")


def client(transport: Answers) -> TalonOneClient:
    """Return a client that neither waits nor retries."""
    config = ClientConfig(
        "http://127.0.0.1:9",
        api_key=Secret("integration-key"),
        management_key=Secret("management-key"),
        management_requests_per_second=1e6,
        retry=RetryConfig(budget_s=0),
    )
    return TalonOneClient(config, transport=transport)
