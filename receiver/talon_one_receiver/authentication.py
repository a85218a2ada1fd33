"""The secrets that Talon.One sends with a notification, and the check of requests against them.

A webhook of Talon.One sends a user and a password, or headers of one's own.
Source: https://docs.talon.one/docs/dev/get-started/webhooks
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talon_one_receiver.errors import FromBrowser, Unauthorized
from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import Headers

_SHORTEST = 8
TOKEN, USER, PASSWORD = "TALON_ONE_LISTEN_TOKEN", "TALON_ONE_LISTEN_USER", "TALON_ONE_LISTEN_PASSWORD"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request must bring: the token in its header, or user and password; nothing if neither is set.

    Attributes:
        header: name of the header with the token.
        token: its value; in ``Authorization``, it may follow the word Bearer.
        login: ``user:password``.
    """

    header: str = "Authorization"
    token: Secret | None = None
    login: Secret | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], header: str) -> Credentials:
        """Return the credentials of the environment.

        Raises:
            ConfigError: user or password is missing, or a secret is too short.
        """
        token, user, password = (environment.get(name, "") for name in (TOKEN, USER, PASSWORD))
        if bool(user) != bool(password):
            raise ConfigError(f"{USER} and {PASSWORD} belong together: set both, or neither")
        for name, value in ((TOKEN, token), (PASSWORD, password)):
            if value and len(value) < _SHORTEST:
                raise ConfigError(f"{name} is too short: set at least {_SHORTEST} characters")
        return cls(header, Secret(token) if token else None, Secret(f"{user}:{password}") if user else None)

    @property
    def secrets(self) -> list[Secret]:
        """All secrets, for the redaction of logs."""
        found = [self.token, self.login, self.login and Secret(self.login.reveal().partition(":")[2])]
        return [one for one in found if one]

    def check(self, headers: Headers) -> None:
        """Check a request.

        Raises:
            Unauthorized: it does not bring the secret.
            FromBrowser: a web page has sent it, to a receiver that may have no secret.
        """
        if "origin" in headers or "sec-fetch-site" in headers:
            raise FromBrowser("requests of web pages are not accepted")
        accepted = list(self._accepted())
        if accepted and not any(hmac.compare_digest(_sent(headers, name), value) for name, value in accepted):
            raise Unauthorized("the secret is missing or wrong")

    def _accepted(self) -> list[tuple[str, bytes]]:
        found = []
        if self.token:
            token = self.token.reveal().encode()
            found += [(self.header, token), (self.header, b"Bearer " + token)]
        if self.login:
            found.append(("Authorization", b"Basic " + base64.b64encode(self.login.reveal().encode())))
        return found


def _sent(headers: Headers, name: str) -> bytes:
    return headers.get(name, "").encode("latin-1", "replace")


def check_host(host: str, credentials: Credentials) -> None:
    """Check that a receiver that others than this machine can reach has a secret.

    Raises:
        ConfigError: it has none.
    """
    if not credentials.secrets and not is_loopback(host):
        raise ConfigError(
            f"--host {host} can be reached from other machines, so a secret is needed: set {TOKEN}, or {USER} and "
            f"{PASSWORD}, and enter it in the webhook of Talon.One"
        )


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
