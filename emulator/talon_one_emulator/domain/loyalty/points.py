"""Unused points of a card or profile: what is left of each addition, by its status; and their activation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from talon_one_emulator.api import json_text
from talon_one_emulator.domain import timestamps
from talon_one_emulator.domain.account import raw, stamp
from talon_one_emulator.domain.loyalty import transactions
from talon_one_emulator.domain.loyalty.ledger import unused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from talon_one_emulator.domain.account import Account
    from talon_one_emulator.domain.loyalty.transactions import Selection

_SORTS = {
    "startDate": "starts, id",
    "-startDate": "starts DESC, id",
    "expiryDate": "expires, id",
    "-expiryDate": "expires DESC, id",
}


def left_by_row(account: Account, owner: Selection, status: str) -> dict[int, Decimal]:
    """Return what is left now of the additions of an owner that have a status, by the ids of their rows."""
    now = account.now()
    if account.switches.balance_bound == "exclusive":
        owner = replace(owner, before=now - 1)
    ledgers = transactions.ledger_rows(account.store, owner).values()
    return dict(row for rows in ledgers for row in unused(rows, now)._asdict()[status])


def page(
    account: Account, chosen: Selection, left: Mapping[int, Decimal], *, sort: str | None, skip: int, size: int
) -> tuple[list[dict[str, Any]], bool]:
    """Return the rows of one page as PointsEntry, and whether more follow."""
    order = _SORTS[sort] if sort else transactions.ORDERS[account.switches.order]
    where, args = chosen.where(account.switches.date_bounds)
    found = account.store.rows(f"SELECT id FROM ledger WHERE {where} ORDER BY {order}", args)  # noqa: S608 - constants
    ids = [row for (row,) in found if row in left]
    shown = ids[skip : skip + size]
    marks = ", ".join("?" * len(shown))
    texts = dict(account.store.rows(f"SELECT id, head || extra FROM ledger WHERE id IN ({marks})", shown))  # noqa: S608
    return [_entry(texts[row], left[row]) for row in shown], len(ids) > skip + size


def _entry(text: str, left: Decimal) -> dict[str, Any]:
    entry: dict[str, Any] = json_text.decode("{" + text + "}")
    del entry["type"]
    return {**entry, "amount": left}


def waiting(account: Account, chosen: Selection) -> list[int]:
    """Return the ids of additions that wait for an action and have not expired."""
    where, args = replace(chosen, awaiting=account.now()).where("inclusive")
    return [row for (row,) in account.store.rows(f"SELECT id FROM ledger WHERE {where} AND addition", args)]  # noqa: S608


def activate(account: Account, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Let additions start now, and return them as LoyaltyLedgerEntry."""
    now, store = account.now(), account.store
    store.db.executemany(
        'UPDATE ledger SET starts = ?, head = replace(head, \'"startDate":"on_action"\', ?) WHERE id = ?',
        [(now, f'"startDate":"{stamp(now)}"', row) for row in ids],
    )
    return [_ledger_entry(account, row) for row in ids]


def _ledger_entry(account: Account, row: int) -> dict[str, Any]:
    found = account.store.row(
        "SELECT l.created, l.program, p.integration_id, l.card, l.session, l.amount, l.starts, l.expires, l.subledger,"
        " l.head, l.extra FROM ledger l LEFT JOIN profiles p ON p.id = l.profile WHERE l.id = ?",
        [row],
    )
    assert found is not None
    created, program, profile, card, session, amount, starts, expires, subledger, head, extra = found
    texts = json_text.decode("{" + head + extra + "}")
    optional = {
        "customerProfileID": profile,
        "cardID": card,
        "customerSessionID": session,
        "expiryDate": None if expires == timestamps.FOREVER else stamp(expires),
        "validityDuration": texts.get("validityDuration"),
    }
    return {
        "created": stamp(created),
        "programID": program,
        "type": "addition",
        "amount": raw(amount),
        "startDate": stamp(starts),
        "name": texts["name"],
        "subLedgerID": subledger,
        **{name: value for name, value in optional.items() if value is not None},
    }
