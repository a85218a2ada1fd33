"""Tiers of a profile-based program: the tier of a balance, the next one, and the projected one.

A tier is a matter of active points alone: the highest whose ``minPoints`` they reach. Tiers last until the end of the
year (UTC), which is when they are projected to.
Source: https://docs.talon.one/docs/product/loyalty-programs/managing-loyalty-program-tiers
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_emulator.api import json_text as jsontext
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.account import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from talon_one_emulator.domain.loyalty.ledger import Balance


class Tier(NamedTuple):
    """A tier; its id counts up within the account's program."""

    id: int
    name: str
    least: Decimal


class Ladder(NamedTuple):
    """The tiers of a program, the lowest first."""

    tiers: tuple[Tier, ...]

    @classmethod
    def read(cls, program: int, text: str) -> Ladder:
        """From the JSON that a program keeps: ``[{name, minPoints}]``."""
        given = sorted((Decimal(each["minPoints"]), str(each["name"])) for each in jsontext.decode(text))
        return cls(tuple(Tier(program * 100 + n, name, least) for n, (least, name) in enumerate(given, 1)))

    def at(self, value: Balance) -> Tier | None:
        """The highest tier that a balance reaches; None below the lowest."""
        return next((tier for tier in reversed(self.tiers) if tier.least <= value.active - value.negative), None)

    def after(self, value: Balance) -> Tier | None:
        """The next tier; None at the top."""
        return next((tier for tier in self.tiers if tier.least > value.active - value.negative), None)

    def describe(self, value: Balance, at: int) -> dict[str, Any]:
        """``currentTier``, ``pointsToNextTier`` and ``nextTierName`` of a balance; null where there is none."""
        tier, higher = self.at(value), self.after(value)
        return {
            "currentTier": tier and {
                "id": tier.id,
                "name": tier.name,
                "expiryDate": stamp(end_of_year(at)),
                "downgradePolicy": "balance_based",
            },
            "pointsToNextTier": higher and higher.least - (value.active - value.negative),
            "nextTierName": higher and higher.name,
        }  # fmt: skip

    def project(self, value: Balance, later: Balance) -> dict[str, Any] | None:
        """``projectedTier``, from the balance now and that at the end of the year; null without tiers."""
        if not self.tiers:
            return None
        tier, projected = self.at(value), self.at(later)
        left = later.active - later.negative
        answer: dict[str, Any] = {"projectedActivePoints": left}
        if tier:
            answer["stayInTierPoints"] = max(Decimal(0), tier.least - left)
        if projected:
            answer["projectedTierName"] = projected.name
        return answer


def kept(given: Iterable[Mapping[str, Any]]) -> str:
    """The JSON that a program keeps of ``[{name, minPoints}]``. Raises ValueError."""
    tiers = [{"name": str(each["name"]), "minPoints": jsontext.number(each["minPoints"])} for each in given]
    if any(Decimal(each["minPoints"]) < 0 for each in tiers):
        raise ValueError("minPoints of a tier is at least 0")
    return jsontext.encode_text(tiers)


def end_of_year(at: int) -> int:
    """The first instant of the next year, in microseconds."""
    year = int(timestamps.render(at)[:4])
    return timestamps.from_datetime(datetime(year + 1, 1, 1, tzinfo=UTC)) if year < 9999 else timestamps.LAST
