"""The client's configuration: small, frozen, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from talon_one_client.connection.base_url import checked_base_url
from talon_one_client.errors import ConfigurationError
from talon_one_singer.settings.secret import Secret


@dataclass(frozen=True, slots=True)
class RetryConfig:
    """When and for how long to retry a request.

    Attributes:
        max_attempts: attempts of one call; None: bounded by ``budget_s`` only.
        base_s: upper bound of the first wait; it doubles with every attempt.
        cap_s: upper bound of every wait.
        budget_s: seconds that may be spent on one call, waits included.
        first_contact_attempts: attempts until a server has answered once, so that a wrong base URL fails within
            seconds.
    """

    max_attempts: int | None = None
    base_s: float = 0.5
    cap_s: float = 30.0
    budget_s: float = 300.0
    first_contact_attempts: int = 3


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """How to reach Talon.One.

    Attributes:
        base_url: ``https://<deployment>.talon.one``; kept in its normalized form.
        api_key: Integration API key (``ApiKey-v1``).
        management_key: Management API key (``ManagementKey-v1``), or a session token as ``Bearer <token>``.
        requests_per_second: rate limit of the integration key; None: no limit but the server's.
        management_requests_per_second: rate limit of each management endpoint.
        rate_limit_url: where the rate limits are shared: None (this process), ``sqlite:///path`` (this machine) or
            ``redis://host/0`` (many machines).
        connect_timeout_s: timeout of connecting.
        read_timeout_s: timeout of waiting for the next bytes.
        answer_deadline_s: seconds from sending a request to the last byte of its answer. None: what is left of the
            retry budget, at most 300 s and never less than read_timeout_s.
        max_answer_bytes: largest body of an answer, before and after decompression.
        stop_grace_s: how long a request may continue after the run was asked to end.
        allow_http: call another host than this machine without encryption.
        verify: check TLS certificates; a path names a CA bundle.
        transport: ``auto`` sends with libcurl where it can be used, ``requests`` always with requests.
        user_agent: names the program to Talon.One.
        retry: when and for how long to retry.

    The keys and rate_limit_url are taken as text too, and kept as secrets.

    Raises:
        ConfigurationError: a value cannot be used; the message names it.
    """

    base_url: str
    api_key: Secret | None = None
    management_key: Secret | None = None
    requests_per_second: float | None = None
    management_requests_per_second: float = 3.0
    rate_limit_url: Secret | None = None
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    answer_deadline_s: float | None = None
    max_answer_bytes: int = 128 * 1024 * 1024
    stop_grace_s: float = 5.0
    allow_http: bool = False
    verify: bool | str = True
    transport: Literal["auto", "requests"] = "auto"
    user_agent: str = "talon-one-connector"
    retry: RetryConfig = field(default_factory=RetryConfig)

    def __post_init__(self) -> None:
        check_bundle("verify", self.verify)
        if self.transport not in ("auto", "requests"):
            raise ConfigurationError(f"transport must be auto or requests, not {self.transport!r}")
        object.__setattr__(self, "base_url", checked_base_url(self.base_url, allow_http=self.allow_http))
        for name in ("api_key", "management_key"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _checked_key(name, _revealed(value)))
        if self.rate_limit_url is not None:
            object.__setattr__(self, "rate_limit_url", Secret(_revealed(self.rate_limit_url)))
        rates = {
            "requests_per_second": self.requests_per_second,
            "management_requests_per_second": self.management_requests_per_second,
            "connect_timeout_s": self.connect_timeout_s,
            "read_timeout_s": self.read_timeout_s,
            "answer_deadline_s": self.answer_deadline_s,
            "max_answer_bytes": self.max_answer_bytes,
        }
        for name, number in rates.items():
            if number is not None and number <= 0:
                raise ConfigurationError(f"{name} must be greater than 0, not {number}")


def check_bundle(name: str, verify: bool | str | None) -> None:
    """Raise ConfigurationError if ``verify`` is a path and nothing is there."""
    if isinstance(verify, str) and not Path(verify).exists():
        raise ConfigurationError(f"{name}: there is no CA bundle at {verify!r}")


def _revealed(value: Secret | str) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _checked_key(name: str, value: str) -> Secret | None:
    value = value.strip()
    if not value:
        return None
    if not value.isascii() or not value.isprintable():
        raise ConfigurationError(f"{name} holds characters that no key has; copy it again from the Campaign Manager")
    value = value.removeprefix({"api_key": "ApiKey-v1 ", "management_key": "ManagementKey-v1 "}[name])
    return Secret(value)
