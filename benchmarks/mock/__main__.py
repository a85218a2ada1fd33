"""One process with one event loop; every answer is bytes that are there already.

``python -m mock`` prints ``ready port=PORT``. ``POST /_mock`` with ``{"latency_s", "faults", "prepare"}`` sets how it
answers and forgets what it has seen; ``GET /_mock`` returns what it has seen since.
"""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from urllib.parse import unquote_to_bytes

import msgspec
import uvloop

from mock.ledgers import BALANCES, card_name, ledgers_of

FAULT_EVERY = 100  # with faults, one request in so many is answered with 503, and one with 429
BUSY, THROTTLED = 37, 87


class Settings(msgspec.Struct):
    """How the server answers.

    Attributes:
        latency_s: seconds between a request and its answer.
        faults: answer one in a hundred requests with 503, and one with 429 and ``Retry-After: 1``.
        prepare: [rows, cards] of the ledgers that are about to be read.
    """

    latency_s: float = 0.0
    faults: bool = False
    prepare: tuple[int, int] | None = None


class Seen:
    """What was requested since the last settings."""

    def __init__(self) -> None:
        self.requests = 0
        self.arrivals: list[float] = []
        self.pushed: list[bytes] = []

    def report(self) -> bytes:
        """Return the arrivals, and of the pushed profiles their number, distinct ids, and the sum of their points."""
        rows = [row for body in self.pushed for row in msgspec.json.decode(body)["customerProfiles"]]
        return msgspec.json.encode(
            {
                "arrivals": self.arrivals,
                "pushed": len(rows),
                "pushed_ids": len({row["integrationId"] for row in rows}),
                "pushed_points": sum(row["attributes"]["points"] for row in rows),
            }
        )


class Server:
    """What all connections share."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.seen = Seen()
        self._date = (0, b"")

    def head(self, status: bytes, length: int, more: bytes = b"") -> bytes:
        """Return the head of an answer."""
        now = int(time.time())
        if now != self._date[0]:
            self._date = (now, formatdate(now, usegmt=True).encode())
        return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nDate: %b\r\n%bContent-Length: %d\r\n\r\n" % (
            status,
            self._date[1],
            more,
            length,
        )

    def control(self, body: bytes) -> list[bytes | memoryview]:
        """Change the settings, or report what was seen."""
        if not body:
            text = self.seen.report()
            return [self.head(b"200 OK", len(text)), text]
        self.settings, self.seen = msgspec.json.decode(body, type=Settings), Seen()
        if self.settings.prepare:
            rows, cards = self.settings.prepare
            for number in range(cards):
                ledgers_of(rows).bytes_of(card_name(rows, number).encode())
        return [self.head(b"200 OK", 2), b"{}"]

    def answer(self, target: bytes, body: bytes) -> list[bytes | memoryview]:
        """Return the parts of the answer to a request of the API."""
        seen = self.seen
        seen.requests += 1
        seen.arrivals.append(time.monotonic())
        if self.settings.faults and (turn := seen.requests % FAULT_EVERY) in (BUSY, THROTTLED):
            if turn == BUSY:
                return [self.head(b"503 Service Unavailable", 2), b"{}"]
            return [self.head(b"429 Too Many Requests", 2, b"Retry-After: 1\r\n"), b"{}"]
        path, _, query = target.partition(b"?")
        if path.endswith(b"/balances"):
            return [self.head(b"200 OK", len(BALANCES)), BALANCES]
        if path.endswith(b"/transactions"):
            card = path.split(b"/")[5]
            pairs = (pair.partition(b"=") for pair in query.split(b"&"))
            rows, more = ledgers_of(int(card[5:12])).page(
                card, {key: unquote_to_bytes(value) for key, _, value in pairs}
            )
            front = b'{"hasMore":%b,"data":[' % (b"true" if more else b"false")
            return [self.head(b"200 OK", len(front) + len(rows) + 2), front, rows, b"]}"]
        if path == b"/v2/customer_profiles":
            seen.pushed.append(body)
            return [self.head(b"204 No Content", 0)]  # ``silent=yes`` is the default
        return [self.head(b"404 Not Found", 2), b"{}"]


class Connection(asyncio.Protocol):
    """One connection: requests come one after the other."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Answer every complete request."""
        received = self._received
        received += data
        while (end := received.find(b"\r\n\r\n")) >= 0:
            head = bytes(received[:end])
            lower = head.lower()
            at = lower.find(b"\r\ncontent-length:")
            length = int(lower[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(received) < end + 4 + length:
                return
            body = bytes(received[end + 4 : end + 4 + length])
            del received[: end + 4 + length]
            self._respond(head.split(b" ", 2)[1], body)

    def _respond(self, target: bytes, body: bytes) -> None:
        server = self._server
        if target == b"/_mock":
            self._write(server.control(body))
        elif server.settings.latency_s:
            parts = server.answer(target, body)
            asyncio.get_running_loop().call_later(server.settings.latency_s, self._write, parts)
        else:
            self._write(server.answer(target, body))

    def _write(self, parts: list[bytes | memoryview]) -> None:
        if not self._transport.is_closing():
            self._transport.writelines(parts)


async def main() -> None:
    """Serve until the process is killed."""
    server = Server()
    serving = await asyncio.get_running_loop().create_server(lambda: Connection(server), "127.0.0.1", 0, backlog=512)
    print(f"ready port={serving.sockets[0].getsockname()[1]}", flush=True)
    await serving.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
