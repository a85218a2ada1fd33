"""Transactions against balances: what a ledger's rows add up to, beside what Talon.One says.

https://docs.talon.one/docs/product/loyalty-programs/overview
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tap_talon_one.ledger.arithmetic import EXACT, NOTHING, Points, balance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_talon_one.ledger.arithmetic import Entry

ROUNDED = {"csv_export": Decimal("0.01")}  # by source: as far as its figures may be from the exact ones


@dataclass(frozen=True, slots=True)
class Told:
    """A balance as Talon.One tells it; None where it does not. ``active`` is net of debt if ``negative`` is None."""

    active: Decimal | None
    pending: Decimal | None
    spent: Decimal | None
    expired: Decimal | None
    negative: Decimal | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of a balance: what the transactions add up to, and what is told."""

    figure: str
    counted: Decimal
    told: Decimal

    @property
    def by(self) -> Decimal:
        """How much more is told than was counted."""
        return EXACT.subtract(self.told, self.counted)


UNTOLD = Told(NOTHING, NOTHING, NOTHING, NOTHING, None)


def differences(entries: Sequence[Entry], told: Told | None, when_us: int) -> list[Difference]:
    """Where a balance disagrees with the transactions of its ledger; [] if it agrees.

    Whether a row that was made at that very instant counts is not documented: a balance that agrees in either way
    agrees.

    Args:
        entries: all rows of the ledger, those made later included or not.
        told: the balance; None: there is none, which says that all its figures are 0.
        when_us: instant of the balance, in microseconds since 1970.
    """
    with_last = _compare(balance(entries, when_us), told or UNTOLD)
    if not with_last or all(entry.created_us != when_us for entry in entries):
        return with_last
    earlier = [entry for entry in entries if entry.created_us < when_us]
    return with_last if _compare(balance(earlier, when_us), told or UNTOLD) else []


def _compare(counted: Points, told: Told) -> list[Difference]:
    active = counted.active if told.negative is not None else EXACT.subtract(counted.active, counted.negative)
    pairs = {
        "active": (active, told.active),
        "pending": (counted.pending, told.pending),
        "spent": (counted.spent, told.spent),
        "expired": (counted.expired, told.expired),
        "negative": (counted.negative, told.negative),
    }
    near = ROUNDED.get(told.source, NOTHING)
    found = (Difference(figure, expected, actual) for figure, (expected, actual) in pairs.items() if actual is not None)
    return [difference for difference in found if difference.by.copy_abs() > near]
