"""Loyalty programs and cards: queries, JSON objects, and balances in the two forms that the API has."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_emulator.api.errors import not_found
from talon_one_emulator.domain.account import ACCOUNT_ID, APPLICATION_ID, Account, raw, stamp
from talon_one_emulator.domain.loyalty import transactions
from talon_one_emulator.domain.loyalty.ledger import Balance, balance
from talon_one_emulator.domain.loyalty.tiers import HeldTier, TierLadder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from talon_one_emulator.api.call import Call
    from talon_one_emulator.domain.loyalty.tiers import Tier

EMPTY = Balance()


class Program(NamedTuple):
    """A row of table ``programs``."""

    id: int
    created: int
    name: str
    title: str
    card_based: int
    users_per_card: int
    tiers: str
    codes: str | None

    @property
    def ladder(self) -> TierLadder:
        """Return the tiers of the program."""
        return TierLadder.read(self.id, self.tiers)


class Card(NamedTuple):
    """A row of table ``cards``."""

    id: int
    program: int
    identifier: str
    created: int
    modified: int
    status: str
    batch: str
    attributes: str


def all_programs(account: Account) -> list[Program]:
    """Return all programs, ordered by id."""
    return [Program(*row) for row in account.store.rows("SELECT * FROM programs ORDER BY id")]


def get_program(call: Call) -> Program:
    """Return the program of the path. Raise ApiError if it does not exist."""
    program_id = int(call.path["loyaltyProgramId"])
    row = call.account.store.row("SELECT * FROM programs WHERE id = ?", [program_id])
    if row is None:
        raise not_found(call.endpoint, "loyalty program")
    return Program(*row)


def get_card(call: Call) -> Card:
    """Return the card of the path. Raise ApiError if the program or the card does not exist."""
    row = call.account.store.row(
        "SELECT * FROM cards WHERE program = ? AND identifier = ?",
        [call.path["loyaltyProgramId"], call.path["loyaltyCardId"]],
    )
    if row is None:
        get_program(call)
        raise not_found(call.endpoint, "loyalty card")
    return Card(*row)


def balances(account: Account, chosen: transactions.Selection, at: int) -> dict[str, Balance]:
    """Return the balance of each subledger at an instant; the main ledger, '', is always included."""
    if account.switches.balance_bound == "exclusive":
        chosen = replace(chosen, before=at - 1)
    found = {name: balance(rows, at) for name, rows in transactions.ledger_rows(account.store, chosen).items()}
    return {"": EMPTY, **found}


def points(account: Account, value: Balance) -> dict[str, Any]:
    """Return the JSON object LoyaltyBalance. In era ``seed``, debt makes activePoints negative."""
    answer: dict[str, Decimal] = {
        "activePoints": value.active if account.current else value.active - value.negative,
        "pendingPoints": value.pending,
        "spentPoints": value.spent,
        "expiredPoints": value.expired,
    }
    if account.current:
        answer["negativePoints"] = value.negative
    return answer


def ledger_info(account: Account, value: Balance, ladder: TierLadder | None = None) -> dict[str, Any]:
    """Return the JSON object LedgerInfo. Its expiredBalance and spentBalance are documented as always 0."""
    current = value.active if account.current else value.active - value.negative
    tier = ladder.describe(value, account.now()) if ladder and ladder.tiers else {}
    if not account.current:
        tier.pop("nextTierName", None)
    return {
        **tier,
        "currentBalance": current,
        "pendingBalance": value.pending,
        "expiredBalance": 0,
        "spentBalance": 0,
        "tentativeCurrentBalance": current,
        "tentativePendingBalance": value.pending,
        **account.since_current(negativeBalance=value.negative, tentativeNegativeBalance=value.negative),
    }


def ledger_infos(
    account: Account,
    values: Mapping[str, Balance],
    ladder: TierLadder | None = None,
    held: Mapping[str, HeldTier] = MappingProxyType({}),
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return LedgerInfo of the main ledger, and of the subledgers by id; ``held``: tiers that were imported."""
    infos = {
        name: ledger_info(account, value, ladder and ladder.holding(held.get(name))) for name, value in values.items()
    }
    return infos.pop(""), infos


def registrations(account: Account, cards: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the profiles that are linked to each card, as LoyaltyCardProfileRegistration."""
    wanted = ", ".join(map(str, cards))
    found: dict[int, list[dict[str, Any]]] = {}
    for card, name, linked in account.store.rows(
        "SELECT c.card, p.integration_id, c.linked FROM card_profiles c JOIN profiles p ON p.id = c.profile"  # noqa: S608 - ints
        f" WHERE c.card IN ({wanted}) ORDER BY c.linked, p.id"
    ):
        found.setdefault(card, []).append({"integrationId": name, "timestamp": stamp(linked)})
    return found


def describe_cards(account: Account, program: Program, cards: list[Card]) -> list[dict[str, Any]]:
    """Return LoyaltyCard objects with their current balances."""
    profiles = registrations(account, [card.id for card in cards])
    return [_card(account, program, card, profiles.get(card.id, [])) for card in cards]


def _card(account: Account, program: Program, card: Card, profiles: list[dict[str, Any]]) -> dict[str, Any]:
    ledger, subledgers = ledger_infos(account, balances(account, transactions.Selection(card=card.id), account.now()))
    return {
        "id": card.id,
        "created": stamp(card.created),
        "programID": program.id,
        "status": card.status,
        "identifier": card.identifier,
        "usersPerCardLimit": program.users_per_card,
        "profiles": profiles,
        "ledger": ledger,
        "subledgers": subledgers,
        "modified": stamp(card.modified),
        **account.since_current(programName=program.name, programTitle=program.title, batchId=card.batch),
    }


def describe_program(account: Account, program: Program) -> dict[str, Any]:
    """Return the JSON object LoyaltyProgram."""
    return {
        "id": program.id,
        "created": stamp(program.created),
        "title": program.title,
        "description": "",
        "subscribedApplications": [APPLICATION_ID],
        "defaultValidity": "unlimited",
        "defaultPending": "immediate",
        "allowSubledger": True,
        "usersPerCardLimit": program.users_per_card,
        "sandbox": False,
        "accountID": ACCOUNT_ID,
        "name": program.name,
        "timezone": "UTC",
        "cardBased": bool(program.card_based),
        "tiers": [_tier(account, program, tier) for tier in program.ladder.tiers],
        **account.since_current(
            programJoinPolicy="not_join",
            canUpdateTiers=False,
            canUpgradeToAdvancedTiers=False,
            canUpdateSubledgers=False,
            **({"cardCodeSettings": raw(program.codes)} if program.codes else {}),
        ),
    }


def _tier(account: Account, program: Program, tier: Tier) -> dict[str, Any]:
    return {
        "id": tier.id,
        "created": stamp(program.created),
        "programID": program.id,
        "name": tier.name,
        "minPoints": tier.min_points,
        **account.since_current(programName=program.name, programTitle=program.title),
    }
