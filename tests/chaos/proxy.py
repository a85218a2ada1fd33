"""A proxy between a command and the emulator that changes or breaks requests and answers."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HOP = frozenset({"connection", "transfer-encoding", "content-length", "accept-encoding", "host"})


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the command. ``number`` counts from 1 after each reset."""

    number: int
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(slots=True)
class Answer:
    """An answer of the emulator, which a handler may change before it is sent to the command."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str, value: str) -> None:
        """Set a header."""
        kept = [(key, old) for key, old in self.headers if key.lower() != name.lower()]
        self.headers = [*kept, (name, value)]


class Break(Exception):
    """Send raw bytes and close the connection; ``reset`` closes it with RST.

    Attributes:
        parts: bytes to send; an endless iterator continues until the command or the cell ends.
    """

    def __init__(self, parts: Iterator[bytes], *, reset: bool = False) -> None:
        self.parts, self.reset = parts, reset
        super().__init__()


Forward = "Callable[[Request], Answer]"


def _pass(request: Request, forward: Callable[[Request], Answer]) -> Answer:
    return forward(request)


@dataclass
class Proxy:
    """A proxy that forwards requests to ``upstream`` (``host:port``) with a handler.

    Attributes:
        handler: called with each request and a function that forwards it; raises Break to send raw bytes.
        observer: called with each request before the handler.
    """

    upstream: str
    handler: Callable[[Request, Callable[[Request], Answer]], Answer] = _pass
    observer: Callable[[Request], None] = lambda request: None
    requests: int = 0
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Proxy:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, name="chaos-proxy", daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.released.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()

    def reset(self) -> None:
        """Forward everything unchanged again, count from 1, and end endless answers."""
        self.released.set()
        self.released = threading.Event()
        self.handler, self.observer, self.requests = _pass, lambda request: None, 0

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as file:
            try:
                while (request := self._read(file)) is not None:
                    self.observer(request)
                    connection.sendall(_encoded(self.handler(request, self.forward)))
            except Break as broken:
                self._send_broken(connection, broken)
            except (OSError, http.client.HTTPException):
                return

    def _send_broken(self, connection: socket.socket, broken: Break) -> None:
        try:
            for part in broken.parts:
                connection.sendall(part)
        except OSError:
            return
        if broken.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _read(self, file: socket.SocketIO) -> Request | None:
        first = file.readline(65536).decode("latin-1").split(" ")
        if len(first) < 2:
            return None
        headers = []
        while (line := file.readline(65536).decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        body = file.read(length) if length else b""
        with self._lock:
            self.requests += 1
            return Request(self.requests, first[0], first[1], headers, body or b"")

    def forward(self, request: Request) -> Answer:
        """Send a request to the emulator and return its answer."""
        upstream = http.client.HTTPConnection(self.upstream, timeout=60)
        try:
            headers = {name: value for name, value in request.headers if name.lower() not in _HOP}
            upstream.request(request.method, request.path, request.body or None, headers)
            answer = upstream.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            upstream.close()


def _encoded(answer: Answer) -> bytes:
    head = [f"HTTP/1.1 {answer.status} X"]
    head += [f"{name}: {value}" for name, value in answer.headers if name.lower() not in _HOP]
    if answer.status != 204:
        head.append(f"Content-Length: {len(answer.body)}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + (b"" if answer.status == 204 else answer.body)
