"""Unused points in the Integration API: their lists, their activation, and the deletion of transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api.batches import raise_problems, row_problems, rows_to_apply
from talon_one_emulator.api.call import Answer, Call, handles, no_content, ok
from talon_one_emulator.api.errors import Problem, invalid, not_found
from talon_one_emulator.domain.loyalty import points, programs, transactions
from talon_one_emulator.domain.loyalty.transactions import Selection
from talon_one_emulator.handlers.loyalty.integration import profile_ledger, selection

if TYPE_CHECKING:
    from collections.abc import Sequence


@handles(endpoints.GET_LOYALTY_CARD_POINTS)
def get_loyalty_card_points(call: Call) -> Answer:
    """List what is left of the additions of a card."""
    card = programs.get_card(call)
    return _page(call, Selection(card=card.id), selection(call, card=card.id))


@handles(endpoints.GET_LOYALTY_PROGRAM_PROFILE_POINTS)
def get_loyalty_program_profile_points(call: Call) -> Answer:
    """List what is left of the additions of a profile."""
    ledger = profile_ledger(call)
    return _page(call, ledger, selection(call, profile=ledger.profile, program=ledger.program))


def _page(call: Call, owner: Selection, chosen: Selection) -> Answer:
    query = call.query
    left = points.left_by_row(call.account, owner, query["status"])
    rows, more = points.page(
        call.account, chosen, left, sort=query.get("sort"), skip=query["skip"], size=query["pageSize"]
    )
    return ok({"hasMore": more, "data": rows})


@handles(endpoints.ACTIVATE_LOYALTY_POINTS)
def activate_loyalty_points(call: Call) -> Answer:
    """Activate points that wait for an action. Points that are active already stay active and are not in the answer."""
    program, body = programs.get_program(call), call.body
    if ("sessionId" in body) == ("transactionUUIDs" in body):
        raise invalid("Invalid body", "give either sessionId or transactionUUIDs")
    if "sessionId" in body:
        return _activated(call, _of_session(call, program.id))
    uuids = body["transactionUUIDs"]
    good = [uuid for index, uuid in enumerate(uuids) if index not in call.bad]
    known = _known(call, program.id, good)
    unknown = {index: uuid for index, uuid in enumerate(uuids) if index not in call.bad and uuid not in known}
    applied = rows_to_apply(call, uuids, unknown.keys() | call.bad.keys())
    answer = _activated(call, Selection(program=program.id, uuids=applied))
    raise_problems(call, row_problems(call), keep=True)
    # The vendor does not say how an unknown transaction is answered; 404 is declared, and names no row.
    raise_problems(call, [Problem("Not found", f"transaction {uuid}") for uuid in unknown.values()], 404, keep=True)
    return answer


def _of_session(call: Call, program: int) -> Selection:
    chosen = Selection(program=program, sessions=[call.body["sessionId"]])
    where, args = chosen.where("inclusive")
    if call.account.store.row(f"SELECT 1 FROM ledger WHERE {where}", args) is None:  # noqa: S608 - constants
        raise not_found(call.endpoint, "transactions of this session")
    return chosen


def _known(call: Call, program: int, uuids: Sequence[str]) -> set[str]:
    where, args = Selection(program=program, uuids=uuids).where("inclusive")
    return {uuid for (uuid,) in call.account.store.rows(f"SELECT uuid FROM ledger WHERE {where}", args)}  # noqa: S608


def _activated(call: Call, chosen: Selection) -> Answer:
    entries: list[dict[str, Any]] = points.activate(call.account, points.waiting(call.account, chosen))
    return ok({"ledgerEntries": entries})


@handles(endpoints.DELETE_LOYALTY_TRANSACTIONS_FROM_LEDGERS)
def delete_loyalty_transactions_from_ledgers(call: Call) -> Answer:
    """Delete the transactions of a profile in all ledgers of a program, or in those named; '' is the main ledger."""
    ledger = profile_ledger(call)
    subledgers = None
    if call.body["scope"] == "SelectedSubledgers":
        subledgers = call.body.get("subledgerIds")
        if not subledgers:
            raise invalid("Required", "SelectedSubledgers needs subledgerIds", pointer="/subledgerIds")
    chosen = Selection(program=ledger.program, profile=ledger.profile, subledgers=subledgers)
    transactions.delete(call.account.store, *chosen.where("inclusive"))
    return no_content()
