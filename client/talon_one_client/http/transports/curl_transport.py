"""The fast transport: libcurl, by ``pycurl``. See docs/decisions/0019-libcurl.md."""

from __future__ import annotations

import select
import socket
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import pycurl

from talon_one_client.http.retry_policy import Failure, TransportFailure
from talon_one_client.http.transport import Headers, Response, check_headers
from talon_one_client.http.transports.curl_failures import failure_of
from talon_one_client.http.transports.environment import environment_proxy, trusted_certificates
from talon_one_client.http.transports.helper_thread import HelperThread
from talon_one_client.http.transports.idle_senders import IdleSenders
from talon_one_client.http.transports.response_body import BodyReader, too_large
from talon_one_client.http.transports.watchdog import Exchange, Watchdog, shut_down
from talon_one_client.http.waits import DEFAULT_BOUNDS, SLICE_S, Bounds, never

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from talon_one_client.connection.config import ClientConfig

BUFFER_BYTES = 128 * 1024
LARGE_BODY_BYTES = 256 * 1024  # a request that takes long to send is not silent
MOST_HEADERS = 100
LONGEST_HEADER = 65_536
_ABORT = 0  # a callback for data returns this to end the transfer
_DONE = 0  # a callback for sockets returns this
_CONTINUE = 100


class CurlTransport:
    """libcurl with one connection for each request in flight.

    Args:
        config: where and how to send.
        stop: raises once the run was asked to stop; requests in flight are cut off ``stop_grace_s`` later.
    """

    def __init__(self, config: ClientConfig, stop: Callable[[], None] = never) -> None:
        self._watchdog = Watchdog(stop, config.stop_grace_s)
        verify, proxy = trusted_certificates(config), environment_proxy(config)
        self._senders = IdleSenders(lambda: _Sender(config, verify, proxy), self._watchdog)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> Response:
        """Send one request; see Transport.

        libcurl does not let Python handle signals, and they are handled in the main thread: a request of the main
        thread is sent by another one, while the main thread waits for it and stays interruptible. A signal handler
        may send a request too, at any moment of this method.
        """
        check_headers(headers)
        sender = self._senders.take()
        request = partial(sender.send, method, url, headers, body, bounds)
        if threading.get_ident() != threading.main_thread().ident:
            return self._watched(sender, request, bounds)
        answer = sender.helper.submit(partial(self._watched, sender, request, bounds))
        try:
            return _awaited(answer)
        except BaseException:
            sender.exchange.cut(TransportFailure(Failure.STOPPED, "the request was interrupted"))
            raise

    def _watched(self, sender: _Sender, request: Callable[[], Response], bounds: Bounds) -> Response:
        with self._senders.sending(sender, bounds):
            return request()

    def close(self) -> None:
        """Close all connections."""
        self._watchdog.close()
        self._senders.close()


def _awaited(answer: Future[Response]) -> Response:
    """Return the answer; handle a signal that came right before the wait, or to another thread, soon nevertheless."""
    while True:
        try:
            return answer.result(SLICE_S)
        except TimeoutError:
            if answer.done():  # it is the request's own error
                return answer.result()


class _Sender:
    """A handle of libcurl with one connection, and its exchange."""

    def __init__(self, config: ClientConfig, verify: bool | str, proxy: str | None) -> None:
        self.exchange = Exchange(self._shut_down, config.read_timeout_s)
        self.helper = HelperThread()
        self._proxied = proxy is not None
        self._sockets: set[Any] = set()  # their numbers
        self._is_doubtful = False  # the last request on the connection has failed
        self._curl = curl = pycurl.Curl()
        for option, value in {
            pycurl.NOSIGNAL: 1,
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
            pycurl.PATH_AS_IS: 1,
            pycurl.MAXCONNECTS: 1,
            pycurl.BUFFERSIZE: BUFFER_BYTES,
            pycurl.CONNECTTIMEOUT_MS: max(1, round(config.connect_timeout_s * 1000)),
            pycurl.PROXY: proxy or "",  # an empty one keeps libcurl from reading the environment
            pycurl.NOPROXY: "",
            pycurl.HEADERFUNCTION: self._on_header,
            pycurl.WRITEFUNCTION: self._on_body,
            pycurl.PREREQFUNCTION: self._on_departure,
            pycurl.SOCKOPTFUNCTION: self._on_socket,
            pycurl.CLOSESOCKETFUNCTION: self._on_close,
            pycurl.XFERINFOFUNCTION: self._on_progress,
        }.items():
            curl.setopt(option, value)
        _trust(curl, verify)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, bounds: Bounds) -> Response:
        """Send one request and return the answer.

        Raises:
            TransportFailure: there is no complete answer.
        """
        self._head, self._max_bytes = _Head(), bounds.max_bytes
        self._reader: BodyReader | None = None
        self._raised: BaseException | None = None
        self._sent = 0
        self._prepare(method, url, headers, body)
        self._is_doubtful = True
        try:
            self._curl.perform()
        except pycurl.error as error:
            self.exchange.raise_if_cut()
            raise (self._raised or self._failure(error.args[0])) from None
        self.exchange.raise_if_cut()
        if self._reader is None:
            raise TransportFailure(Failure.BROKEN, "the server closed the connection within the headers")
        found = self._reader.finish()
        self._is_doubtful = False
        return Response(self._head.status, self._head.headers, found)

    def close(self) -> None:
        """Close the connection."""
        self.helper.close()
        self._curl.close()

    def _prepare(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> None:
        lines = [f"{name}: {value}" for name, value in headers.items()]
        curl = self._curl
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.FRESH_CONNECT, int(self._is_doubtful or self._was_closed()))
        if body is None and method == "GET":
            curl.setopt(pycurl.HTTPGET, 1)
            curl.unsetopt(pycurl.CUSTOMREQUEST)
        else:
            # libcurl would add both headers: the one delays large bodies, the other names a type that none has.
            lines += ["Expect:"] if "Content-Type" in headers else ["Expect:", "Content-Type:"]
            curl.setopt(pycurl.POST, 1)
            curl.setopt(pycurl.POSTFIELDS, body or b"")
            curl.setopt(pycurl.CUSTOMREQUEST, method)
        curl.setopt(pycurl.HTTPHEADER, lines)
        curl.setopt(pycurl.NOPROGRESS, 0 if body and len(body) >= LARGE_BODY_BYTES else 1)

    def _was_closed(self) -> bool:
        """Return whether the server has closed the idle connection, which libcurl does not always notice."""
        return any(_is_readable(number) for number in tuple(self._sockets))

    def _failure(self, code: int) -> TransportFailure:
        errno = self._curl.getinfo(pycurl.OS_ERRNO)
        return failure_of(code, self._curl.errstr(), errno, departed=self.exchange.departed, proxied=self._proxied)

    def _on_departure(self, *_: object) -> int:
        """Let the request depart. libcurl asks again if it wants to repeat the request, which is not its decision."""
        if self.exchange.departed:
            self._raised = TransportFailure(Failure.BROKEN, "the server closed the connection without an answer")
        else:
            self._guarded(self.exchange.depart)
        return int(pycurl.PREREQFUNC_OK if self._raised is None else pycurl.PREREQFUNC_ABORT)

    def _on_header(self, line: bytes) -> int | None:
        # Before the departure a proxy answers to CONNECT; after the head there may be trailers, which nothing needs.
        if self._reader is None and self.exchange.departed:
            self._guarded(self._read_head, line)
        return None if self._raised is None else _ABORT

    def _read_head(self, line: bytes) -> None:
        if self._head.add(line):
            self.exchange.heard_s = time.monotonic()
            headers = self._head.headers
            self._reader = BodyReader(headers.get("Content-Encoding", ""), self._max_bytes)
            announced = headers.get("Content-Length", "")
            if announced.isdecimal() and int(announced) > self._max_bytes:
                raise too_large(self._max_bytes)

    def _on_body(self, chunk: bytes) -> int | None:
        self.exchange.heard_s = time.monotonic()
        if self._reader is None:
            return _ABORT
        self._guarded(self._reader.add, chunk)
        return None if self._raised is None else _ABORT

    def _guarded(self, action: Callable[..., None], *given: bytes) -> None:
        """Keep what a callback raises for ``send``: libcurl would only print it."""
        try:
            action(*given)
        except BaseException as error:  # noqa: BLE001 - see above
            self._raised = error

    def _on_progress(self, _download: int, _downloaded: int, _upload: int, sent: int) -> None:
        if sent != self._sent and self.exchange.departed:
            self._sent, self.exchange.heard_s = sent, time.monotonic()

    def _on_socket(self, number: int, _purpose: int) -> int:
        self._sockets.add(number)
        return _DONE

    def _on_close(self, number: int) -> int:
        with self.exchange.lock:
            self._sockets.discard(number)
            socket.close(number)
        return _DONE

    def _shut_down(self) -> None:
        for number in tuple(self._sockets):
            with socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM) as found:
                shut_down(found)


class _Head:
    """Status and headers of an answer, from its lines."""

    def __init__(self) -> None:
        self.status = 0
        self.headers = Headers(())
        self._lines: list[bytes] = []

    def add(self, line: bytes) -> bool:
        """Add a line; return whether it is the last one of a final answer.

        Raises:
            TransportFailure: this is no head of an answer to a request.
        """
        if len(self._lines) >= MOST_HEADERS or len(line) > LONGEST_HEADER:
            raise TransportFailure(Failure.GARBLED, "the server does not speak HTTP: too many or too long headers")
        if line[:5] == b"HTTP/":
            self._lines.clear()
            code = line[8:13].strip()[:4]
            self.status = int(code) if code.isdigit() else 0
            if self.status < 200 and self.status != _CONTINUE:
                raise TransportFailure(Failure.GARBLED, f"HTTP {self.status} is no answer")
        elif line in (b"\r\n", b"\n"):
            pairs = (each.decode("latin-1").partition(":") for each in self._lines)
            self.headers = Headers((name.strip(), value.strip()) for name, _, value in pairs)
            return self.status != _CONTINUE
        else:
            self._lines.append(line)
        return False


def _is_readable(number: int) -> bool:
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([number], (), (), 0)[0])
    found = select.poll()
    found.register(number, select.POLLIN)
    return bool(found.poll(0))


def _trust(curl: Any, verify: bool | str) -> None:
    """Trust the certificates of a file or folder, those of ``certifi``, or all."""
    if verify is False:
        for option in (pycurl.SSL_VERIFYPEER, pycurl.SSL_VERIFYHOST):
            curl.setopt(option, 0)
        for option in (pycurl.PROXY_SSL_VERIFYPEER, pycurl.PROXY_SSL_VERIFYHOST):
            curl.setopt(option, 0)
        return
    path = certifi.where() if verify is True else str(verify)
    is_folder = Path(path).is_dir()
    for file, folder in ((pycurl.CAINFO, pycurl.CAPATH), (pycurl.PROXY_CAINFO, pycurl.PROXY_CAPATH)):
        chosen, other = (folder, file) if is_folder else (file, folder)
        curl.setopt(chosen, path)
        curl.unsetopt(other)
