"""The arithmetic of a points ledger: the balance that results from its transactions.

issued = active + pending + expired + spent - negative. Points that expire first are spent first. What a subtraction
cannot cover becomes debt, which later points pay off when they become active. At one instant points are added before
points are subtracted. Points that expire before they start are expired from then on, not pending.
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
# By default Python rounds sums to 28 digits. With this context a sum of more than 1,000 digits raises Inexact.
EXACT = Context(prec=1_000, traps=[Inexact, InvalidOperation, Overflow])


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger row, with instants in microseconds since 1970.

    Attributes:
        created_us: when the row was created.
        number: id of the row, which decides the order of rows with the same instant.
        amount: number of points, positive.
        addition: True if the points are added, False if they are subtracted.
        start_us: when the points become active; None: at ``created_us``.
        expiry_us: when the points expire; None: never.
    """

    created_us: int
    number: int
    amount: Decimal
    addition: bool
    start_us: int | None = None
    expiry_us: int | None = None

    @property
    def active_us(self) -> int:
        """The instant at which the row takes effect; a subtraction takes effect at once."""
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
    """Active additions, those that expire first on top, and the debt that later additions pay off."""

    def __init__(self) -> None:
        self.debt = NOTHING
        self.expired = NOTHING
        self._lots: list[tuple[float, int, int, Decimal]] = []  # (expiry, created, number, remaining points)

    @property
    def active(self) -> Decimal:
        return sum((lot[3] for lot in self._lots), NOTHING)

    def expire(self, when_us: int) -> None:
        while self._lots and self._lots[0][0] <= when_us:
            self.expired += heapq.heappop(self._lots)[3]

    def add(self, entry: Entry) -> None:
        if _expires(entry) <= entry.active_us:
            self.expired += entry.amount
            return
        paid = min(self.debt, entry.amount)
        self.debt -= paid
        if entry.amount > paid:
            heapq.heappush(self._lots, (_expires(entry), entry.created_us, entry.number, entry.amount - paid))

    def take(self, amount: Decimal) -> None:
        while amount and self._lots:
            expiry, created_us, number, remaining = heapq.heappop(self._lots)
            taken = min(remaining, amount)
            amount -= taken
            if remaining > taken:
                heapq.heappush(self._lots, (expiry, created_us, number, remaining - taken))
        self.debt += amount


def balance(entries: Iterable[Entry], when_us: int) -> Points:
    """Return the balance at an instant, from the rows created until then; exact to the last digit.

    Raises:
        decimal.Inexact: the sum of the amounts has more than 1,000 digits.
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
