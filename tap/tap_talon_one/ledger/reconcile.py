"""Compare the transactions of a ledger with the balance that Talon.One reports.

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

ROUNDED = {"csv_export": Decimal("0.01")}
"""Source of a balance to the largest difference that its rounding can cause."""


@dataclass(frozen=True, slots=True)
class ReportedBalance:
    """A balance that Talon.One reports; a field is None if the source does not report it.

    ``active`` is net of debt if ``negative`` is None.
    """

    active: Decimal | None
    pending: Decimal | None
    spent: Decimal | None
    expired: Decimal | None
    negative: Decimal | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of a balance: the sum of the transactions, and what Talon.One reports."""

    figure: str
    counted: Decimal
    reported: Decimal

    @property
    def by(self) -> Decimal:
        """The reported figure minus the counted one."""
        return EXACT.subtract(self.reported, self.counted)


EMPTY = ReportedBalance(NOTHING, NOTHING, NOTHING, NOTHING, None)


def differences(entries: Sequence[Entry], reported: ReportedBalance | None, when_us: int) -> list[Difference]:
    """Return the figures in which a balance disagrees with the transactions of its ledger.

    Talon.One does not document whether a transaction created at exactly that instant counts, so a balance may agree
    with or without it.

    Args:
        entries: all transactions of the ledger; later ones may be included.
        reported: the balance; None if there is none, which means that all its figures are 0.
        when_us: instant of the balance, in microseconds since 1970.
    """
    given = reported or EMPTY
    with_last = _compare(balance(entries, when_us), given)
    if not with_last or all(entry.created_us != when_us for entry in entries):
        return with_last
    earlier = [entry for entry in entries if entry.created_us < when_us]
    return with_last if _compare(balance(earlier, when_us), given) else []


def _compare(counted: Points, reported: ReportedBalance) -> list[Difference]:
    active = counted.active if reported.negative is not None else EXACT.subtract(counted.active, counted.negative)
    pairs = {
        "active": (active, reported.active),
        "pending": (counted.pending, reported.pending),
        "spent": (counted.spent, reported.spent),
        "expired": (counted.expired, reported.expired),
        "negative": (counted.negative, reported.negative),
    }
    tolerance = ROUNDED.get(reported.source, NOTHING)
    found = (Difference(figure, expected, actual) for figure, (expected, actual) in pairs.items() if actual is not None)
    return [difference for difference in found if difference.by.copy_abs() > tolerance]
