"""Loyalty in the Integration API: balances and transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.api.errors import ApiError, not_found
from talon_one_emulator.domain import profiles
from talon_one_emulator.domain.loyalty import programs, tiers, transactions
from talon_one_emulator.domain.loyalty.programs import EMPTY
from talon_one_emulator.domain.loyalty.tiers import end_of_year

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@handles(endpoints.GET_LOYALTY_CARD_BALANCES)
def get_loyalty_card_balances(call: Call) -> Answer:
    """Return the balances of a card at ``endDate`` or now: of the main ledger and of each subledger."""
    card = programs.get_card(call)
    answer = _balances(call, transactions.Selection(card=card.id), call.query.get("subledgerId"))
    if call.account.current:
        answer["profiles"] = programs.registrations(call.account, [card.id]).get(card.id, [])
    return ok(answer)


@handles(endpoints.GET_LOYALTY_BALANCES)
def get_loyalty_balances(call: Call) -> Answer:
    """Return the balances of a profile; with ``includeTiers`` and ``includeProjectedTier``, its tiers too."""
    chosen = profile_ledger(call)
    subledger = call.query.get("subledgerId")
    answer = _balances(call, chosen, None if subledger is None else [subledger])
    _add_tiers(call, chosen, {"": answer["balance"], **answer["subledgerBalances"]})
    return ok(answer)


def _add_tiers(call: Call, chosen: transactions.Selection, shown: Mapping[str, dict[str, Any]]) -> None:
    query, account = call.query, call.account
    if not (query.get("includeTiers") or query.get("includeProjectedTier")):
        return
    at = _instant(call)
    program = programs.get_program(call)
    held = {} if chosen.profile is None else tiers.held(account.store, program.id, chosen.profile, at)
    now, later = programs.balances(account, chosen, at), programs.balances(account, chosen, end_of_year(at))
    for name, described in shown.items():
        value, ladder = now.get(name, EMPTY), program.ladder.holding(held.get(name))
        if query.get("includeTiers"):
            described.update(ladder.describe(value, at))
        if query.get("includeProjectedTier"):
            described["projectedTier"] = ladder.project(value, later.get(name, EMPTY))


@handles(endpoints.GET_LOYALTY_CARD_TRANSACTIONS)
def get_loyalty_card_transactions(call: Call) -> Answer:
    """List the ledger rows of a card."""
    card = programs.get_card(call)
    owner = json_text.encode_text(card.identifier)
    return page_answer(call, selection(call, card=card.id), "rule", f'"cardIdentifier":{owner},')


@handles(endpoints.GET_LOYALTY_PROGRAM_PROFILE_TRANSACTIONS)
def get_loyalty_program_profile_transactions(call: Call) -> Answer:
    """List the ledger rows of a profile."""
    ledger = profile_ledger(call)
    return page_answer(call, selection(call, profile=ledger.profile, program=ledger.program), "rule", flags=True)


def selection(call: Call, *, program: int | None = None, card: int | None = None, profile: int | None = None) -> Any:
    """Return the selection of ledger rows for the query parameters of a request."""
    query = call.query
    subledgers = query.get("subledgerId")
    return transactions.Selection(
        program=program,
        card=card,
        profile=profile,
        subledgers=[subledgers] if isinstance(subledgers, str) else subledgers,
        after=query.get("startDate"),
        before=query.get("endDate"),
        kind=query.get("loyaltyTransactionType"),
        sessions=query.get("customerSessionIDs"),
        uuids=query.get("transactionUUIDs"),
        awaiting=call.account.now() if query.get("awaitsActivation") else None,
    )


def page_answer(
    call: Call, chosen: transactions.Selection, fragment: str, prefix: str = "", *, flags: bool = False
) -> Answer:
    """Return one page of ledger rows. As documented, a request without a query returns the most recent rows.

    With ``flags``, rows show whether they created debt.
    """
    account = call.account
    fragments = f"head || {fragment}" + (" || extra" if account.current else "")
    if flags and account.current:
        fragments += " || flags"
    size, skip = call.query["pageSize"], call.query["skip"]
    if call.without_query:
        rows, more = transactions.newest(account.store, fragments, chosen, account.switches, size=size)
    else:
        rows, more = transactions.page(account.store, fragments, chosen, account.switches, skip=skip, size=size)
    return Answer(200, _joined(rows, prefix, more))


def _joined(rows: Sequence[str], prefix: str, more: bool) -> bytes:
    separator = "},{" + prefix
    data = "{" + prefix + separator.join(rows) + "}" if rows else ""
    return f'{{"hasMore":{"true" if more else "false"},"data":[{data}]}}'.encode()


def _balances(call: Call, chosen: transactions.Selection, wanted: Sequence[str] | None) -> dict[str, Any]:
    found = programs.balances(call.account, chosen, _instant(call))
    shown = [name for name in found if name and (wanted is None or name in wanted)]
    return {
        "balance": programs.points(call.account, found.get("", EMPTY)),
        "subledgerBalances": {name: programs.points(call.account, found[name]) for name in sorted(shown)},
    }


def _instant(call: Call) -> int:
    at = call.query.get("endDate")
    return call.account.now() if at is None else int(at)


def profile_ledger(call: Call) -> transactions.Selection:
    """Return the ledger of the profile and program of the path. Raise ApiError if it cannot exist."""
    program = programs.get_program(call)
    if program.card_based:
        raise ApiError(400, [], "This loyalty program is card-based: its ledgers belong to cards, not to profiles")
    profile = profiles.find(call.account, call.path["integrationId"])
    if profile is None:
        raise not_found(call.endpoint, "customer profile")
    return transactions.Selection(program=program.id, profile=profile.id)
