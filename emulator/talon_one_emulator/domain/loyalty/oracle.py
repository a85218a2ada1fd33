"""Totals and balances of a program, computed independently of the endpoints, to check the results of a client.

The computation is written a second time on purpose: integers in the smallest unit, additions in a sorted list.
"""

from __future__ import annotations

from bisect import insort
from decimal import Decimal, localcontext
from itertools import groupby
from typing import TYPE_CHECKING, Any

from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.loyalty.ledger import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_emulator.domain.store import Store

COLUMNS = ("owner", "subledger", "active", "pending", "spent", "expired", "negative")

_Row = tuple[str, str, int, int, bool, int, int, int]


def program_totals(store: Store, program: int, as_of: int) -> dict[str, Any]:
    """Return ``{program, as_of, additions, subtractions, columns, balances}``, with a balance per owner and subledger.

    ``additions`` and ``subtractions`` are ``{count, sum}`` of the rows created up to ``as_of``.
    """
    with localcontext(EXACT):
        return _program_totals(store, program, as_of)


def _program_totals(store: Store, program: int, as_of: int) -> dict[str, Any]:
    scale, rows = _rows(store, program, as_of)
    unit = Decimal(1).scaleb(-scale)
    balances = []
    for (owner, subledger), group in groupby(rows, key=lambda row: row[:2]):
        balances.append([owner, subledger, *(amount * unit for amount in _balance(list(group), as_of))])
    return {
        "program": program,
        "as_of": timestamps.render(as_of),
        "additions": _total(rows, unit, addition=True),
        "subtractions": _total(rows, unit, addition=False),
        "columns": list(COLUMNS),
        "balances": balances,
    }


def _total(rows: list[_Row], unit: Decimal, *, addition: bool) -> dict[str, Any]:
    amounts = [row[5] for row in rows if row[4] is addition]
    return {"count": len(amounts), "sum": sum(amounts) * unit}


def _rows(store: Store, program: int, as_of: int) -> tuple[int, list[_Row]]:
    """Return the scale, and all rows by owner and subledger with their amounts as integers of that scale."""
    found = store.rows(
        "SELECT coalesce(c.identifier, p.integration_id), l.subledger, l.id, l.created, l.addition, l.amount, l.starts,"
        " l.expires FROM ledger l LEFT JOIN cards c ON c.id = l.card LEFT JOIN profiles p ON p.id = l.profile"
        " WHERE l.program = ? AND l.created <= ? ORDER BY 1, 2",
        [program, as_of],
    )
    amounts = [Decimal(row[5]) for row in found]
    scale = max((max(0, -int(amount.as_tuple().exponent)) for amount in amounts), default=0)
    rows = [
        (row[0], row[1], row[2], row[3], bool(row[4]), int(amount.scaleb(scale)), row[6], row[7])
        for row, amount in zip(found, amounts, strict=True)
    ]
    return scale, rows


def _balance(rows: list[_Row], as_of: int) -> tuple[int, int, int, int, int]:
    """Return active, pending, spent, expired and negative points of one ledger."""
    expired = pending = spent = debt = 0
    open_lots: list[list[int]] = []
    for at, is_subtraction, row, amount, created, expires in sorted(_moves(rows)):
        if at > as_of:
            if expires <= as_of:
                expired += amount
            else:
                pending += amount
            continue
        while open_lots and open_lots[0][0] <= at:
            expired += open_lots.pop(0)[3]
        if is_subtraction:
            spent += amount
            debt += _consume(open_lots, amount)
        elif expires <= at:
            expired += amount
        else:
            paid = min(debt, amount)
            debt -= paid
            insort(open_lots, [expires, created, row, amount - paid])
    expired += sum(lot[3] for lot in open_lots if lot[0] <= as_of)
    active = sum(lot[3] for lot in open_lots if lot[0] > as_of)
    return active, pending, spent, expired, debt


def _moves(rows: list[_Row]) -> Iterator[tuple[int, bool, int, int, int, int]]:
    for _, _, row, created, addition, amount, starts, expires in rows:
        yield (max(created, starts) if addition else created), not addition, row, amount, created, expires


def _consume(lots: list[list[int]], amount: int) -> int:
    """Consume an amount from the earliest additions. Return what they do not cover."""
    for lot in lots:
        used = min(amount, lot[3])
        lot[3] -= used
        amount -= used
        if not amount:
            break
    while lots and not lots[0][3]:
        lots.pop(0)
    return amount
