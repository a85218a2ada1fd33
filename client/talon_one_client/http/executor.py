"""Execute a call from its endpoint row to the decoded answer: rate limit, attempts, retries, errors."""

from __future__ import annotations

import logging
import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from talon_one_client.connection.server_clock import ClockReading, read_date_header
from talon_one_client.errors import ConflictError
from talon_one_client.http.encoding import UNDECODABLE, decode_json
from talon_one_client.http.error_factory import ErrorFactory, is_temporary
from talon_one_client.http.request_builder import RequestBuilder
from talon_one_client.http.response_shapes import check_answer
from talon_one_client.http.retry_budget import RetryBudget
from talon_one_client.http.retry_policy import (
    RARELY_TEMPORARY,
    Failure,
    Outcome,
    TransportFailure,
    may_repeat,
    parse_retry_after,
)
from talon_one_client.http.waits import Bounds, never, retry_sleep
from talon_one_client.rate_limit.limiter import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.connection.config import ClientConfig
    from talon_one_client.endpoints import Endpoint
    from talon_one_client.errors import TalonOneError
    from talon_one_client.http.request_builder import Request
    from talon_one_client.http.transport import Response, Transport

T = TypeVar("T")
log = logging.getLogger("talon_one_client")
TOO_MANY_REQUESTS = 429


class Observer:
    """Is called for every request; override what you need. The calls come from worker threads."""

    def request(self, endpoint: Endpoint, status: int | None, seconds: float) -> None:
        """Note that a request has ended: ``status`` is None when there was no answer."""

    def retry(self, endpoint: Endpoint, reason: str, wait_s: float) -> None:
        """Note that a request will be repeated after ``wait_s`` seconds."""


class RequestExecutor:
    """Executes calls under a configuration. Thread-safe; ``clock``, both sleeps and ``rng`` are arguments for tests.

    Attributes:
        config: where and how to call.
        transport: sends the requests.
        rate_limiter: holds requests back until the rate limit allows them.
        last_clock_reading: both clocks at the last answer with a date; None before the first.
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
        rate_limit_sleep: Callable[[float], None] | None = None,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self.config = config
        self.transport = transport
        self.rate_limiter = RateLimiter(
            config, sleep=rate_limit_sleep, pause=rate_limit_sleep or sleep, pause_clock=clock, stop=stop
        )
        self.last_clock_reading: ClockReading | None = None
        self._observer = observer or Observer()
        self._stop = stop
        self._clock, self._sleep, self._rng = clock, sleep or retry_sleep(stop), rng
        self._requests, self._errors = RequestBuilder(config), ErrorFactory(config)
        self._has_answered = False

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
        """Send one request until it succeeds or a retry makes no sense; see TalonOneClient.call.

        Raises:
            TalonOneError: see talon_one_client.errors.
        """
        request = self._requests.build(
            endpoint, path=path, query=query, body=body, content=content, idempotency_key=idempotency_key
        )
        retries = RetryBudget(self.config, self._clock, self._rng)
        while True:
            self._stop()
            outcome, error, result = self._attempt(endpoint, request, decode, retries)
            if error is None:
                return result
            assert outcome is not None
            error.attempts = retries.attempts
            self._wait_for_retry(endpoint, request, outcome, error, retries)

    def read_server_clock(self, endpoint: Endpoint, path: Mapping[str, str | int]) -> ClockReading | None:
        """Return both clocks at the last answer, after one read if there was none yet. Answers of errors have a date.

        Args:
            endpoint: a read for which there is a key.
            path: its path parameters.

        Returns:
            None if the server does not answer, or sends no date.
        """
        if self.last_clock_reading is None:
            self._stop()
            request = self._requests.build(endpoint, path=path)
            self._attempt(endpoint, request, bytes, RetryBudget(self.config, self._clock, self._rng))
        return self.last_clock_reading

    def close(self) -> None:
        """Close all connections, those to a shared rate limit too."""
        self.transport.close()
        self.rate_limiter.close()

    def _wait_for_retry(
        self, endpoint: Endpoint, request: Request, outcome: Outcome, error: TalonOneError, retries: RetryBudget
    ) -> None:
        """Wait until the next attempt, or raise ``error`` if there is none."""
        is_busy = isinstance(error, ConflictError)
        useful = is_busy or may_repeat(endpoint, outcome.what, has_key=request.has_idempotency_key)
        if not useful or self._is_hopeless(outcome, retries):
            raise error
        wait_s = retries.wait_s(outcome, self.rate_limiter.server_wait_s(endpoint))
        if wait_s is None:
            error.message += retries.why_it_ends(outcome)
            raise error
        log.info("%s; trying again in %.1f s", error, wait_s)
        self._observer.retry(endpoint, str(error), wait_s)
        self._sleep(wait_s)

    def _is_hopeless(self, outcome: Outcome, retries: RetryBudget) -> bool:
        """Return whether more retries are useless: no server has ever answered, or the answers are not Talon.One's."""
        never_answered = outcome.what is Failure.CONNECT and not self._has_answered
        limited = never_answered or outcome.what in RARELY_TEMPORARY
        return limited and retries.attempts >= self.config.retry.first_contact_attempts

    def _attempt(
        self, endpoint: Endpoint, request: Request, decode: Callable[[bytes], T], retries: RetryBudget
    ) -> tuple[Outcome | None, TalonOneError | None, T | None]:
        """Return (outcome, error, None) of a failure, (None, None, result) of a success."""
        grant = self.rate_limiter.grant(endpoint)
        retries.begin_attempt(grant.waited_s)
        started, sent = self._clock(), datetime.now(UTC)
        bounds = Bounds(retries.deadline_s(started), self.config.max_answer_bytes, grant.depart)
        try:
            response = self.transport.send(endpoint.method, request.url, request.headers, request.body, bounds)
            grant.answered()
        except TransportFailure as failure:
            self._observer.request(endpoint, None, self._clock() - started)
            if failure.what is Failure.STOPPED:
                self._stop()
            error = self._errors.no_answer(endpoint, failure, has_answered=self._has_answered)
            return Outcome(failure.what), error, None
        self._observer.request(endpoint, response.status, self._clock() - started)
        self._note_answer(response, sent)
        answer = self._read(endpoint, response, decode)
        refused = response.status == TOO_MANY_REQUESTS
        retry_after_s = answer[0].retry_after_s if refused and answer[0] else None
        self.rate_limiter.answered(endpoint, refused=refused, retry_after_s=retry_after_s)
        return answer

    def _read(
        self, endpoint: Endpoint, response: Response, decode: Callable[[bytes], T]
    ) -> tuple[Outcome | None, TalonOneError | None, T | None]:
        """Return (outcome, error, None) of an answer that is a failure, (None, None, result) of a success."""
        if not 200 <= response.status < 300:
            retry_after_s = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
            what = Failure.FOREIGN if is_temporary(endpoint, response) else response.status
            return Outcome(what, retry_after_s), self._errors.of_status(endpoint, response), None
        try:
            check_answer(endpoint, response.status, response.body)
            return None, None, decode(response.body) if response.body else None
        except UNDECODABLE as error:
            what = Failure.SHAPE if isinstance(error, msgspec.ValidationError) else Failure.GARBLED
            return Outcome(what), self._errors.unreadable(endpoint, response, error), None

    def _note_answer(self, response: Response, sent: datetime) -> None:
        self._has_answered = True
        reading = read_date_header(response.headers.get("Date"), sent, datetime.now(UTC))
        self.last_clock_reading = reading or self.last_clock_reading
