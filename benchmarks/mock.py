"""A server that answers reads of ledgers and balances from memory, as fast as possible, to measure clients.

``python benchmarks/mock.py PORT TRANSACTIONS LATENCY_S``
"""

from __future__ import annotations

import asyncio
import json
import sys
from bisect import bisect_left, bisect_right
from urllib.parse import parse_qs, urlsplit

BALANCES = json.dumps(
    {
        "balance": {"activePoints": 41.5, "pendingPoints": 0, "spentPoints": 12.25, "expiredPoints": 3},
        "subledgerBalances": {},
    }
).encode()


def _row(number: int) -> dict[str, object]:
    day, clock = 1 + number * 27 // 1_000_000, number % 86_400
    return {
        "id": number,
        "created": f"2025-01-{day:02}T{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}Z",
        "programId": 1,
        "cardIdentifier": "CARD-0001",
        "customerSessionId": f"order-2025-{number:09}",
        "type": "addition",
        "name": "Points for orders",
        "startDate": "immediate",
        "expiryDate": "2026-01-01T00:00:00Z",
        "subledgerId": "",
        "amount": 12.34,
        "rulesetId": 12,
        "ruleName": "Points for orders",
        "transactionUUID": f"00000000-0000-4000-8000-{number:012}",
        "validityDuration": "365D",
    }


class Ledger:
    """A number of rows, spread evenly over a month, in the order of their creation."""

    def __init__(self, count: int) -> None:
        self.rows = [json.dumps(_row(n)).encode() for n in range(count)]
        self.created = [json.loads(row)["created"] for row in self.rows]
        self.order = sorted(range(count), key=self.created.__getitem__)
        self.times = [self.created[i] for i in self.order]

    def page(self, query: dict[str, list[str]]) -> bytes:
        """Return the answer to a request for transactions."""
        low = bisect_left(self.times, query["startDate"][0][:19]) if "startDate" in query else 0
        high = bisect_right(self.times, query["endDate"][0][:19] + "Z") if "endDate" in query else len(self.times)
        skip, size = int(query["skip"][0]), int(query["pageSize"][0])
        chosen = self.order[low + skip : min(high, low + skip + size)]
        more = b"true" if low + skip + size < high else b"false"
        return b'{"hasMore":' + more + b',"data":[' + b",".join(self.rows[i] for i in chosen) + b"]}"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ledger: Ledger, latency_s: float) -> None:
    try:
        while request := await reader.readuntil(b"\r\n\r\n"):
            url = urlsplit(request.split(b" ", 2)[1].decode())
            body = BALANCES if url.path.endswith("/balances") else ledger.page(parse_qs(url.query))
            if latency_s:
                await asyncio.sleep(latency_s)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main(port: int, transactions: int, latency_s: float) -> None:
    """Serve until the process is killed."""
    ledger = Ledger(transactions)
    server = await asyncio.start_server(lambda r, w: _serve(r, w, ledger, latency_s), "127.0.0.1", port, limit=1 << 20)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
