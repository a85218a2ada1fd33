"""Daily figures of campaigns and programs, computed from the journal of effects and the ledger."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.account import stamp
from talon_one_emulator.domain.loyalty import programs
from talon_one_emulator.domain.loyalty.oracle import program_totals
from talon_one_emulator.domain.promotions import effects
from talon_one_emulator.handlers.management.filters import check_campaign

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Amounts = dict[str, Decimal]

_ADDED = (
    "campaignRevenue", "campaignRefund", "campaignDiscountCosts", "campaignRefundedDiscounts", "campaignFreeItems",
    "couponRedemptions", "couponRolledbackRedemptions", "referralRedemptions", "couponsCreated", "referralsCreated",
    "addedLoyaltyPoints", "deductedLoyaltyPoints",
)  # fmt: skip
_BY_VALUE = {
    "addLoyaltyPoints": "addedLoyaltyPoints",
    "deductLoyaltyPoints": "deductedLoyaltyPoints",
    "setDiscount": "campaignDiscountCosts",
    "setDiscountPerItem": "campaignDiscountCosts",
}
_BY_COUNT = {effects.REDEEMED: "couponRedemptions", "addFreeItem": "campaignFreeItems"}


@handles(endpoints.GET_CAMPAIGN_ANALYTICS)
def get_campaign_analytics(call: Call) -> Answer:
    """List the figures of a campaign for each day of the range on which it caused effects.

    Every granularity is answered by days.
    """
    campaign, query = check_campaign(call), call.query
    totals: Amounts = defaultdict(Decimal)
    data = []
    for day, figures in sorted(_by_day(call, campaign).items()):
        for name, value in figures.items():
            totals[name] += value
        if query["rangeStart"] <= day < query["rangeEnd"]:
            data.append({"date": stamp(day), **_described(figures, totals)})
    return ok({"totalResultSize": len(data), "data": data})


def _by_day(call: Call, campaign: int) -> dict[int, Amounts]:
    days: dict[int, Amounts] = defaultdict(lambda: defaultdict(Decimal))
    for created, kind, props in call.account.store.rows(
        "SELECT e.created, f.type, f.props FROM effects f JOIN events e ON e.id = f.event WHERE f.campaign = ?",
        [campaign],
    ):
        figures = days[_day(created)]
        if kind in _BY_COUNT:
            figures[_BY_COUNT[kind]] += 1
        elif kind in _BY_VALUE:
            figures[_BY_VALUE[kind]] += Decimal(json_text.decode(props)["value"])
    return days


def _described(figures: Mapping[str, Decimal], totals: Mapping[str, Decimal]) -> dict[str, Any]:
    zero = Decimal(0)
    found = {name: figures.get(name, zero) for name in _ADDED}
    return {**found, **{f"total{name[0].upper()}{name[1:]}": totals.get(name, zero) for name in _ADDED}}


@handles(endpoints.GET_DASHBOARD_STATISTICS)
def get_dashboard_statistics(call: Call) -> Answer:
    """List the figures of a program for each day of the range before today, from the day of its first transaction."""
    program, query = programs.get_program(call), call.query
    first = call.account.store.scalar("SELECT min(created) FROM ledger WHERE program = ?", [program.id])
    data = []
    if first is not None:
        start, today = max(_day(query["rangeStart"]), _day(first)), _day(call.account.now())
        for day in range(start, min(query["rangeEnd"], today), timestamps.DAY):
            data.append({"date": stamp(day), **_program_figures(call, program.id, day)})
    return ok({"totalResultSize": len(data), "data": data})


def _program_figures(call: Call, program: int, day: int) -> dict[str, Any]:
    balances = program_totals(call.account.store, program, day + timestamps.DAY - 1)["balances"]
    sums = [sum((row[column] for row in balances), Decimal(0)) for column in range(2, 7)]
    active, pending, spent, expired, negative = sums
    members = {row[0] for row in balances}
    before = {row[0] for row in program_totals(call.account.store, program, day - 1)["balances"]}
    moved = dict(_moved(call, program, day))
    return {
        "totalActivePoints": active,
        "totalPendingPoints": pending,
        "totalSpentPoints": spent,
        "totalExpiredPoints": expired,
        "totalNegativePoints": negative,
        "totalMembers": len(members),
        "newMembers": len(members - before),
        "earnedPoints": moved[True],
        "spentPoints": moved[False],
    }


def _moved(call: Call, program: int, day: int) -> Iterator[tuple[bool, dict[str, Decimal]]]:
    """Yield for additions, then for subtractions, the points of a day by how they were created."""
    rows = call.account.store.rows(
        "SELECT addition, kind, amount FROM ledger WHERE program = ? AND created >= ? AND created < ?",
        [program, day, day + timestamps.DAY],
    )
    for addition in (True, False):
        amounts = [(kind, Decimal(amount)) for added, kind, amount in rows if bool(added) is addition]
        by_engine = sum((amount for kind, amount in amounts if kind == "session"), Decimal(0))
        total = sum((amount for _, amount in amounts), Decimal(0))
        yield addition, {"createdManually": total - by_engine, "createdViaRuleEngine": by_engine}


def _day(instant: int) -> int:
    return instant // timestamps.DAY * timestamps.DAY
