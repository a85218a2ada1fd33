"""Tiers of a profile-based program: the tier of a balance, the next tier, and the projected tier.

Only active points decide the tier: it is the highest one whose ``minPoints`` they reach. Tiers are valid until the end
of the year (UTC), and projected tiers are those of that instant. An imported tier is held until it expires, whatever
the points are.
Source: https://docs.talon.one/docs/product/loyalty-programs/managing-loyalty-program-tiers
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_emulator.api import json_text
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.account import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from talon_one_emulator.domain.loyalty.ledger import Balance
    from talon_one_emulator.domain.store import Store


class Tier(NamedTuple):
    """A tier. Its id is unique within the account."""

    id: int
    name: str
    min_points: Decimal


class HeldTier(NamedTuple):
    """The tier that an import has given a profile in a subledger, until an instant (microseconds)."""

    name: str
    starts: int
    expires: int


class TierLadder(NamedTuple):
    """The tiers of a program, the lowest first, and the one that a profile holds by an import."""

    tiers: tuple[Tier, ...]
    held: HeldTier | None = None

    @classmethod
    def read(cls, program: int, text: str) -> TierLadder:
        """Return the tiers from the stored JSON ``[{name, minPoints}]``."""
        given = sorted((Decimal(each["minPoints"]), str(each["name"])) for each in json_text.decode(text))
        return cls(tuple(Tier(program * 100 + n, name, min_points) for n, (min_points, name) in enumerate(given, 1)))

    def holding(self, held: HeldTier | None) -> TierLadder:
        """Return the same tiers for a profile that holds one of them."""
        return self._replace(held=held)

    def at(self, value: Balance) -> Tier | None:
        """Return the tier that is held, or else the highest one that a balance reaches; None below the lowest one."""
        if self.held is not None:
            return next(tier for tier in self.tiers if tier.name == self.held.name)
        return next((tier for tier in reversed(self.tiers) if tier.min_points <= value.active - value.negative), None)

    def after(self, value: Balance) -> Tier | None:
        """Return the next higher tier; None if there is none."""
        return next((tier for tier in self.tiers if tier.min_points > value.active - value.negative), None)

    def describe(self, value: Balance, at: int) -> dict[str, Any]:
        """Return ``currentTier``, ``pointsToNextTier`` and ``nextTierName`` of a balance; null where there is none."""
        tier, higher = self.at(value), self.after(value)
        return {
            "currentTier": tier and {
                "id": tier.id,
                "name": tier.name,
                "expiryDate": stamp(self.held.expires if self.held else end_of_year(at)),
                "downgradePolicy": "balance_based",
            },
            "pointsToNextTier": higher and higher.min_points - (value.active - value.negative),
            "nextTierName": higher and higher.name,
        }  # fmt: skip

    def project(self, value: Balance, later: Balance) -> dict[str, Any] | None:
        """Return ``projectedTier``, from the balance now and that at the end of the year; null without tiers."""
        if not self.tiers:
            return None
        tier, projected = self.at(value), self.at(later)
        left = later.active - later.negative
        answer: dict[str, Any] = {"projectedActivePoints": left}
        if tier:
            answer["stayInTierPoints"] = max(Decimal(0), tier.min_points - left)
        if projected:
            answer["projectedTierName"] = projected.name
        return answer


def held(store: Store, program: int, profile: int, at: int) -> dict[str, HeldTier]:
    """Return the tiers that a profile holds at an instant by imports, by subledger."""
    rows = store.rows(
        "SELECT subledger, tier, starts, expires FROM profile_tiers WHERE program = ? AND profile = ? AND expires > ?",
        [program, profile, at],
    )
    return {subledger: HeldTier(*values) for subledger, *values in rows}


def to_json(given: Iterable[Mapping[str, Any]]) -> str:
    """Return the JSON to store of ``[{name, minPoints}]``. Raise ValueError if it is invalid."""
    tiers = [{"name": str(each["name"]), "minPoints": json_text.number(each["minPoints"])} for each in given]
    if any(Decimal(each["minPoints"]) < 0 for each in tiers):
        raise ValueError("minPoints of a tier must be at least 0")
    return json_text.encode_text(tiers)


def start_of_year(at: int) -> int:
    """Return the first instant of the year, in microseconds: from then on the tier of a balance counts."""
    return timestamps.from_datetime(datetime(int(timestamps.render(at)[:4]), 1, 1, tzinfo=UTC))


def end_of_year(at: int) -> int:
    """Return the first instant of the next year, in microseconds."""
    year = int(timestamps.render(at)[:4])
    return timestamps.from_datetime(datetime(year + 1, 1, 1, tzinfo=UTC)) if year < 9999 else timestamps.LAST
