"""One ledger, four ways to a balance: tap, models, the emulator's endpoint and its truth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext

import pytest
import requests
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from talon_one_client.paging.windows import to_us
from talon_one_emulator import Emulator
from talon_one_warehouse import WarehouseError
from talon_one_warehouse.models.views import create_models
from tap_talon_one.ledger.arithmetic import EXACT, Entry, Points, balance
from tap_talon_one.streams import loyalty
from tests.examples import examples

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
FOREVER_US = 1 << 62
NOTHING = Decimal(0)
AMOUNTS = [
    *(Decimal(n) for n in range(1, 6)),
    *map(Decimal, ("0", "0.1", "0.000000000000000001", "123456789012345678.123456789012345678", "900000000000000000")),
]
# So few instants that most rows share one with another row, a start or an expiry.
DAYS = range(6)


def random_ledgers(rng):
    """Sixty ledgers of up to nine rows, each row ``(type, day, amount, start, expiry)``."""
    return [[random_row(rng) for _ in range(rng.randint(0, 9))] for _ in range(60)]


def random_row(rng):
    """An addition with any start and expiry, or a subtraction."""
    made, amount = rng.choice(DAYS), rng.choice(AMOUNTS)
    if rng.random() < 0.4:
        return "subtraction", made, amount, "immediate", "unlimited"
    start = rng.choice(["immediate", "immediate", "on_action", rng.choice(DAYS)])
    return "addition", made, amount, start, rng.choice(["unlimited", rng.choice(DAYS), rng.choice(DAYS)])


def instant(day):
    return BEGIN + timedelta(days=day)


def when(day):
    """A start or an expiry as the API has it."""
    return day if isinstance(day, str) else instant(day).isoformat().replace("+00:00", "Z")


def entry(number, move):
    """A row as the tap's arithmetic has it."""
    kind, made, amount, start, expiry = move
    starts = {"immediate": None, "on_action": FOREVER_US}.get(start, None if isinstance(start, str) else start)
    start_us = to_us(instant(starts)) if isinstance(starts, int) and starts < FOREVER_US else starts
    expiry_us = None if isinstance(expiry, str) else to_us(instant(expiry))
    return Entry(to_us(instant(made)), number, amount, kind == "addition", start_us, expiry_us)


def records(ledgers):
    """The rows as the API lists them, with ids that count up."""
    number = 0
    for card, moves in enumerate(ledgers):
        for kind, made, amount, start, expiry in moves:
            number += 1
            yield number, f"card-{card}", kind, instant(made), amount, when(start), when(expiry)


@pytest.fixture(scope="module")
def emu():
    with Emulator(management_rate=0) as emulator:
        yield emulator


def fill(emu, ledgers):
    """Put the ledgers into the emulator."""
    emu.reset("empty")
    emu.add("cards", *({"program": 1, "identifier": f"card-{card}"} for card in range(len(ledgers))))
    emu.add_transactions(
        {
            "program": 1,
            "card": card,
            "type": kind,
            "amount": str(amount),
            "created": when((made - BEGIN).days),
            "startDate": start,
            "expiryDate": expiry,
        }
        for _, card, kind, made, amount, start, expiry in records(ledgers)
    )


def endpoint_balance(emu, card, day):
    """Return what the balance endpoint reports."""
    answer = requests.get(
        f"{emu.url}/v1/loyalty_programs/1/cards/{card}/balances",
        params={"endDate": when(day)},
        headers={"Authorization": f"ApiKey-v1 {emu.api_key}"},
        timeout=10,
    )
    reported = answer.json(parse_float=Decimal, parse_int=Decimal)["balance"]
    return Points(*(reported[f"{name}Points"] for name in ("active", "pending", "spent", "expired", "negative")))


def model_balances(database):
    """The sums of the lots of every card: active, pending, expired and spent."""
    rows = database.query(
        "SELECT owner, SUM(active_points), SUM(pending_points), SUM(expired_points), SUM(spent_points) "
        "FROM talon_one.points_lots GROUP BY owner"
    )
    return {owner: tuple(figures) for owner, *figures in rows}


@examples(8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rng=st.randoms(use_true_random=True), day=st.sampled_from(DAYS))
def test_tap_models_and_emulator_agree_on_every_ledger(database, load, card_row, emu, *, rng, day):
    """All give one balance for ties, late starts, expiries, debts, and amounts from 10^-18 to 10^18."""
    ledgers = random_ledgers(rng)
    fill(emu, ledgers)
    rows = [
        card_row(number, made, amount, kind, cardIdentifier=card, startDate=start, expiryDate=expiry)
        for number, card, kind, made, amount, start, expiry in records(ledgers)
    ]
    other = card_row(10_000, BEGIN, 1, cardIdentifier="other")
    load(loyalty.CARD_TRANSACTIONS, [other])
    database.query("DELETE FROM talon_one.loyalty_card_transactions")
    load(loyalty.CARD_TRANSACTIONS, [*rows, other])
    create_models(database, as_of=instant(day))
    models = model_balances(database)
    truth = {row[0]: Points(*row[2:]) for row in emu.truth(1, when(day))["balances"]}
    number = 0
    for card, moves in enumerate(ledgers):
        name = f"card-{card}"
        expected = balance([entry(number + n, move) for n, move in enumerate(moves, 1)], to_us(instant(day)))
        number += len(moves)
        with localcontext(EXACT):
            lots = (expected.active, expected.pending, expected.expired, expected.spent - expected.negative)
        assert expected == endpoint_balance(emu, name, day)
        assert expected == truth.get(name, Points())
        assert lots == models.get(name, (NOTHING,) * 4)


def test_a_sum_that_a_database_cannot_hold_is_an_error(load, card_row, database):
    """Amounts near 10^20 in one ledger end the query of the models, or their sum is exact; nothing is cut."""
    rows = [card_row(number, BEGIN, Decimal("9E+19"), "subtraction") for number in (1, 2)]
    load(loyalty.CARD_TRANSACTIONS, [*rows, card_row(3, BEGIN, 1)])
    create_models(database, as_of=instant(1))
    query = "SELECT SUM(points_subtracted) FROM talon_one.points_balance_over_time"
    if database.query("SELECT version()")[0][0].startswith("PostgreSQL"):
        assert [(Decimal("1.8E+20"),)] == database.query(query)
    else:
        with pytest.raises(WarehouseError, match="Out of Range"):
            database.query(query)
