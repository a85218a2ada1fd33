"""The arithmetic of a points ledger, worked out apart from the emulator: to check the one against the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Points:
    """A balance. issued = active + pending + expired + spent - negative."""

    active: Decimal
    pending: Decimal
    spent: Decimal
    expired: Decimal
    negative: Decimal


@dataclass(slots=True)
class Addition:
    """Points given; valid from ``start`` (None: at once) until ``expiry`` (None: for ever)."""

    created: datetime
    number: int
    amount: Decimal
    start: datetime | None
    expiry: datetime | None
    left: Decimal = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.amount

    def pending_at(self, when: datetime) -> bool:
        """Not yet valid."""
        return self.start is not None and self.start > when

    def expired_at(self, when: datetime) -> bool:
        """No longer valid."""
        return self.expiry is not None and self.expiry <= when


@dataclass(frozen=True, slots=True)
class Subtraction:
    """Points taken: from what is valid then, what expires first going first."""

    created: datetime
    number: int
    amount: Decimal


def balance(entries: Sequence[Addition | Subtraction], when: datetime) -> Points:
    """The balance at an instant after all ``entries``."""
    given = [entry for entry in entries if isinstance(entry, Addition)]
    debt = taken = NOTHING
    for entry in sorted(entries, key=lambda e: (e.created, e.number)):
        if isinstance(entry, Subtraction):
            taken += entry.amount
            debt += entry.amount - _take(given, entry)
    pending = sum((a.left for a in given if a.pending_at(when)), NOTHING)
    expired = sum((a.left for a in given if a.expired_at(when)), NOTHING)
    active = sum((a.left for a in given), NOTHING) - pending - expired
    return Points(active, pending, taken, expired, debt)


def _take(given: Sequence[Addition], subtraction: Subtraction) -> Decimal:
    """Take as much as there is; returns how much that was."""
    when = subtraction.created
    valid = [a for a in given if a.created <= when and not a.pending_at(when) and not a.expired_at(when) and a.left]
    wanted = subtraction.amount
    for addition in sorted(valid, key=_expires_first):
        part = min(wanted, addition.left)
        addition.left -= part
        wanted -= part
        if not wanted:
            break
    return subtraction.amount - wanted


def _expires_first(addition: Addition) -> tuple[bool, float, datetime, int]:
    never = addition.expiry is None
    return never, 0.0 if addition.expiry is None else addition.expiry.timestamp(), addition.created, addition.number
