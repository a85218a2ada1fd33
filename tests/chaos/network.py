"""Network faults: handlers that behave like broken gateways and servers."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.chaos.proxy import Answer, Break

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random
    from threading import Event

    from tests.chaos.proxy import Proxy, Request

    Ask = Callable[[Request], Answer]
    Handler = Callable[[Request, Ask], Answer]

_JSON = [("Content-Type", "application/json")]
_HTML = [("Content-Type", "text/html")]


def install(proxy: Proxy, chance: Random, total: int, fault: Handler, *, times: int) -> None:
    """Let a fault handle ``times`` requests, from a random one of ``total`` on; forward the others."""
    first = chance.randint(1, max(1, total))

    def handler(request: Request, ask: Ask) -> Answer:
        return fault(request, ask) if first <= request.number < first + times else ask(request)

    proxy.handler = handler


def drip(released: Event) -> Handler:
    """Return a handler that sends one space every tenth of a second, without end."""

    def parts() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        while not released.wait(0.1):
            yield b"1\r\n \r\n"

    return _broken(parts)


def silence(released: Event) -> Handler:
    """Return a handler that sends nothing until the cell ends."""

    def parts() -> Iterator[bytes]:
        released.wait()
        yield from ()

    return _broken(parts)


def _broken(parts: Callable[[], Iterator[bytes]], *, reset: bool = False) -> Handler:
    def handler(_request: Request, _ask: Ask) -> Answer:
        raise Break(parts(), reset=reset)

    return handler


drop_before = _broken(lambda: iter(()))
reset_before = _broken(lambda: iter(()), reset=True)


def drop_after(request: Request, ask: Ask) -> Answer:
    """Process the request and lose the answer."""
    ask(request)
    raise Break(iter(()))


def sent_twice(request: Request, ask: Ask) -> Answer:
    """Send an idempotent request twice, as some gateways do."""
    if request.method in ("GET", "PUT"):
        ask(request)
    return ask(request)


def half_of_body(request: Request, ask: Ask) -> Answer:
    """Announce the whole body and send half of it."""
    answer = ask(request)
    head = f"HTTP/1.1 {answer.status} X\r\nContent-Length: {len(answer.body) + 10}\r\n\r\n".encode()
    raise Break(iter((head, answer.body[: len(answer.body) // 2])))


def half_of_gzip(request: Request, ask: Ask) -> Answer:
    """Send half of a gzip body with a matching Content-Length."""
    answer = ask(request)
    if answer.status == 204:
        return answer
    packed = gzip.compress(answer.body)
    answer.header("Content-Encoding", "gzip")
    return replace(answer, body=packed[: len(packed) // 2])


@cache
def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"a" * (1 << 20)
    return b"".join([packer.compress(b'{"x":"'), *(packer.compress(block) for _ in range(400)), packer.flush()])


def bomb(_request: Request, _ask: Ask) -> Answer:
    """Send 400 MB that are compressed to 400 kB."""
    return Answer(200, [*_JSON, ("Content-Encoding", "gzip")], _bomb())


def _instead(status: int, headers: list[tuple[str, str]], body: bytes) -> Handler:
    return lambda _request, _ask: Answer(status, headers, body)


message_200 = _instead(200, _JSON, b'{"message":"temporarily unavailable"}')
empty_200 = _instead(200, _JSON, b"")
null_200 = _instead(200, _JSON, b"null")
list_200 = _instead(200, _JSON, b"[]")
deep_200 = _instead(200, _JSON, b'{"data":' + b"[" * 20_000 + b"]" * 20_000 + b"}")
page_200 = _instead(200, _HTML, b"<html><body>Sign in to the hotel's network</body></html>")
not_utf8 = _instead(200, _JSON, b'{"data":["\xff\xfe"],"hasMore":false}')
bad_gateway = _instead(502, _HTML, b"<h1>502</h1>")
unavailable = _instead(503, _HTML, b"")
throttled = _instead(429, [*_JSON, ("Retry-After", "1")], b'{"message":"slow down"}')
throttled_zero = _instead(429, [*_JSON, ("Retry-After", "0")], b"{}")
redirected = _instead(302, [("Location", "http://127.0.0.1:9/")], b"")
garbage = _broken(lambda: iter((b"\x16\x03\x01 this is not HTTP\r\n\r\n",)))
flood = _broken(lambda: iter((b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n",)))


def short_pages(request: Request, ask: Ask) -> Answer:
    """Return at most 7 rows per page, for any pageSize."""
    if request.method != "GET":
        return ask(request)
    return ask(replace(request, path=re.sub(r"pageSize=(\d+)", _at_most_seven, request.path)))


def _at_most_seven(found: re.Match[str]) -> str:
    return f"pageSize={min(7, int(found[1]))}"


def skip_ignored(request: Request, ask: Ask) -> Answer:
    """Return the first page for every request, and announce more rows."""
    answer = ask(replace(request, path=re.sub(r"skip=\d+", "skip=0", request.path)))
    return _changed(answer, request, lambda page: page | {"hasMore": True})


def empty_with_more(request: Request, ask: Ask) -> Answer:
    """Return no rows, and announce more rows."""
    return _changed(ask(request), request, lambda page: page | {"data": [], "hasMore": True})


def _changed(answer: Answer, request: Request, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Answer:
    if request.method != "GET" or not answer.body.startswith(b"{"):
        return answer
    page = json.loads(answer.body)
    if "data" not in page:
        return answer
    return replace(answer, body=json.dumps(change(page)).encode())


def shifted(request: Request, ask: Ask) -> Answer:
    """Shift every later page by one row, as if a row that was already listed had been deleted."""
    if "/transactions" in request.path:
        return ask(request)
    return ask(replace(request, path=re.sub(r"skip=(\d+)", _one_later, request.path)))


def _one_later(found: re.Match[str]) -> str:
    skip = int(found[1])
    return f"skip={skip + 1 if skip else 0}"


def clock(seconds: float) -> Handler:
    """Return a handler that shifts the clock of the server by some seconds."""

    def handler(request: Request, ask: Ask) -> Answer:
        answer = ask(request)
        answer.header("Date", format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True))
        return answer

    return handler
