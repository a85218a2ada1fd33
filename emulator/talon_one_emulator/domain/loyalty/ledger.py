"""What a balance is: arithmetic over ledger rows, free of storage and HTTP.

At instant T only rows with created <= T count. An addition is pending before its start, active from its start
until before its expiry; what is left of it then is expired. A subtraction consumes the additions active at its
creation, earliest expiry first (ties: earliest created, then id). What they do not cover is debt: points that become
active later pay it first. At one instant additions come before subtractions. Hence, exactly:
issued = active + pending + expired + spent - negative, and active is 0 while negative is not.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, localcontext
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ZERO = Decimal(0)
# Python rounds sums to 28 digits by itself. Numbers of requests and fixtures are bounded (jsontext), so that 2,000
# digits hold every sum and product; one that they did not hold would raise Inexact.
EXACT = Context(prec=2_000, traps=[Inexact, InvalidOperation, Overflow])


class Entry(NamedTuple):
    """A ledger row as the arithmetic sees it; instants in microseconds."""

    id: int
    created: int
    addition: bool
    amount: Decimal
    starts: int
    expires: int


class Balance(NamedTuple):
    """Points at an instant. ``spent`` counts every subtraction, covered or not; ``negative`` is the open debt."""

    active: Decimal = ZERO
    pending: Decimal = ZERO
    spent: Decimal = ZERO
    expired: Decimal = ZERO
    negative: Decimal = ZERO


class _Lots:
    """Active additions by expiry, and the debt that the next active points pay."""

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, int, Decimal]] = []
        self.debt = ZERO
        self.expired = ZERO

    def add(self, entry: Entry, at: int) -> None:
        if entry.expires <= at:
            self.expired += entry.amount
            return
        paid = min(self.debt, entry.amount)
        self.debt -= paid
        if entry.amount > paid:
            heappush(self.heap, (entry.expires, entry.created, entry.id, entry.amount - paid))

    def expire(self, at: int) -> None:
        while self.heap and self.heap[0][0] <= at:
            self.expired += heappop(self.heap)[3]

    def take(self, amount: Decimal) -> Decimal:
        """Take from the lots; what they lack becomes debt, and is returned."""
        while amount and self.heap:
            expires, created, row, left = heappop(self.heap)
            used = min(amount, left)
            amount -= used
            if left > used:
                heappush(self.heap, (expires, created, row, left - used))
        self.debt += amount
        return amount


def balance(entries: Iterable[Entry], at: int) -> Balance:
    """Balance of one ledger at ``at`` (microseconds, inclusive)."""
    seen = [entry for entry in entries if entry.created <= at]
    pending = ZERO
    spent = ZERO
    lots = _Lots()
    moves: list[tuple[int, int, int, Entry]] = []
    with localcontext(EXACT):
        for move in _moves(seen):
            entry = move[-1]
            if move[0] <= at:
                moves.append(move)
            elif entry.expires <= at:
                lots.expired += entry.amount
            else:
                pending += entry.amount
        moves.sort()
        for effective, _, _, entry in moves:
            lots.expire(effective)
            if entry.addition:
                lots.add(entry, effective)
            else:
                spent += entry.amount
                lots.take(entry.amount)
        lots.expire(at)
        active = sum((lot[3] for lot in lots.heap), ZERO)
    return Balance(active, pending, spent, lots.expired, lots.debt)


def debtors(entries: Iterable[Entry]) -> set[int]:
    """Ids of the subtractions that took more than there was."""
    found: set[int] = set()
    lots = _Lots()
    with localcontext(EXACT):
        for effective, subtracts, number, entry in sorted(_moves(entries)):
            lots.expire(effective)
            if not subtracts:
                lots.add(entry, effective)
            elif lots.take(entry.amount):
                found.add(number)
    return found


def _moves(entries: Iterable[Entry]) -> Iterator[tuple[int, int, int, Entry]]:
    """Rows with the instant at which they take effect; at one instant additions come first."""
    for entry in entries:
        effective = max(entry.starts, entry.created) if entry.addition else entry.created
        yield effective, 0 if entry.addition else 1, entry.id, entry
