"""Ledgers whose rows follow from the card's name alone: ``card-050000-00007`` has 50,000 rows and is number 7.

Row *n* of card *c* has an id and an amount that no other row of the benchmark has or that follow from *n*, so that a
reader's output can be checked without the server: see ``count_and_cents``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import lru_cache
from itertools import accumulate

SPAN_S = 27 * 86_400  # the rows lie evenly in the first 27 days of January 2025
BALANCES = (
    b'{"balance":{"activePoints":41.5,"pendingPoints":0,"spentPoints":12.25,"expiredPoints":3,'
    b'"negativePoints":0},"subledgerBalances":{}}'
)
_ROW = (
    b'{"id":%d,"created":"%s","programId":1,"cardIdentifier":"%s","customerSessionId":"order-2025-%09d",'
    b'"type":"addition","name":"Points for orders","startDate":"immediate","expiryDate":"2026-01-01T00:00:00Z",'
    b'"subledgerId":"","amount":%d.%02d,"rulesetId":12,"ruleName":"Points for orders",'
    b'"transactionUUID":"00000000-0000-4000-8000-%012d","validityDuration":"365D"}'
)
_FIRST_ID = 10**12


def card_name(rows: int, number: int) -> str:
    """Return the name of a card with ``rows`` transactions."""
    return f"card-{rows:07}-{number:05}"


def cents(row: int) -> int:
    """Return the amount of row number ``row`` of any card, in hundredths."""
    return 1_000 + row * 37 % 9_000


def count_and_cents(rows: int, cards: int) -> tuple[int, int]:
    """Return number and sum of the rows of some cards, in hundredths."""
    return rows * cards, cards * sum(map(cents, range(rows)))


def _created(row: int, rows: int) -> str:
    second = row * SPAN_S // rows
    return f"2025-01-{1 + second // 86_400:02}T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"


class Ledgers:
    """All ledgers with one number of rows; a page is a slice of bytes that are there already."""

    def __init__(self, rows: int) -> None:
        self._times = [_created(row, rows) for row in range(rows)]
        name = card_name(rows, 0).encode()
        texts = [
            _ROW % (_FIRST_ID + n, f"{at}Z".encode(), name, n, cents(n) // 100, cents(n) % 100, n)
            for n, at in enumerate(self._times)
        ]
        self._starts = list(accumulate((len(text) + 1 for text in texts), initial=0))
        self._template = b",".join(texts)
        self._name = name
        self._cards: dict[bytes, memoryview] = {}

    def bytes_of(self, card: bytes) -> memoryview:
        """Return all rows of a card, with commas between them."""
        known = self._cards.get(card)
        if known is None:
            number = int(card[-5:])
            text = self._template.replace(self._name, card).replace(b'"id":100000', b'"id":1%05d' % number)
            known = self._cards[card] = memoryview(text)
        return known

    def page(self, card: bytes, query: dict[bytes, bytes]) -> tuple[memoryview, bool]:
        """Return the rows of a page and whether more rows follow; the bounds ``startDate`` and ``endDate`` count."""
        low, high = 0, len(self._times)
        if start := query.get(b"startDate", b"").decode():
            side = bisect_right if start[19:20] == "." and int(start[20:].rstrip("Z")[:6]) else bisect_left
            low = side(self._times, start[:19])
        if end := query.get(b"endDate", b"").decode():
            high = bisect_right(self._times, end[:19])
        first = min(low + int(query.get(b"skip", b"0")), high)
        last = min(first + int(query.get(b"pageSize", b"1000")), high)
        text = self.bytes_of(card)
        return text[self._starts[first] : max(self._starts[first], self._starts[last] - 1)], last < high


@lru_cache(maxsize=8)
def ledgers_of(rows: int) -> Ledgers:
    """Return the ledgers with so many rows."""
    return Ledgers(rows)
