"""The limit: the shortest program that moves the same bytes; it knows beforehand how many pages there are.

``limit_read.py CLIENT OUTPUT URL KIND IN_FLIGHT < cards.json``. CLIENT is ``urllib3`` or ``pyreqwest``. OUTPUT is
``raw`` (bodies as they came) or ``typed`` (each body decoded into raw rows, and written as RECORD lines).
"""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import msgspec

client, output, url, kind, in_flight = (*sys.argv[1:5], int(sys.argv[5]))
cards = json.load(sys.stdin)
HEADERS = {"Authorization": "ApiKey-v1 bench-key"}
PREFIX, SUFFIX = b'{"type":"RECORD","stream":"loyalty_card_transactions","record":', b"}\n"


class Page(msgspec.Struct):
    """A page of raw rows."""

    data: list[msgspec.Raw]


decode = msgspec.json.Decoder(Page).decode


def urls():
    """Yield the URL of every page and balance."""
    for card in cards:
        base = f"{url}/v1/loyalty_programs/1/cards/{card}"
        if "balances" in kind:
            yield f"{base}/balances"
        if "transactions" in kind:
            for skip in range(0, int(card.split("-")[1]), 1000):
                yield f"{base}/transactions?pageSize=1000&skip={skip}"


def write(body):
    """Write one body."""
    if output == "raw" or body.startswith(b'{"balance"'):
        sys.stdout.buffer.write(body + b"\n")
    else:
        sys.stdout.buffer.write(PREFIX + (SUFFIX + PREFIX).join(decode(body).data) + SUFFIX)


def with_urllib3():
    """Read with threads."""
    import urllib3

    retry = urllib3.Retry(total=10, status_forcelist=[429, 503], backoff_factor=0.1)
    pool = urllib3.PoolManager(maxsize=in_flight, headers=HEADERS, retries=retry)
    with ThreadPoolExecutor(in_flight) as threads:
        for body in threads.map(lambda one: pool.request("GET", one).data, urls()):
            write(body)


async def with_pyreqwest():
    """Read with tasks of one event loop."""
    from pyreqwest.client import ClientBuilder

    waiting = iter(list(urls()))
    async with ClientBuilder().default_headers(HEADERS).build() as session:

        async def read():
            for one in waiting:
                answer = await session.get(one).build().send()
                write(bytes(await answer.bytes()))

        await asyncio.gather(*(read() for _ in range(in_flight)))


if client == "urllib3":
    with_urllib3()
else:
    asyncio.run(with_pyreqwest())
