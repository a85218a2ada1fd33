"""Answers of the operations that run the Rule Engine. It is not emulated, so effects are always empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_emulator.domain import profiles
from talon_one_emulator.domain.account import stamp
from talon_one_emulator.domain.loyalty import programs, tiers, transactions

if TYPE_CHECKING:
    from talon_one_emulator.api.call import Call
    from talon_one_emulator.domain.account import Account

_ALWAYS_EMPTY = ("triggeredCampaigns", "ruleFailureReasons", "awardedGiveaways", "coupons", "previousReturns")
_EMPTY_SINCE_CURRENT = ("campaignEligibility", "achievements")


def effects_only() -> dict[str, Any]:
    """Return the fields that every such answer has."""
    return {"effects": [], "createdCoupons": [], "createdReferrals": []}


def with_content(call: Call, answer: dict[str, Any], integration_id: str, **parts: Any) -> dict[str, Any]:
    """Add the entities that ``responseContent`` of the request names to an answer, and return it.

    ``parts`` are the entities of the operation itself, such as ``customerSession`` or ``event``.
    """
    wanted = call.body.get("responseContent") or ()
    for name in wanted:
        if name in parts:
            answer[name] = parts[name]
        elif name == "customerProfile":
            profile = profiles.find(call.account, integration_id)
            if profile is not None:
                answer[name] = profiles.describe(call.account, [profile])[0]
        elif name == "loyalty":
            answer[name] = loyalty(call.account, integration_id)
        elif name in _ALWAYS_EMPTY or (name in _EMPTY_SINCE_CURRENT and call.account.current):
            answer[name] = []
    return answer


def loyalty(account: Account, integration_id: str) -> dict[str, Any]:
    """Return the JSON object Loyalty: the ledgers of a profile by program, and its cards."""
    profile = profiles.find(account, integration_id)
    if profile is None:
        return {"cards": [], "programs": {}}
    ledgers: dict[str, Any] = {}
    cards: list[dict[str, Any]] = []
    for program in programs.all_programs(account):
        if program.card_based:
            rows = account.store.rows(
                "SELECT * FROM cards WHERE program = ? AND id IN (SELECT card FROM card_profiles WHERE profile = ?)",
                [program.id, profile.id],
            )
            cards += programs.describe_cards(account, program, [programs.Card(*row) for row in rows])
        else:
            ledgers[str(program.id)] = _ledgers(account, program, profile.id)
    return {"cards": cards, "programs": ledgers}


def _ledgers(account: Account, program: programs.Program, profile: int) -> dict[str, Any]:
    chosen = transactions.Selection(program=program.id, profile=profile)
    now = account.now()
    held = tiers.held(account.store, program.id, profile, now)
    ledger, subledgers = programs.ledger_infos(account, programs.balances(account, chosen, now), program.ladder, held)
    names = {"id": program.id, "title": program.title, "name": program.name}
    joined = account.store.scalar(
        "SELECT joined FROM program_members WHERE program = ? AND profile = ?", [program.id, profile]
    )
    joined_at = {} if joined is None else account.since_current(joinDate=stamp(joined))
    return {**names, **joined_at, "ledger": ledger, "subLedgers": subledgers}
