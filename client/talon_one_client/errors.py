"""All errors of the client, grouped by what the caller does next.

TalonOneError
├── ConfigurationError        fix a setting, then run again
│   ├── MissingKeyError       the operation needs a key that is not set
│   ├── AuthenticationError   401: the key is wrong
│   ├── PermissionDeniedError 403: the key may not do this
│   ├── RateLimitUrlError     rate_limit_url cannot be used
│   └── TlsError              no trust: the server's certificate, or no TLS at all
├── RejectedError             reject this request or row; the same bytes will fail again
│   ├── InvalidRequestError   refused here, nothing was sent
│   ├── BadRequestError       400 and other 4xx
│   ├── NotFoundError         404
│   └── AlreadyExistsError    409 of an operation that creates something
├── TransientError            try again later; the client has already retried
│   ├── ConnectionFailedError no server answered
│   ├── RateLimitedError      429
│   ├── ConflictError         409: too many requests in flight on one profile or session
│   └── ServerError           408, 5xx
└── UnexpectedResponseError   the answer is not what Talon.One sends (a proxy, a wrong base URL)

None of them ever holds a key. https://docs.talon.one/docs/dev/getting-started/errors
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ApiErrorDetail:
    """One entry of the server's ``errors[]``; ``source`` is pointer, parameter, line or resource."""

    title: str
    details: str = ""
    source: str = ""
    source_kind: str = ""

    def __str__(self) -> str:
        where = f" at {self.source}" if self.source else ""
        if self.details and self.title.casefold() in self.details.casefold():
            return f"{self.details}{where}"
        return f"{self.title}{where}: {self.details}" if self.details else f"{self.title}{where}"


class TalonOneError(Exception):
    """Base of all errors of the client.

    Attributes:
        operation: snake_case name of the operation, or "" outside of one.
        status: HTTP status, None if there was no answer.
        server_message: the message of the server.
        errors: the server's ``errors[]``.
        request_id: the server's request id, if it sent one.
        attempts: how many requests were made.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        status: int | None = None,
        server_message: str = "",
        errors: tuple[ApiErrorDetail, ...] = (),
        request_id: str | None = None,
        attempts: int = 0,
    ) -> None:
        self.message = message
        self.operation = operation
        self.status = status
        self.server_message = server_message
        self.errors = errors
        self.request_id = request_id
        self.attempts = attempts
        super().__init__(message)

    @property
    def pointers(self) -> tuple[str, ...]:
        """JSON pointers into the request body that the server named."""
        return tuple(e.source for e in self.errors if e.source_kind == "pointer")

    def __str__(self) -> str:
        words, details = self.server_message, [str(e) for e in self.errors[:5]]
        if details and self.errors[0].title == words:
            words = details.pop(0)
        message = self._without_repetition(words)
        parts = [f"{self.operation}: {message}" if self.operation else message]
        if words:
            parts.append(f'Talon.One says "{words}"')
        parts.extend(details)
        if len(self.errors) > 5:
            parts.append(f"and {len(self.errors) - 5} more")
        if self.request_id:
            parts.append(f"request id {self.request_id}")
        return "; ".join(parts)

    def _without_repetition(self, words: str) -> str:
        """Return the message without what the words of the server say too."""
        head, _, explanation = self.message.rpartition(": ")
        clauses = explanation.split("; ")
        others = [clause for clause in clauses if clause.casefold() not in words.casefold()]
        if not head or len(others) == len(clauses):
            return self.message
        return f"{head}: {'; '.join(others)}" if others else head

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message,), dict(self.__dict__))


class ConfigurationError(TalonOneError):
    """A setting is wrong; fix it and run again."""


class MissingKeyError(ConfigurationError):
    """The operation needs a key that is not set."""


class AuthenticationError(ConfigurationError):
    """401: Talon.One does not accept the key."""


class PermissionDeniedError(ConfigurationError):
    """403: the key is known but may not do this."""


class TlsError(ConfigurationError):
    """The server's certificate was not accepted, or it does not speak TLS."""


class RejectedError(TalonOneError):
    """The request will fail again as it is."""


class InvalidRequestError(RejectedError):
    """The client refused the request; nothing was sent."""


class BadRequestError(RejectedError):
    """400, or another 4xx without an error class of its own."""


class NotFoundError(RejectedError):
    """404: no such program, card, profile, audience, catalog or coupon."""


class AlreadyExistsError(RejectedError):
    """409 of an operation that creates something."""


class TransientError(TalonOneError):
    """A retry later may succeed; the client has already retried for its whole retry budget."""


class ConnectionFailedError(TransientError):
    """There was no answer: the connection was refused, reset, timed out or cut off."""


class RateLimitedError(TransientError):
    """429: more requests than the account allows."""


class ConflictError(TransientError):
    """409: too many requests in flight on one profile or session."""


class ServerError(TransientError):
    """408 or 5xx."""


class RateLimitUrlError(ConfigurationError):
    """rate_limit_url cannot be used, whatever is called."""


class UnexpectedResponseError(TalonOneError):
    """The answer is not one of Talon.One: broken JSON, HTML, a redirect."""
