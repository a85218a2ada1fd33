"""The limit: the shortest program that moves the same bytes; it knows beforehand how many pages there are.

``limit_read.py CLIENT OUTPUT URL KIND IN_FLIGHT < cards.json``. CLIENT is ``urllib3`` or ``pyreqwest``. OUTPUT is
``raw`` (bodies as they came) or ``typed`` (each body decoded into raw rows, and written as RECORD lines).
"""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor

from limit_pages import HEADERS, decode, page_urls

client, output, url, kind, in_flight = (*sys.argv[1:5], int(sys.argv[5]))
cards = json.load(sys.stdin)
PREFIX, SUFFIX = b'{"type":"RECORD","stream":"loyalty_card_transactions","record":', b"}\n"


def urls():
    """Yield the URL of every page and balance."""
    for card in cards:
        if "balances" in kind:
            yield f"{url}/v1/loyalty_programs/1/cards/{card}/balances"
        if "transactions" in kind:
            yield from page_urls(url, card)


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
