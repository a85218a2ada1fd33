"""How bytes get to Talon.One and back: one small interface, by default on ``requests``."""

from __future__ import annotations

import http.client
import os
import ssl
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from talon_one_client.config import check_bundle
from talon_one_client.retry import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_client.config import ClientConfig


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer, decompressed: status, headers (any case), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransportFailure(Exception):
    """No usable answer. ``what`` tells whether the request can have reached the server."""

    def __init__(self, what: Failure, reason: str) -> None:
        self.what = what
        self.reason = reason
        super().__init__(reason)


class Transport(Protocol):
    """Sends one request and returns the answer, whatever its status. No retries, no redirects."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        """Raises TransportFailure if there is no complete answer."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class RequestsTransport:
    """``requests`` with one connection pool per thread.

    Requests are handed to the adapter ready-made: sessions would follow redirects with the key, let a
    ``.netrc`` replace the Authorization header, and rewrite percent-encoded paths.
    """

    def __init__(self, config: ClientConfig) -> None:
        self._timeout = (config.connect_timeout_s, config.read_timeout_s)
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        check_bundle("REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE", bundle)
        self._verify = bundle if config.verify is True and bundle else config.verify
        self._proxies = dict(requests.utils.get_environ_proxies(config.base_url))
        self._local = threading.local()
        self._adapters: weakref.WeakSet[HTTPAdapter] = weakref.WeakSet()  # a pool goes with its thread
        self._lock = threading.Lock()

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        """One request; see Transport."""
        request = requests.PreparedRequest()
        request.method, request.url, request.body = method, url, body
        request.headers = CaseInsensitiveDict(headers)
        request.headers["Content-Length"] = str(len(body)) if body else "0"
        if body is None and method == "GET":
            del request.headers["Content-Length"]
        try:
            answer = self._adapter().send(request, timeout=self._timeout, verify=self._verify, proxies=self._proxies)
            return Response(answer.status_code, answer.headers, answer.content)
        except requests.RequestException as error:
            raise _failure(error) from None
        except urllib3.exceptions.HTTPError as error:
            raise TransportFailure(Failure.BROKEN, _reason(error)) from None

    def close(self) -> None:
        """Close the pools of all threads."""
        with self._lock:
            for adapter in self._adapters:
                adapter.close()
            self._adapters.clear()
        self._local = threading.local()

    def _adapter(self) -> HTTPAdapter:
        adapter: HTTPAdapter | None = getattr(self._local, "adapter", None)
        if adapter is None:
            adapter = self._local.adapter = HTTPAdapter(pool_connections=2, pool_maxsize=2, max_retries=0)
            with self._lock:
                self._adapters.add(adapter)
        return adapter


def _failure(error: requests.RequestException) -> TransportFailure:
    failure, reason = Failure.BROKEN, _reason(error)
    deepest = _deepest(error)
    if isinstance(error, requests.exceptions.SSLError):
        failure = _tls_failure(deepest)
    elif isinstance(error, requests.exceptions.ProxyError):
        failure, reason = Failure.CONNECT, f"the proxy does not let it through: {reason}"
    elif isinstance(error, requests.exceptions.ConnectTimeout):
        failure, reason = Failure.CONNECT, "the connection timed out"
    elif isinstance(error, requests.exceptions.ReadTimeout):
        reason = "no answer within the read time-out"
    elif isinstance(deepest, urllib3.exceptions.NewConnectionError):
        failure = Failure.CONNECT
    elif isinstance(deepest, http.client.BadStatusLine) and not isinstance(deepest, http.client.RemoteDisconnected):
        failure, reason = Failure.GARBLED, "what is there does not speak HTTP"
    return TransportFailure(failure, reason)


def _tls_failure(deepest: BaseException) -> Failure:
    """TLS if the two never agreed; a TLS connection that breaks later may have carried the request."""
    if isinstance(deepest, ssl.SSLCertVerificationError | urllib3.exceptions.SSLError):
        return Failure.TLS
    known = isinstance(deepest, ssl.SSLError) and deepest.reason in _NO_AGREEMENT
    return Failure.TLS if known else Failure.BROKEN


_NO_AGREEMENT = frozenset(
    {
        "WRONG_VERSION_NUMBER",
        "HTTP_REQUEST",
        "UNSUPPORTED_PROTOCOL",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "CERTIFICATE_VERIFY_FAILED",
    }
)


def _deepest(error: BaseException) -> BaseException:
    """The innermost exception among those that ``requests`` and ``urllib3`` wrap around each other."""
    while True:
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = error.args[-1] if error.args else None
        if not isinstance(inner, BaseException):
            return error
        error = inner


def _reason(error: BaseException) -> str:
    """The innermost words of an exception, without object addresses."""
    deepest = _deepest(error)
    text = str(deepest).rsplit("): ", 1)[-1].strip()
    return text or type(deepest).__name__
