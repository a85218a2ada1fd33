"""Exports of the members of a profile-based program: their tiers, and when they joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api.call import Answer, Call, handles
from talon_one_emulator.domain.account import stamp
from talon_one_emulator.domain.loyalty import programs, tiers, transactions
from talon_one_emulator.handlers.loyalty.exports import program_of
from talon_one_emulator.handlers.management.csv_answer import csv_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIERS = "programid,subledgerid,customerprofileid,tiername,startdate,expirydate"
_JOIN_DATES = "loyaltyProgramID,profileIntegrationID,joinDate"


@handles(endpoints.EXPORT_CUSTOMERS_TIERS)
def export_customers_tiers(call: Call) -> Answer:
    """Export the tier of each member and subledger; a balance below the lowest tier has none."""
    return csv_answer(call, _TIERS, _tiers(call))


def _tiers(call: Call) -> Iterator[dict[str, Any]]:
    program, account, query = program_of(call, card_based=False), call.account, call.query
    now, ladder = account.now(), program.ladder
    rows = account.store.rows(
        "SELECT id, integration_id FROM profiles WHERE id IN (SELECT profile FROM ledger WHERE program = ?1"
        " UNION SELECT profile FROM profile_tiers WHERE program = ?1) ORDER BY id",
        [program.id],
    )
    for profile, name in rows if ladder.tiers else ():
        balances = programs.balances(account, transactions.Selection(program=program.id, profile=profile), now)
        held = tiers.held(account.store, program.id, profile, now)
        for subledger in sorted(balances.keys() | held.keys()):
            imported = held.get(subledger)
            tier = ladder.holding(imported).at(balances.get(subledger, programs.EMPTY))
            wanted = query.get("subledgerIds"), query.get("tierNames")
            if tier is None or not _chosen(wanted, (subledger, tier.name)):
                continue
            yield {
                "programid": program.id,
                "subledgerid": subledger,
                "customerprofileid": name,
                "tiername": tier.name,
                "startdate": stamp(imported.starts if imported else tiers.start_of_year(now)),
                "expirydate": stamp(imported.expires if imported else tiers.end_of_year(now)),
            }


def _chosen(wanted: tuple[list[str] | None, ...], values: tuple[str, ...]) -> bool:
    return all(names is None or value in names for names, value in zip(wanted, values, strict=True))


@handles(endpoints.EXPORT_LOYALTY_JOIN_DATES)
def export_loyalty_join_dates(call: Call) -> Answer:
    """Export the members of a program that have joined it."""
    program = program_of(call, card_based=False)
    rows = call.account.store.rows(
        "SELECT p.integration_id, m.joined FROM program_members m JOIN profiles p ON p.id = m.profile"
        " WHERE m.program = ? ORDER BY p.id",
        [program.id],
    )
    lines = (
        {"loyaltyProgramID": program.id, "profileIntegrationID": name, "joinDate": stamp(joined)}
        for name, joined in rows
    )
    return csv_answer(call, _JOIN_DATES, lines)
