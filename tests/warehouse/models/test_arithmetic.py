"""The lots of the models beside the ledger's arithmetic and the emulator's truth."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from talon_one_emulator import Emulator
from talon_one_warehouse.models.views import create_models
from tap_talon_one.ledger.arithmetic import Entry, balance
from tap_talon_one.streams import loyalty

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def day(number):
    """The instant ``number`` days after the begin."""
    return BEGIN + timedelta(days=number)


def random_ledger(card_row, rng, first, card):
    """Rows of a card over 400 days, additions and subtractions, with starts and ends."""
    rows = []
    for number in range(first, first + rng.randint(1, 40)):
        at = BEGIN + timedelta(seconds=rng.randrange(400 * 86_400))
        amount = Decimal(rng.randrange(1, 5_000)) / 100
        if rng.random() < 0.35:
            rows.append(card_row(number, at, amount * 2, "subtraction", cardIdentifier=card))
            continue
        start = at + timedelta(days=rng.randrange(1, 60), microseconds=number) if rng.random() < 0.3 else at
        more = {"startDate": start} if start > at else {}
        if rng.random() < 0.7:
            more["expiryDate"] = start + timedelta(days=rng.randrange(1, 120), microseconds=number)
        rows.append(card_row(number, at, amount, cardIdentifier=card, **more))
    return rows


def ledger_in_order(card_row, rng, first, card):
    """Rows of a card whose points expire in the order in which they start, many of them at one instant, with debts."""
    rows, validity = [], rng.choice([None, 3, 20])
    for number in range(first, first + rng.randint(1, 30)):
        at = day(rng.randrange(60))
        amount = Decimal(rng.randrange(500)) / 100
        if rng.random() < 0.4:
            rows.append(card_row(number, at, amount * 2, "subtraction", cardIdentifier=card))
        else:
            more = {"expiryDate": at + timedelta(days=validity)} if validity else {}
            rows.append(card_row(number, at, amount, cardIdentifier=card, **more))
    return rows


def entry(row):
    """The row as the arithmetic has it."""
    micros = [
        int((datetime.fromisoformat(row[name]) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
        if row[name][0].isdigit()
        else None
        for name in ("created", "startDate", "expiryDate")
    ]
    return Entry(micros[0], row["id"], Decimal(str(row["amount"])), row["type"] == "addition", *micros[1:])


LOTS = """
SELECT l.owner, SUM(active_points), SUM(pending_points), SUM(expired_points), SUM(spent_points)
FROM talon_one.points_lots AS l GROUP BY l.owner
"""


@pytest.mark.parametrize("ledger", [random_ledger, ledger_in_order])
@pytest.mark.parametrize("at", [30, 59, 200, 500])
def test_lots_add_up_to_the_balances_of_the_ledgers_arithmetic(database, load, card_row, at, ledger):
    """The lots of 60 random ledgers add up to their balances, whether points expire in order or not."""
    rng = random.Random(at)
    rows = [row for n in range(60) for row in ledger(card_row, rng, n * 100, f"card-{n}")]
    load(loyalty.CARD_TRANSACTIONS, rows)
    create_models(database, as_of=day(at))
    when_us = int((day(at) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
    ledgers = {}
    for row in rows:
        ledgers.setdefault(row["cardIdentifier"], []).append(entry(row))
    points = {card: balance(entries, when_us) for card, entries in ledgers.items()}
    expected = {card: (p.active, p.pending, p.expired, p.spent - p.negative) for card, p in points.items()}
    found = {card: tuple(figures) for card, *figures in database.query(LOTS)}
    nothing = (Decimal(0),) * 4
    assert expected == {card: found.get(card, nothing) for card in expected}


def test_lots_add_up_to_the_emulators_truth(database, load, card_row):
    """The lots of a synthetic account add up to the emulator's balances, per card, per subledger and in total."""
    with Emulator(seed="synthetic", cards=12, transactions=60) as emulator:
        for at in ("2024-01-20T00:00:00Z", "2025-03-01T00:00:00Z"):
            truth = emulator.truth(1, at)
            if at.startswith("2024"):
                load(loyalty.CARD_TRANSACTIONS, emulated_rows(card_row, emulator))
            create_models(database, as_of=datetime.fromisoformat(at))
            found = database.query(
                "SELECT owner, subledger_id, SUM(active_points), SUM(pending_points), SUM(expired_points) "
                "FROM talon_one.points_lots GROUP BY owner, subledger_id ORDER BY owner, subledger_id"
            )
            expected = [
                (owner, ledger, *(Decimal(str(figure)) for figure in (active, pending, expired)))
                for owner, ledger, active, pending, _, expired, _ in sorted(truth["balances"])
            ]
            assert expected == found
            liability = "SELECT SUM(active_points), SUM(pending_points) FROM talon_one.liability_by_expiry_month"
            totals = tuple(sum((row[column] for row in expected), Decimal(0)) for column in (2, 3))
            assert [totals] == database.query(liability)


def emulated_rows(card_row, emulator):
    """The ledgers of all cards, as the API has them."""
    state = emulator.state("cards", "ledger")
    names = {card["id"]: card["identifier"] for card in state["cards"]}
    forever = max(row["expires"] for row in state["ledger"])
    for row in state["ledger"]:
        created, starts, expires = (
            datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row[name]) if row[name] < forever else None
            for name in ("created", "starts", "expires")
        )
        yield card_row(
            row["id"],
            created,
            row["amount"],
            "addition" if row["addition"] else "subtraction",
            cardIdentifier=names[row["card"]],
            subledgerId=row["subledger"],
            startDate="immediate" if starts == created else starts,
            expiryDate=expires or "unlimited",
        )
