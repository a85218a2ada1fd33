"""The arithmetic of a points ledger: what the balance must be after its transactions.

issued = active + pending + expired + spent - negative. Points that expire first are spent first; what a subtraction
cannot cover is debt, which points pay off when they become active.
https://docs.talon.one/docs/product/loyalty-programs/overview
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger row. Instants in microseconds since 1970.

    Attributes:
        created_us, number: when it was made, and its id, which breaks ties.
        amount: of points, positive.
        addition: given, else taken.
        start_us: valid from then on; None: from ``created_us``.
        expiry_us: valid until then; None: for ever.
    """

    created_us: int
    number: int
    amount: Decimal
    addition: bool
    start_us: int | None = None
    expiry_us: int | None = None

    @property
    def active_us(self) -> int:
        """When it takes effect."""
        return self.created_us if self.start_us is None else max(self.created_us, self.start_us)


@dataclass(frozen=True, slots=True)
class Points:
    """A balance."""

    active: Decimal = NOTHING
    pending: Decimal = NOTHING
    spent: Decimal = NOTHING
    expired: Decimal = NOTHING
    negative: Decimal = NOTHING


def balance(entries: Iterable[Entry], when_us: int) -> Points:
    """The balance at an instant, from the rows made until then."""
    known = [entry for entry in entries if entry.created_us <= when_us]
    pending = sum((e.amount for e in known if e.addition and e.active_us > when_us), NOTHING)
    spent = sum((e.amount for e in known if not e.addition), NOTHING)
    lots: list[tuple[float, int, int, Decimal]] = []  # (expiry, created, number, left), what expires first on top
    debt = expired = NOTHING
    for entry in sorted((e for e in known if e.active_us <= when_us), key=lambda e: (e.active_us, e.number)):
        expired += _drop_expired(lots, entry.active_us)
        if not entry.addition:
            debt += _take(lots, entry.amount)
            continue
        expiry = float("inf") if entry.expiry_us is None else entry.expiry_us
        paid = min(debt, entry.amount) if expiry > entry.active_us else NOTHING
        debt -= paid
        heapq.heappush(lots, (expiry, entry.created_us, entry.number, entry.amount - paid))
    expired += _drop_expired(lots, when_us)
    return Points(sum((lot[3] for lot in lots), NOTHING), pending, spent, expired, debt)


def _drop_expired(lots: list[tuple[float, int, int, Decimal]], when_us: int) -> Decimal:
    expired = NOTHING
    while lots and lots[0][0] <= when_us:
        expired += heapq.heappop(lots)[3]
    return expired


def _take(lots: list[tuple[float, int, int, Decimal]], amount: Decimal) -> Decimal:
    """Take from the lots; returns what they could not cover."""
    while amount and lots:
        expiry, created_us, number, left = heapq.heappop(lots)
        part = min(left, amount)
        amount -= part
        if left > part:
            heapq.heappush(lots, (expiry, created_us, number, left - part))
    return amount
