"""CSV exports of the Management API: balances of customers and cards, and the cards themselves.

Documented columns: https://docs.talon.one/management-api#operation/exportLoyaltyCardBalances, exportLoyaltyBalances,
exportLoyaltyCards
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api.call import Answer, Call, handles
from talon_one_emulator.api.errors import ApiError, invalid
from talon_one_emulator.domain.loyalty import programs, tiers, transactions
from talon_one_emulator.handlers.management.csv_answer import answer, date

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from talon_one_emulator.domain.loyalty.ledger import Balance
    from talon_one_emulator.domain.loyalty.programs import Program


_COLUMNS = ("currentBalance", "pendingBalance", "expiredBalance", "spentBalance")
_BALANCES = (*_COLUMNS, "negativeBalance")


@handles(endpoints.EXPORT_LOYALTY_BALANCES)
def export_loyalty_balances(call: Call) -> Answer:
    """Export the balances of all profiles of a program at ``endDate`` or now, one row per subledger."""
    program = program_of(call, card_based=False)
    at, shown = _at(call), _wanted(call, _BALANCES)
    with_debt = shown is not None and "negativeBalance" in shown and call.account.switches.negative_column == "present"
    rows = call.account.store.rows(
        "SELECT id, integration_id FROM profiles"
        " WHERE id IN (SELECT profile FROM ledger WHERE program = ?) ORDER BY id",
        [program.id],
    )

    ladder, now = program.ladder, call.account.now()

    def lines() -> Iterator[Sequence[Any]]:
        for profile, name in rows:
            chosen = transactions.Selection(program=program.id, profile=profile)
            # The tier is that at the time of the export, for any endDate.
            latest = programs.balances(call.account, chosen, now) if ladder.tiers else {}
            held = tiers.held(call.account.store, program.id, profile, now)
            for subledger, value in _shown(call, chosen, at):
                tier = ladder.holding(held.get(subledger)).at(latest.get(subledger, programs.EMPTY))
                debt = [f"{value.negative:.2f}"] if with_debt else []
                yield [program.id, subledger, name, *_points(value, shown), *debt, tier.name if tier else ""]

    columns = "loyaltyProgramID,loyaltySubledger,profileIntegrationID,currentBalance,pendingBalance,expiredBalance"
    return _csv(f"{columns},spentBalance,{'negativeBalance,' * with_debt}currentTier", lines())


@handles(endpoints.EXPORT_LOYALTY_CARD_BALANCES)
def export_loyalty_card_balances(call: Call) -> Answer:
    """Export the balances of all cards of a program at ``endDate`` or now, one row per subledger."""
    program = program_of(call, card_based=True)
    at, shown = _at(call), _wanted(call, _COLUMNS)
    where = "program = ?"
    if call.account.switches.exported_cards == "with_transactions":
        where += " AND id IN (SELECT card FROM ledger WHERE card IS NOT NULL)"
    rows = call.account.store.rows(
        f"SELECT id, identifier, status FROM cards WHERE {where} ORDER BY id",  # noqa: S608 - constants
        [program.id],
    )

    def lines() -> Iterator[Sequence[Any]]:
        for card, identifier, status in rows:
            for subledger, value in _shown(call, transactions.Selection(card=card), at):
                yield [program.id, subledger, identifier, status, *_points(value, shown)]

    columns = "loyaltyProgramID,loyaltySubledger,cardIdentifier,cardState,currentBalance,pendingBalance"
    return _csv(f"{columns},expiredBalance,spentBalance", lines())


@handles(endpoints.EXPORT_LOYALTY_CARDS)
def export_loyalty_cards(call: Call) -> Answer:
    """Export the cards of a program with the profiles that are linked to them."""
    program = program_of(call, card_based=True)
    query = call.query
    tests = (
        ("batch = ?", query.get("batchId")),
        ("created < ?", query.get("createdBefore")),
        ("created > ?", query.get("createdAfter")),
    )
    given = [(test, value) for test, value in tests if value is not None]
    where = " AND ".join(["program = ?", *(test for test, _ in given)])
    rows = call.account.store.rows(
        f"SELECT * FROM cards WHERE {where} ORDER BY id",  # noqa: S608 - constants
        [program.id, *(value for _, value in given)],
    )
    cards = [programs.Card(*row) for row in rows]
    linked = programs.registrations(call.account, [card.id for card in cards])

    def lines() -> Iterator[Sequence[Any]]:
        for card in cards:
            names = "[" + ", ".join(f"'{each['integrationId']}'" for each in linked.get(card.id, [])) + "]"
            created = date(call, card.created)
            limit = program.users_per_card
            yield [card.identifier, created, card.status, limit, names, "", "", card.batch, card.attributes]

    columns = "identifier,created,status,userpercardlimit,customerprofileids,blockreason,generated,batchid,attributes"
    return _csv(columns, lines())


def program_of(call: Call, *, card_based: bool) -> Program:
    """Return the program of the path. Raise ApiError 400 if it does not exist, or is of the other kind."""
    program_id = str(call.path["loyaltyProgramId"])
    rows = [each for each in programs.all_programs(call.account) if program_id in (str(each.id), each.name)]
    if not rows:
        # The vendor documents no 404 for these operations.
        raise ApiError(400, [], f"Loyalty program {program_id} not found")
    if bool(rows[0].card_based) != card_based:
        raise ApiError(400, [], f"Loyalty program {program_id} is {'' if not card_based else 'not '}card-based")
    return rows[0]


def _at(call: Call) -> int:
    given = call.query.get("endDate")
    return call.account.now() if given is None else int(given)


def _shown(call: Call, chosen: transactions.Selection, at: int) -> Iterable[tuple[str, Balance]]:
    return sorted(programs.balances(call.account, chosen, at).items())


def _wanted(call: Call, known: Sequence[str]) -> frozenset[str] | None:
    """Return the names in parameter ``balances``; None if it is not given. Raise ApiError 400 for an unknown name."""
    given = call.query.get("balances")
    if given is None:
        return None
    names = frozenset(name.strip() for name in given.split(","))
    for name in sorted(names.difference(known)):
        raise invalid("enum", f"balances: {name!r} is not one of {', '.join(known)}", parameter="balances")
    return names


def _points(value: Balance, wanted: frozenset[str] | None) -> list[str]:
    """Return the columns of a balance. Only the current one has a value if it was not requested."""
    amounts = (value.active - value.negative, value.pending, value.expired, value.spent)
    return [
        f"{amount:.2f}" if wanted is None or name in wanted or name == _COLUMNS[0] else ""
        for name, amount in zip(_COLUMNS, amounts, strict=True)
    ]


def _csv(columns: str, lines: Iterable[Sequence[Any]]) -> Answer:
    return answer(columns.split(","), lines)
