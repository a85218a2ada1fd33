"""Send requests over HTTP: one small interface, by default on ``requests``."""

from __future__ import annotations

import http.client
import logging
import os
import ssl
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from talon_one_client.connection.config import check_bundle
from talon_one_client.http.response_body import read_body
from talon_one_client.http.retry_policy import Failure, TransportFailure
from talon_one_client.http.waits import DEFAULT_BOUNDS, Bounds, never
from talon_one_client.http.watchdog import Exchange, Watchdog, WatchedConnection, WatchedTlsConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.connection.config import ClientConfig

# urllib3 logs a traceback with the server's bytes if headers cannot be parsed; this module checks the answer itself.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer, decompressed: status, headers (any case), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Sends one request and returns the answer, whatever its status. No retries, no redirects."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, bounds: Bounds) -> Response:
        """Send one request; raises TransportFailure if there is no complete answer within the bounds."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class RequestsTransport:
    """``requests`` with one connection pool per thread.

    The adapter gets complete requests, because a session would follow redirects with the key, let a ``.netrc``
    replace the Authorization header, and rewrite percent-encoded paths.

    Args:
        config: where and how to send.
        stop: raises once the run was asked to stop; requests in flight are cut off ``stop_grace_s`` later.
    """

    def __init__(self, config: ClientConfig, stop: Callable[[], None] = never) -> None:
        self._watchdog = Watchdog(stop, config.stop_grace_s)
        self._timeout = (config.connect_timeout_s, config.read_timeout_s)
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        check_bundle("REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE", bundle)
        self._verify = bundle if config.verify is True and bundle else config.verify
        self._proxies = dict(requests.utils.get_environ_proxies(config.base_url))
        self._local = threading.local()
        self._adapters: weakref.WeakSet[HTTPAdapter] = weakref.WeakSet()  # a pool ends with its thread
        self._lock = threading.Lock()

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> Response:
        """Send one request; see Transport."""
        request = requests.PreparedRequest()
        request.method, request.url, request.body = method, url, body
        request.headers = CaseInsensitiveDict(headers)
        request.headers["Content-Length"] = str(len(body)) if body else "0"
        if body is None and method == "GET":
            del request.headers["Content-Length"]
        exchange = Exchange(bounds.deadline_s, bounds.depart)
        with self._watchdog.watching(exchange):
            try:
                response = self._exchange(request, bounds)
            except (TransportFailure, requests.RequestException, urllib3.exceptions.HTTPError) as error:
                exchange.raise_if_cut()
                raise (error if isinstance(error, TransportFailure) else _failure(error)) from None
            exchange.raise_if_cut()
            return response

    def _exchange(self, request: requests.PreparedRequest, bounds: Bounds) -> Response:
        answer = self._adapter().send(
            request, stream=True, timeout=self._timeout, verify=self._verify, proxies=self._proxies
        )
        complete = False
        try:
            if answer.status_code < 200:
                raise TransportFailure(Failure.GARBLED, f"HTTP {answer.status_code} is no answer")
            body = read_body(answer.raw, answer.headers.get("Content-Encoding", ""), bounds.max_bytes)
            complete = True
            return Response(answer.status_code, answer.headers, body)
        finally:
            if not complete:
                answer.raw.close()  # the rest of this answer must not be taken for the next one

    def close(self) -> None:
        """Close the pools of all threads."""
        self._watchdog.close()
        with self._lock:
            for adapter in self._adapters:
                adapter.close()
            self._adapters.clear()
        self._local = threading.local()

    def _adapter(self) -> HTTPAdapter:
        adapter: HTTPAdapter | None = getattr(self._local, "adapter", None)
        if adapter is None:
            adapter = self._local.adapter = _WatchedAdapter(pool_connections=2, pool_maxsize=2, max_retries=0)
            with self._lock:
                self._adapters.add(adapter)
        return adapter


class _WatchedAdapter(HTTPAdapter):
    """An adapter whose connections can be cut off from outside."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Return the pool for a request; see the base class."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = WatchedTlsConnection if pool.scheme == "https" else WatchedConnection
        return pool


def _failure(error: requests.RequestException | urllib3.exceptions.HTTPError) -> TransportFailure:
    failure, reason = Failure.BROKEN, _reason(error)
    deepest = _deepest(error)
    if isinstance(error, requests.exceptions.SSLError):
        failure = _tls_failure(deepest)
    elif isinstance(error, requests.exceptions.ProxyError):
        failure, reason = Failure.CONNECT, f"the proxy refuses the connection: {reason}"
    elif isinstance(error, requests.exceptions.ConnectTimeout):
        failure, reason = Failure.CONNECT, "the connection timed out"
    elif isinstance(error, requests.exceptions.ReadTimeout):
        reason = "no answer within the read timeout"
    elif isinstance(deepest, urllib3.exceptions.NewConnectionError):
        failure = Failure.CONNECT
    elif isinstance(deepest, http.client.HTTPException) and not isinstance(deepest, _CUT_OFF):
        failure, reason = Failure.GARBLED, "the server does not speak HTTP"
    elif isinstance(deepest, requests.exceptions.InvalidHeader | urllib3.exceptions.InvalidHeader):
        failure, reason = Failure.GARBLED, f"the server does not speak HTTP: {reason}"
    return TransportFailure(failure, reason)


_CUT_OFF = (http.client.RemoteDisconnected, http.client.IncompleteRead, urllib3.exceptions.IncompleteRead)


def _tls_failure(deepest: BaseException) -> Failure:
    """Return TLS if no TLS connection was made; a connection that breaks later may have carried the request."""
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
    """Return the innermost of the exceptions that ``requests`` and ``urllib3`` wrap around each other."""
    while True:
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = error.args[-1] if error.args else None
        if not isinstance(inner, BaseException):
            return error
        error = inner


def _reason(error: BaseException) -> str:
    """Return the message of the innermost exception, without object addresses."""
    deepest = _deepest(error)
    text = str(deepest).rsplit("): ", 1)[-1].strip()
    return text or type(deepest).__name__
