"""The ledger arithmetic, by hand and against the emulator's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from talon_one_client.paging.windows import to_us
from talon_one_emulator import Emulator
from tap_talon_one.ledger.arithmetic import Entry, Points, balance
from tests.examples import examples

DAY = timedelta(days=1)
ZERO = datetime(2025, 1, 1, tzinfo=UTC)


def at(day: float) -> int:
    return to_us(ZERO + day * DAY)


def give(number: int, day: float, amount: str, start: float | None = None, expiry: float | None = None) -> Entry:
    instants = (None if when is None else at(when) for when in (start, expiry))
    return Entry(at(day), number, Decimal(amount), True, *instants)


def take(number: int, day: float, amount: str) -> Entry:
    return Entry(at(day), number, Decimal(amount), False)


def points(active="0", pending="0", spent="0", expired="0", negative="0") -> Points:
    return Points(*map(Decimal, (active, pending, spent, expired, negative)))


@pytest.mark.parametrize(
    ("entries", "day", "expected"),
    [
        ([give(1, 0, "10.10")], 1, points("10.10")),
        ([give(1, 0, "10", start=5)], 1, points(pending="10")),
        ([give(1, 0, "10", expiry=5)], 5, points(expired="10")),
        ([give(1, 0, "10", expiry=5), take(2, 1, "4")], 6, points(spent="4", expired="6")),
        ([give(1, 0, "10"), give(2, 0, "10", expiry=5), take(3, 1, "12")], 6, points("8", spent="12")),
        ([take(1, 0, "5"), give(2, 1, "3")], 2, points(spent="5", negative="2")),
        ([take(1, 0, "5"), give(2, 1, "9")], 2, points("4", spent="5")),
        ([give(1, 0, "7"), take(2, 3, "7")], 2, points("7")),
    ],
)
def test_hand_checked_ledgers(entries, day, expected):
    """Small ledgers have the balances that were worked out by hand."""
    assert expected == balance(entries, at(day))


moves = st.lists(
    st.tuples(
        st.booleans(),
        st.integers(0, 40),
        st.integers(1, 2_000),
        st.one_of(st.none(), st.integers(0, 50)),
        st.one_of(st.none(), st.integers(0, 60)),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def emu():
    with Emulator(seed="synthetic", cards=1, transactions=0, management_rate=0) as emulator:
        yield emulator


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=moves, day=st.integers(0, 70))
def test_any_ledger_gives_the_emulators_balance(emu, moves, day):
    """Two independent implementations agree on the balance of every ledger."""
    emu.reset()
    entries, records = [], []
    for number, (addition, made, cents, start, expiry) in enumerate(moves):
        amount = Decimal(cents) / 100
        if start is not None and expiry is not None:
            expiry = max(expiry, start + 1)  # noqa: PLW2901  points that expire before they start are no case
        instants = {"startDate": start, "expiryDate": expiry} if addition else {}
        record = {"program": 1, "card": "card-000001", "type": "addition" if addition else "subtraction"}
        record |= {"amount": float(amount), "created": (ZERO + made * DAY).isoformat()}
        records.append(record | {k: (ZERO + d * DAY).isoformat() for k, d in instants.items() if d is not None})
        entries.append(give(number, made, str(amount), start, expiry) if addition else take(number, made, str(amount)))
    emu.add_transactions(records)
    truth = emu.truth(1, (ZERO + day * DAY).isoformat())["balances"]
    expected = [Points(*map(Decimal, map(str, row[2:]))) for row in truth if row[0] == "card-000001"] or [points()]
    assert expected == [balance(entries, at(day))]
