"""Ledger rows that are inserted or deleted while a client reads pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_emulator.domain.loyalty import transactions

if TYPE_CHECKING:
    from talon_one_emulator.api.service import Request
    from talon_one_emulator.control.faults import FaultRule
    from talon_one_emulator.domain.account import Account

PAGES = frozenset(
    {
        "get_loyalty_card_transactions",
        "get_loyalty_program_profile_transactions",
        "get_loyalty_program_transactions",
        "get_loyalty_card_transaction_logs",
    }
)


def apply(account: Account, request: Request, rule: FaultRule) -> None:
    """Insert or delete ``rule.rows`` rows of the ledger that the request has just read."""
    if request.endpoint.name not in PAGES or rule.kind not in ("insert_rows", "delete_rows"):
        return
    where, args = _ledger(account, request.found)
    if rule.kind == "delete_rows":
        # An arbitrary but repeatable choice all over the ledger.
        chosen = f"SELECT id FROM ledger WHERE {where} ORDER BY (id * 40503) & 65535, id LIMIT ?"  # noqa: S608
        transactions.delete(account.store, f"id IN ({chosen})", [*args, rule.rows])
        return
    row = account.store.row(f"SELECT min(created), max(created) FROM ledger WHERE {where}", args)  # noqa: S608
    now = account.now()
    low, high = (now, now) if rule.at == "now" or row is None or row[0] is None else row
    transactions.insert(account.store, _new_rows(account, request.found, rule, low, high))


def _ledger(account: Account, found: dict[str, str]) -> tuple[str, list[Any]]:
    program = int(found["loyaltyProgramId"])
    if "loyaltyCardId" in found:
        return "card = (SELECT id FROM cards WHERE program = ? AND identifier = ?)", [program, found["loyaltyCardId"]]
    if "integrationId" in found:
        profile = account.store.scalar("SELECT id FROM profiles WHERE integration_id = ?", [found["integrationId"]])
        return "program = ? AND profile = ?", [program, profile]
    return "program = ?", [program]


def _new_rows(
    account: Account, found: dict[str, str], rule: FaultRule, low: int, high: int
) -> list[transactions.NewRow]:
    program = int(found["loyaltyProgramId"])
    card, profile, owner = _owner(account, program, found)
    if owner is None:
        return []
    step = (high - low) // (rule.rows + 1)
    return [
        transactions.NewRow(
            program=program,
            owner=owner,
            type="addition",
            amount="1",
            created=low + step * (number + 1),
            card=card,
            profile=profile,
            name="inserted while paging",
        )
        for number in range(rule.rows)
    ]


def _owner(account: Account, program: int, found: dict[str, str]) -> tuple[int | None, int | None, str | None]:
    store = account.store
    if "integrationId" in found:
        name = found["integrationId"]
        profile = store.scalar("SELECT id FROM profiles WHERE integration_id = ?", [name])
        return None, profile, None if profile is None else name
    if "loyaltyCardId" in found:
        name = found["loyaltyCardId"]
        return store.scalar("SELECT id FROM cards WHERE program = ? AND identifier = ?", [program, name]), None, name
    # A page of the whole program: the owner of any of its rows.
    row = store.row(
        "SELECT l.card, l.profile, coalesce(c.identifier, p.integration_id) FROM ledger l"
        " LEFT JOIN cards c ON c.id = l.card LEFT JOIN profiles p ON p.id = l.profile"
        " WHERE l.program = ? ORDER BY l.id LIMIT 1",
        [program],
    )
    return row or (None, None, None)
