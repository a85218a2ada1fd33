"""What the programs of the limit that read share: the key, the URLs of a ledger's pages, and a page of raw rows."""

import msgspec

HEADERS = {"Authorization": "ApiKey-v1 bench-key"}


class Page(msgspec.Struct):
    data: list[msgspec.Raw]


decode = msgspec.json.Decoder(Page).decode


def page_urls(url, card):
    """Yield the URLs of all pages; the name of a card says how many rows it has."""
    for skip in range(0, int(card.split("-")[1]), 1000):
        yield f"{url}/v1/loyalty_programs/1/cards/{card}/transactions?pageSize=1000&skip={skip}"
