"""The arithmetic of a points ledger: what the balance must be after its transactions.

issued = active + pending + expired + spent - negative. Points that expire first are spent first; what a subtraction
cannot cover is debt, which points pay off when they become active. At one instant points are added before they are
taken. Points whose expiry comes before their start are expired from then on, not pending.
https://docs.talon.one/docs/product/loyalty-programs/overview
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, localcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

NOTHING = Decimal(0)
# Python rounds sums to 28 digits by itself. Here a sum that 1,000 digits do not hold raises Inexact.
EXACT = Context(prec=1_000, traps=[Inexact, InvalidOperation, Overflow])


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
        """When it takes effect; a subtraction does at once."""
        if not self.addition or self.start_us is None:
            return self.created_us
        return max(self.created_us, self.start_us)


@dataclass(frozen=True, slots=True)
class Points:
    """A balance."""

    active: Decimal = NOTHING
    pending: Decimal = NOTHING
    spent: Decimal = NOTHING
    expired: Decimal = NOTHING
    negative: Decimal = NOTHING


class _Lots:
    """Active additions, those that expire first on top, and the debt that the next ones pay."""

    def __init__(self) -> None:
        self.debt = NOTHING
        self.expired = NOTHING
        self._left: list[tuple[float, int, int, Decimal]] = []  # (expiry, created, number, left)

    @property
    def active(self) -> Decimal:
        return sum((lot[3] for lot in self._left), NOTHING)

    def expire(self, when_us: int) -> None:
        while self._left and self._left[0][0] <= when_us:
            self.expired += heapq.heappop(self._left)[3]

    def add(self, entry: Entry) -> None:
        if _expires(entry) <= entry.active_us:
            self.expired += entry.amount
            return
        paid = min(self.debt, entry.amount)
        self.debt -= paid
        if entry.amount > paid:
            heapq.heappush(self._left, (_expires(entry), entry.created_us, entry.number, entry.amount - paid))

    def take(self, amount: Decimal) -> None:
        while amount and self._left:
            expiry, created_us, number, left = heapq.heappop(self._left)
            part = min(left, amount)
            amount -= part
            if left > part:
                heapq.heappush(self._left, (expiry, created_us, number, left - part))
        self.debt += amount


def balance(entries: Iterable[Entry], when_us: int) -> Points:
    """The balance at an instant, from the rows made until then; exact to the last digit.

    Raises:
        decimal.Inexact: amounts so far apart that their sum has over 1,000 digits.
    """
    known = [entry for entry in entries if entry.created_us <= when_us]
    moves = sorted(
        (entry for entry in known if entry.active_us <= when_us),
        key=lambda entry: (entry.active_us, not entry.addition, entry.number),
    )
    lots = _Lots()
    with localcontext(EXACT):
        for entry in moves:
            lots.expire(entry.active_us)
            if entry.addition:
                lots.add(entry)
            else:
                lots.take(entry.amount)
        lots.expire(when_us)
        waiting = [entry for entry in known if entry.active_us > when_us]
        pending = sum((entry.amount for entry in waiting if _expires(entry) > when_us), NOTHING)
        lapsed = sum((entry.amount for entry in waiting if _expires(entry) <= when_us), NOTHING)
        spent = sum((entry.amount for entry in known if not entry.addition), NOTHING)
        return Points(lots.active, pending, spent, lots.expired + lapsed, lots.debt)


def _expires(entry: Entry) -> float:
    return float("inf") if entry.expiry_us is None else entry.expiry_us
