"""The reference transport: ``requests``."""

from __future__ import annotations

import http.client
import logging
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from talon_one_client.http.retry_policy import Failure, TransportFailure
from talon_one_client.http.transport import Response, check_headers
from talon_one_client.http.transports.environment import environment_proxies, trusted_certificates
from talon_one_client.http.transports.idle_senders import IdleSenders
from talon_one_client.http.transports.response_body import read_body
from talon_one_client.http.transports.watchdog import Exchange, Watchdog, shut_down
from talon_one_client.http.waits import DEFAULT_BOUNDS, Bounds, never

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.connection.config import ClientConfig

# urllib3 logs a traceback with the server's bytes if headers cannot be parsed; this module checks the answer itself.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


class RequestsTransport:
    """``requests`` with one connection for each request in flight.

    The adapter gets complete requests, because a session would follow redirects with the key, let a ``.netrc``
    replace the Authorization header, and rewrite percent-encoded paths.

    Args:
        config: where and how to send.
        stop: raises once the run was asked to stop; requests in flight are cut off ``stop_grace_s`` later.
    """

    def __init__(self, config: ClientConfig, stop: Callable[[], None] = never) -> None:
        self._watchdog = Watchdog(stop, config.stop_grace_s)
        self._timeout = (config.connect_timeout_s, config.read_timeout_s)
        self._verify = trusted_certificates(config)
        self._proxies = environment_proxies(config)
        self._senders = IdleSenders(_Sender, self._watchdog)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> Response:
        """Send one request; see Transport."""
        check_headers(headers)
        request = requests.PreparedRequest()
        request.method, request.url, request.body = method, url, body
        request.headers = CaseInsensitiveDict(headers)
        request.headers["Content-Length"] = str(len(body)) if body else "0"
        if body is None and method == "GET":
            del request.headers["Content-Length"]
        sender = self._senders.take()
        exchange = sender.exchange
        with self._senders.sending(sender, bounds):
            try:
                return self._exchange(sender, request, bounds)
            except (TransportFailure, requests.RequestException, urllib3.exceptions.HTTPError) as error:
                exchange.raise_if_cut()
                raise (error if isinstance(error, TransportFailure) else _failure(error, exchange.departed)) from None

    def _exchange(self, sender: _Sender, request: requests.PreparedRequest, bounds: Bounds) -> Response:
        answer = sender.adapter.send(
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
        """Close all connections."""
        self._watchdog.close()
        self._senders.close()


class _Sender:
    """An adapter with one connection, and its exchange."""

    def __init__(self) -> None:
        self.connection: Any = None
        self.socket: Any = None
        self.exchange = Exchange(self._shut_down)
        self.adapter = _WatchedAdapter(self)

    def close(self) -> None:
        """Close the connection."""
        self.adapter.close()

    def _shut_down(self) -> None:
        # The socket of an answer that ends with the connection is no longer known to the connection.
        found = self.socket or getattr(self.connection, "sock", None)
        if found is not None:
            shut_down(found)


class _WatchedAdapter(HTTPAdapter):
    """An adapter whose connections can be cut off from outside."""

    def __init__(self, sender: _Sender) -> None:
        self._sender = sender
        super().__init__(pool_connections=2, pool_maxsize=1, max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Return the pool for a request; see the base class."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        kind = _WatchedTlsConnection if pool.scheme == "https" else _WatchedConnection
        pool.ConnectionCls = partial(kind, self._sender)
        return pool


class _WatchedConnection(urllib3.connection.HTTPConnection):
    """A connection that reports to the exchange of its thread."""

    def __init__(self, sender: _Sender, *args: Any, **kwargs: Any) -> None:
        self._sender = sender
        super().__init__(*args, **kwargs)

    def connect(self) -> None:
        """Connect; see the base class."""
        self._sender.connection, self._sender.socket = self, None
        super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Connect, wait for the departure, then send; see the base class."""
        if self.sock is None:
            self.connect()
        self._sender.connection, self._sender.socket = self, self.sock
        self._sender.exchange.depart()
        super().request(*args, **kwargs)


class _WatchedTlsConnection(_WatchedConnection, urllib3.connection.HTTPSConnection):
    """A TLS connection that reports to the exchange of its thread; ``super().connect()`` is that of the TLS class."""


def _failure(error: requests.RequestException | urllib3.exceptions.HTTPError, departed: bool) -> TransportFailure:
    """Return the failure; a request that has not departed has certainly not been processed."""
    failure, reason = Failure.BROKEN if departed else Failure.CONNECT, _reason(error)
    deepest = _deepest(error)
    if isinstance(error, requests.exceptions.SSLError):
        failure = Failure.TLS if _is_refused(deepest) else failure
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


def _is_refused(deepest: BaseException) -> bool:
    """Return whether there can be no TLS connection; one that breaks later may have carried the request."""
    if isinstance(deepest, ssl.SSLCertVerificationError | urllib3.exceptions.SSLError):
        return True
    return isinstance(deepest, ssl.SSLError) and deepest.reason in _NO_AGREEMENT


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
