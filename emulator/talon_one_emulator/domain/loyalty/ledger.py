"""Balances, computed from ledger rows. No storage and no HTTP.

At instant T, only rows with created <= T count. An addition is pending before its start and active from its start until
before its expiry; what remains of it then is expired. A subtraction consumes the additions that are active when it is
created, the earliest expiry first (then the earliest created, then the lowest id). The part that they do not cover is
debt, which is paid first by the points that become active next. At the same instant, additions come before
subtractions. Hence, exactly: issued = active + pending + expired + spent - negative, and active is 0 while negative is
not.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, localcontext
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ZERO = Decimal(0)
# By default, Python rounds sums to 28 digits. Numbers of requests and fixtures are bounded (json_text), so that 2,000
# digits hold every sum and product; a result with more digits would raise Inexact.
EXACT = Context(prec=2_000, traps=[Inexact, InvalidOperation, Overflow])


class LedgerRow(NamedTuple):
    """A ledger row, reduced to what a balance needs; instants in microseconds."""

    id: int
    created: int
    addition: bool
    amount: Decimal
    starts: int
    expires: int


class Balance(NamedTuple):
    """Points at an instant. ``spent`` counts every subtraction, covered or not; ``negative`` is the unpaid debt."""

    active: Decimal = ZERO
    pending: Decimal = ZERO
    spent: Decimal = ZERO
    expired: Decimal = ZERO
    negative: Decimal = ZERO


class Unused(NamedTuple):
    """What is left of an addition: the id of its row, and the amount."""

    id: int
    amount: Decimal


class UnusedPoints(NamedTuple):
    """What is left of the additions of a ledger, by the status that the API has for it."""

    active: list[Unused]
    pending: list[Unused]
    expired: list[Unused]


class _OpenAdditions:
    """Active additions by expiry, the debt that the next active points pay, and what was left of those that expired."""

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, int, Decimal]] = []
        self.debt = ZERO
        self.expired: list[Unused] = []

    def add(self, row: LedgerRow, at: int) -> None:
        if row.expires <= at:
            self.expired.append(Unused(row.id, row.amount))
            return
        left = row.amount
        if self.debt:
            paid = min(self.debt, left)
            self.debt -= paid
            left -= paid
        if left > ZERO:
            heappush(self.heap, (row.expires, row.created, row.id, left))

    def expire(self, at: int) -> None:
        while self.heap and self.heap[0][0] <= at:
            _, _, row, left = heappop(self.heap)
            self.expired.append(Unused(row, left))

    def take(self, amount: Decimal) -> Decimal:
        """Consume active additions. Return the amount that they do not cover, which becomes debt."""
        while amount and self.heap:
            expires, created, row, left = heappop(self.heap)
            used = min(amount, left)
            amount -= used
            if left > used:
                heappush(self.heap, (expires, created, row, left - used))
        self.debt += amount
        return amount


def balance(rows: Iterable[LedgerRow], at: int) -> Balance:
    """Return the balance of one ledger at an instant (microseconds, inclusive)."""
    with localcontext(EXACT):
        lots, pending, spent = _replay(rows, at)
        active = sum((lot[3] for lot in lots.heap), ZERO)
        return Balance(active, _sum(pending), spent, _sum(lots.expired), lots.debt)


def unused(rows: Iterable[LedgerRow], at: int) -> UnusedPoints:
    """Return what is left of each addition of one ledger at an instant; additions that are used up are left out.

    The sums are those of ``balance``.
    """
    with localcontext(EXACT):
        lots, pending, _ = _replay(rows, at)
    active = [Unused(row, left) for _, _, row, left in lots.heap]
    return UnusedPoints(*([each for each in found if each.amount] for found in (active, pending, lots.expired)))


def _replay(rows: Iterable[LedgerRow], at: int) -> tuple[_OpenAdditions, list[Unused], Decimal]:
    """Return the additions at an instant, those that are pending, and the sum of all subtractions."""
    pending: list[Unused] = []
    spent = ZERO
    lots = _OpenAdditions()
    moves: list[tuple[int, int, int, LedgerRow]] = []
    for move in _moves(row for row in rows if row.created <= at):
        row = move[-1]
        if move[0] <= at:
            moves.append(move)
        else:
            (lots.expired if row.expires <= at else pending).append(Unused(row.id, row.amount))
    moves.sort()
    for effective, _, _, row in moves:
        if lots.heap and lots.heap[0][0] <= effective:
            lots.expire(effective)
        if row.addition:
            lots.add(row, effective)
        else:
            spent += row.amount
            lots.take(row.amount)
    lots.expire(at)
    return lots, pending, spent


def _sum(found: Iterable[Unused]) -> Decimal:
    return sum((each.amount for each in found), ZERO)


def debtors(rows: Iterable[LedgerRow]) -> set[int]:
    """Return the ids of the subtractions that created debt."""
    found: set[int] = set()
    lots = _OpenAdditions()
    with localcontext(EXACT):
        for effective, subtracts, number, row in sorted(_moves(rows)):
            lots.expire(effective)
            if not subtracts:
                lots.add(row, effective)
            elif lots.take(row.amount):
                found.add(number)
    return found


def _moves(rows: Iterable[LedgerRow]) -> Iterator[tuple[int, int, int, LedgerRow]]:
    """Yield rows with the instant at which they take effect; at the same instant, additions come first."""
    for row in rows:
        effective = max(row.starts, row.created) if row.addition else row.created
        yield effective, 0 if row.addition else 1, row.id, row
