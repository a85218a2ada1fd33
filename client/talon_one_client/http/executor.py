"""One call, from the endpoint row to the decoded answer: keys, budget, retries, errors."""

from __future__ import annotations

import logging
import random
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from talon_one_client import errors as e
from talon_one_client.http.encoding import UNDECODABLE, decode_json, encode_json, error_body, url_path, url_query
from talon_one_client.http.response_shapes import check_answer
from talon_one_client.http.retry_budget import Patience
from talon_one_client.http.retry_policy import (
    HARDLY_MENDS,
    Failure,
    Outcome,
    TransportFailure,
    may_repeat,
    parse_retry_after,
)
from talon_one_client.http.server_clock import Sighting, sighted
from talon_one_client.http.status_errors import error_kind, explain
from talon_one_client.http.waits import Bounds, interruptible_sleep, never
from talon_one_client.rate_limit.limiter import RateBudget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.connection.config import ClientConfig
    from talon_one_client.endpoints import Endpoint
    from talon_one_client.http.transport import Response, Transport

T = TypeVar("T")
log = logging.getLogger("talon_one_client")


class Observer:
    """Told about every request; override what you need. Called from worker threads."""

    def request(self, endpoint: Endpoint, status: int | None, seconds: float) -> None:
        """A request ended: ``status`` is None when there was no answer."""

    def retry(self, endpoint: Endpoint, reason: str, wait_s: float) -> None:
        """A request will be repeated after ``wait_s`` seconds."""


class Caller:
    """Makes calls under a configuration. Thread-safe; ``clock``, ``sleep`` and ``rng`` are for tests.

    ``stop`` is called before every request and during waits, and raises once the run is to end.
    """

    def __init__(
        self,
        config: ClientConfig,
        transport: Transport,
        *,
        observer: Observer | None = None,
        stop: Callable[[], None] = never,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
        budget_sleep: Callable[[float], None] | None = None,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self.config = config
        self.transport = transport
        self.budget = RateBudget(config, sleep=budget_sleep, stop=stop)
        self.observer = observer or Observer()
        self._stop = stop
        self._clock, self._sleep, self._rng = clock, sleep or interruptible_sleep(stop), rng
        self._met = False
        self.sighting: Sighting | None = None
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": config.user_agent,
        }

    def call(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: tuple[str, bytes] | None = None,
        idempotency_key: str | None = None,
        decode: Callable[[bytes], T] = decode_json,
    ) -> T | None:
        """Send one request until it succeeds or retrying makes no sense.

        Args:
            endpoint: row of the endpoint table.
            path: path parameters by wire name.
            query: query parameters by wire name; None values are left out.
            body: JSON body, or ``content``: (content type, bytes).
            idempotency_key: at most 255 characters; made up where the operation documents one.
            decode: turns the body of a success into the result; not called for a 204.

        Raises:
            TalonOneError: see talon_one_client.errors.
        """
        url = self.config.base_url + url_path(endpoint, path or {}) + url_query(endpoint, query or {})
        headers, data = self._request_parts(endpoint, body, content, idempotency_key)
        has_key = "Idempotency-Key" in headers
        patience = Patience(self.config, self._clock, self._rng)
        while True:
            self._stop()
            outcome, failure, result = self._attempt(endpoint, (url, headers, data), decode, patience)
            if failure is None:
                return result
            assert outcome is not None
            failure.attempts = patience.attempts
            repeat = may_repeat(endpoint, outcome.what, has_key=has_key) and not self._hopeless(outcome, patience)
            wait = patience.wait_s(outcome) if repeat else None
            if wait is None:
                if repeat:
                    failure.message += patience.why_it_ends(outcome)
                raise failure
            self._pause(endpoint, failure, wait)

    def sight_clock(self, endpoint: Endpoint, path: Mapping[str, str | int]) -> Sighting | None:
        """What the server's clock says: by its last answer, else by one read. Any answer tells the time, errors too.

        Args:
            endpoint: a read for which there is a key.
            path: its path parameters.

        Returns:
            None if the server does not answer, or does not say the time.
        """
        if self.sighting is None:
            self._stop()
            url = self.config.base_url + url_path(endpoint, path)
            headers, _ = self._request_parts(endpoint, None, None, None)
            self._attempt(endpoint, (url, headers, None), bytes, Patience(self.config, self._clock, self._rng))
        return self.sighting

    def _pause(self, endpoint: Endpoint, failure: e.TalonOneError, wait: float) -> None:
        log.info("%s; trying again in %.1f s", failure, wait)
        self.observer.retry(endpoint, str(failure), wait)
        self._sleep(wait)

    def _hopeless(self, outcome: Outcome, patience: Patience) -> bool:
        """True for failures that do not mend with time: nobody has ever answered, or what answers is something else."""
        never_met = outcome.what is Failure.CONNECT and not self._met
        limited = never_met or outcome.what in HARDLY_MENDS
        return limited and patience.attempts >= self.config.retry.first_contact_attempts

    def _request_parts(
        self, endpoint: Endpoint, body: Any, content: tuple[str, bytes] | None, idempotency_key: str | None
    ) -> tuple[dict[str, str], bytes | None]:
        headers = {**self._headers, "Authorization": self._authorization(endpoint)}
        if endpoint.response_media == "csv":
            headers["Accept"] = "application/csv, application/json"
        data: bytes | None = None
        if content is not None:
            headers["Content-Type"], data = content
        elif body is not None:
            _check_items(endpoint, body)
            headers["Content-Type"], data = "application/json", _encoded(endpoint, body)
        if endpoint.idempotency_key:
            headers["Idempotency-Key"] = _checked_idempotency_key(endpoint, idempotency_key or str(uuid.uuid4()))
        return headers, data

    def _authorization(self, endpoint: Endpoint) -> str:
        if endpoint.api == "integration":
            if self.config.api_key is None:
                raise e.MissingKeyError("needs the Integration API key; set api_key", operation=endpoint.name)
            return f"ApiKey-v1 {self.config.api_key.reveal()}"
        if self.config.management_key is None:
            raise e.MissingKeyError("needs the Management API key; set management_key", operation=endpoint.name)
        key = self.config.management_key.reveal()
        return key if key.startswith("Bearer ") else f"ManagementKey-v1 {key}"

    def _attempt(
        self,
        endpoint: Endpoint,
        request: tuple[str, dict[str, str], bytes | None],
        decode: Callable[[bytes], T],
        patience: Patience,
    ) -> tuple[Outcome | None, e.TalonOneError | None, T | None]:
        """(outcome, error, None) of a failure, (None, None, result) of a success."""
        grant = self.budget.grant(endpoint)
        patience.begin_attempt(grant.waited_s)
        started, sent = self._clock(), datetime.now(UTC)
        bounds = Bounds(patience.deadline_s(started), self.config.max_answer_bytes, grant.depart)
        try:
            response = self.transport.send(endpoint.method, *request, bounds)
            grant.answered()
        except TransportFailure as failure:
            self.observer.request(endpoint, None, self._clock() - started)
            if failure.what is Failure.STOPPED:
                self._stop()
            return Outcome(failure.what), self._no_answer(endpoint, failure), None
        self.observer.request(endpoint, response.status, self._clock() - started)
        self._note(response, sent)
        if not 200 <= response.status < 300:
            retry_after = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
            return Outcome(response.status, retry_after), self._error(endpoint, response), None
        try:
            check_answer(endpoint, response.status, response.body)
            return None, None, decode(response.body) if response.body else None
        except UNDECODABLE as error:
            what = Failure.SHAPE if isinstance(error, msgspec.ValidationError) else Failure.GARBLED
            return Outcome(what), self._garbled(endpoint, response, error), None

    def _note(self, response: Response, sent: datetime) -> None:
        self._met = True
        self.sighting = sighted(response.headers.get("Date"), sent, datetime.now(UTC)) or self.sighting

    def _no_answer(self, endpoint: Endpoint, failure: Any) -> e.TalonOneError:
        where = self.config.base_url
        if failure.what is Failure.TLS:
            return e.TlsError(
                f"the certificate of {where} was not accepted ({failure.reason}); check base_url, "
                "or set verify to your CA bundle",
                operation=endpoint.name,
            )
        if failure.what in (Failure.DAMAGED, Failure.TOO_LARGE):
            return e.UnexpectedResponseError(
                f"{where} does not answer as Talon.One does: {failure.reason}; "
                "if this stays so, check base_url and what stands between it and you",
                operation=endpoint.name,
            )
        hint = "" if self._met else "; check base_url"
        return e.ConnectionFailedError(f"{where} does not answer: {failure.reason}{hint}", operation=endpoint.name)

    def _error(self, endpoint: Endpoint, response: Response) -> e.TalonOneError:
        message, details, request_id = error_body(response.body)
        kind, explanation = error_kind(endpoint, response.status), explain(endpoint, response.status)
        if response.status in (403, 404) and not _is_talon_one(response):
            kind = e.UnexpectedResponseError if kind is e.NotFoundError else kind
            explanation = (
                f"HTTP {response.status}, and not in the words of Talon.One: it comes from a gateway, proxy or "
                "firewall; check base_url and what stands in between"
            )
        return kind(
            explanation,
            operation=endpoint.name,
            status=response.status,
            server_message=self._mask(message),
            errors=tuple(self._masked(detail) for detail in details),
            request_id=self._mask(request_id or response.headers.get("X-Request-Id") or "") or None,
        )

    def _garbled(self, endpoint: Endpoint, response: Response, error: Exception) -> e.TalonOneError:
        with_body = endpoint.response_media == "csv" or any(endpoint.responses.values())
        documented = endpoint.response_media.upper() if with_body else "empty one"
        return e.UnexpectedResponseError(
            f"the answer is not the {documented} that Talon.One sends ({self._mask(str(error))}); "
            "if this stays so, check base_url and what stands between it and you",
            operation=endpoint.name,
            status=response.status,
            request_id=self._mask(response.headers.get("X-Request-Id") or "") or None,
        )

    def _masked(self, detail: e.ApiErrorDetail) -> e.ApiErrorDetail:
        title, details, source = map(self._mask, (detail.title, detail.details, detail.source))
        return replace(detail, title=title, details=details, source=source)

    def _mask(self, text: str) -> str:
        for key in (self.config.api_key, self.config.management_key):
            secret = key.reveal().removeprefix("Bearer ") if key is not None else ""
            if len(secret) >= 4:
                text = text.replace(secret, "********")
        return text


def _encoded(endpoint: Endpoint, body: Any) -> bytes:
    try:
        return encode_json(body)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise e.InvalidRequestError(f"the body cannot be written as JSON: {error}", operation=endpoint.name) from error


def _is_talon_one(response: Response) -> bool:
    """Whether an error is in the words of Talon.One, which says little in some: an empty object."""
    try:
        there = decode_json(response.body)
    except msgspec.DecodeError:
        return False
    return isinstance(there, dict) and (not there or not there.keys().isdisjoint({"message", "errors", "StatusCode"}))


def _check_items(endpoint: Endpoint, body: Any) -> None:
    if not endpoint.items or endpoint.max_items is None or not isinstance(body, dict):
        return
    items = body.get(endpoint.items)
    if isinstance(items, list | tuple) and len(items) > endpoint.max_items:
        raise e.InvalidRequestError(
            f"{len(items)} {endpoint.items} in one request; at most {endpoint.max_items} are allowed",
            operation=endpoint.name,
        )


def _checked_idempotency_key(endpoint: Endpoint, key: str) -> str:
    if len(key) > 255 or not key.isascii() or not key.isprintable():
        raise e.InvalidRequestError(
            "idempotency_key must have at most 255 printable ASCII characters", operation=endpoint.name
        )
    return key
