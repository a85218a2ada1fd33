"""Loyalty in the Management API: programs, cards, program-wide transactions, card logs."""

from __future__ import annotations

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.domain.loyalty import programs
from talon_one_emulator.handlers.listing import ordering
from talon_one_emulator.handlers.loyalty.integration import page_answer, selection

_CARD_ORDERS = {"id": "id", "created": "created", "identifier": "identifier", "status": "status"}


@handles(endpoints.GET_LOYALTY_PROGRAMS)
def get_loyalty_programs(call: Call) -> Answer:
    """List all programs; the list is not paged."""
    found = [programs.describe_program(call.account, program) for program in programs.all_programs(call.account)]
    return ok({"totalResultSize": len(found), "data": found})


@handles(endpoints.GET_LOYALTY_PROGRAM)
def get_loyalty_program(call: Call) -> Answer:
    """Return one program."""
    return ok(programs.describe_program(call.account, programs.get_program(call)))


@handles(endpoints.GET_LOYALTY_CARDS)
def get_loyalty_cards(call: Call) -> Answer:
    """List the cards of a program with their balances."""
    query, program = call.query, programs.get_program(call)
    tests, args = ["program = ?"], [program.id]
    for test, name in (
        ("identifier = ?", "identifier"),
        ("batch = ?", "batchId"),
        ("id IN (SELECT card FROM card_profiles WHERE profile = ?)", "profileId"),
    ):
        if query.get(name) is not None:
            tests.append(test)
            args.append(query[name])
    order = ordering(query.get("sort"), _CARD_ORDERS, "id")
    rows = call.account.store.rows(
        f"SELECT * FROM cards WHERE {' AND '.join(tests)} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608 - constants
        [*args, query["pageSize"] + 1, query["skip"]],
    )
    cards = [programs.Card(*row) for row in rows[: query["pageSize"]]]
    described = programs.describe_cards(call.account, program, cards)
    return ok({"hasMore": len(rows) > len(cards), "data": described})


@handles(endpoints.GET_LOYALTY_CARD)
def get_loyalty_card(call: Call) -> Answer:
    """Return one card with its balances."""
    card = programs.get_card(call)
    return ok(programs.describe_cards(call.account, programs.get_program(call), [card])[0])


@handles(endpoints.GET_LOYALTY_PROGRAM_TRANSACTIONS)
def get_loyalty_program_transactions(call: Call) -> Answer:
    """List the ledger rows of a program, each with its card or profile."""
    program = programs.get_program(call)
    return page_answer(call, selection(call, program=program.id), "rule || owner", flags=True)


@handles(endpoints.GET_LOYALTY_CARD_TRANSACTION_LOGS)
def get_loyalty_card_transaction_logs(call: Call) -> Answer:
    """List the ledger rows of a card in the form of the Management API."""
    card = programs.get_card(call)
    owner = json_text.encode_text(card.identifier)
    return page_answer(call, selection(call, card=card.id), "log", f'"cardIdentifier":{owner},')
