"""The lots of ledgers in order, which window functions compute, beside the replay of the same ledgers step by step."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from talon_one_warehouse.models.views import create_models
from tap_talon_one.streams import loyalty
from tests.examples import examples

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
COLUMNS = "owner, id, spent_points, expired_points, active_points, pending_points"
CHOICE = "CASE WHEN is_out_of_order = 1 AND has_subtractions = 1 THEN 1 ELSE 0 END AS is_mixed"


def replayed(as_of):
    """The query of the lots, changed so that it replays every ledger."""
    text = files("talon_one_warehouse.models").joinpath("points_lots.sql").read_text()
    assert 1 == text.count(CHOICE)
    filled = text.replace(CHOICE, "1 AS is_mixed").replace("{schema}", "talon_one")
    return filled.replace("{as_of}", f"TIMESTAMPTZ '{as_of.isoformat(sep=' ')}'")


def random_rows(card_row, rng):
    """Forty ledgers of few instants; in most of them, all points are valid for one time."""
    number = 0
    for card in range(40):
        validity, is_mixed = rng.choice([None, 0, 1, 2, 5]), rng.random() < 0.2
        for _ in range(rng.randint(1, 10)):
            number += 1
            at = BEGIN + timedelta(days=rng.randrange(6))
            amount = Decimal(rng.choice(["0", "0.1", "1", "2", "5", "0.000000000000000001"]))
            valid = rng.choice([None, 1, 3]) if is_mixed else validity
            more = {} if valid is None else {"expiryDate": at + timedelta(days=valid)}
            kind = "subtraction" if rng.random() < 0.4 else "addition"
            yield card_row(number, at, amount, kind, cardIdentifier=f"card-{card}", **more)


@examples(15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), day=st.integers(0, 8))
def test_windows_leave_of_each_lot_what_a_replay_leaves(database, load, card_row, *, seed, day):
    """Ledgers with debts, ties and expiries at the instant of a subtraction have the same lots in both ways."""
    as_of = BEGIN + timedelta(days=day)
    load(loyalty.CARD_TRANSACTIONS, [card_row(10_000, BEGIN, 1)])
    database.query("DELETE FROM talon_one.loyalty_card_transactions")
    load(loyalty.CARD_TRANSACTIONS, list(random_rows(card_row, random.Random(seed))))
    create_models(database, as_of=as_of)
    by_windows = database.query(f"SELECT {COLUMNS} FROM talon_one.points_lots ORDER BY id")
    assert database.query(f"SELECT {COLUMNS} FROM ({replayed(as_of)}) AS r ORDER BY id") == by_windows
