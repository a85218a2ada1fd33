"""Processing of one request, from the matched route to the answer: checks, replay, handler."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import localcontext
from typing import TYPE_CHECKING, Any

import talon_one_emulator.handlers  # noqa: F401 - registers every handler
from talon_one_client import endpoints
from talon_one_emulator.api import bodies, json_text, params
from talon_one_emulator.api.call import HANDLERS, Answer, Call
from talon_one_emulator.api.errors import ApiError, Problem
from talon_one_emulator.api.middleware.conflicts import InFlight, subjects
from talon_one_emulator.api.middleware.idempotency import Replays, fingerprint
from talon_one_emulator.api.middleware.rate_limit import RateLimit
from talon_one_emulator.api.router import Router
from talon_one_emulator.control.faults import Faults
from talon_one_emulator.control.request_log import RequestLog
from talon_one_emulator.domain.loyalty.ledger import EXACT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_client.endpoints import Endpoint
    from talon_one_emulator.api.middleware.authentication import Keys
    from talon_one_emulator.domain.account import Account

logger = logging.getLogger("talon_one_emulator")


@dataclass(slots=True)
class Request:
    """A request as received, with its route."""

    endpoint: Endpoint
    found: dict[str, str]
    path: bytes
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes
    replayed: bool = False

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


class Service:
    """The account and the checks in front of it."""

    def __init__(self, account: Account, keys: Keys, management_rate: int = 3) -> None:
        self.account = account
        self.keys = keys
        self.router = Router(endpoints.ALL)
        self.rate = RateLimit(management_rate, account.clock)
        self.in_flight = InFlight()
        self.replays = Replays(account)
        self.faults = Faults()
        self.request_log = RequestLog()

    def subjects(self, request: Request) -> list[tuple[str, str]]:
        """Return the profile or session that the request counts against; none if its body cannot be parsed."""
        if request.endpoint.max_in_flight is None:
            return []
        try:
            body = json_text.decode(request.body)
        except ValueError:
            body = None
        return subjects(request.endpoint, request.found, body)

    def answer(self, request: Request) -> Answer:
        """Return the answer to a request that passed the checks of key and rate limit. Never raises."""
        try:
            with localcontext(EXACT):
                return self._replayed_or_new(request)
        except ApiError as error:
            return self.refusal(request.endpoint, error)
        except Exception:
            logger.exception("%s failed", request.endpoint.name)
            return self.refusal(
                request.endpoint, ApiError(500, [Problem("Internal", "the emulator failed; see its log")])
            )

    def refusal(self, endpoint: Endpoint | None, error: ApiError) -> Answer:
        """Return an error as an answer."""
        return Answer(error.status, json_text.encode(error.body(endpoint)))

    def _replayed_or_new(self, request: Request) -> Answer:
        key = request.header(b"idempotency-key")
        if key is None or not request.endpoint.idempotency_key or not self.account.current:
            return self._processed(request)
        digest = fingerprint(request.path, request.query, request.body)
        kept = self.replays.find(request.endpoint, key, digest)
        if kept is not None:
            request.replayed = True
            return kept
        answer = self._processed(request)
        if answer.status < 300:
            self.replays.keep(request.endpoint, key, digest, answer)
        return answer

    def _processed(self, request: Request) -> Answer:
        call = self._checked(request)
        handler = HANDLERS[request.endpoint.name]
        if not request.endpoint.writes:
            return handler(call)
        store = self.account.store
        store.db.execute("SAVEPOINT request")
        keep = False
        try:
            answer = handler(call)
            keep = not answer.dry
        except ApiError as error:
            keep = error.keep and self.account.switches.batch == "partial"
            raise
        finally:
            if not keep:
                store.db.execute("ROLLBACK TO request")
            store.db.execute("RELEASE request")
        return answer

    def _checked(self, request: Request) -> Call:
        endpoint, account = request.endpoint, self.account
        path = params.path_values(endpoint, request.found, account.era)
        query = params.query_values(endpoint.name, request.query, account.era, account.switches)
        body: Any = None
        bad: bodies.BadRows = {}
        upload = b""
        if endpoint.request is not None:
            body, bad = bodies.read(endpoint, request.body, account.switches)
        elif endpoint.request_media == "multipart":
            upload = bodies.uploaded(request.header(b"content-type") or "", request.body)
        return Call(account, endpoint, path, query, body, upload, not request.query, bad)
