"""The balance arithmetic is compared with a simple model that moves single cents, one after the other."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon_one_emulator.domain.loyalty.ledger import Balance, LedgerRow, balance, unused
from talon_one_emulator.domain.timestamps import FOREVER
from tests.examples import examples


def model(entries, at):
    """Return a balance of a model: additions are single cents; each instant expires, activates, then spends some."""
    issued = [entry for entry in entries if entry.created <= at]
    waiting = [[max(e.created, e.starts), e] for e in issued if e.addition]
    bags, debt, spent, expired = [], 0, 0, 0
    for now in range(at + 1):
        expired += sum(cents for _, cents, expires in bags if expires == now)
        bags = [bag for bag in bags if bag[2] > now]
        for entry in sorted((e for effective, e in waiting if effective == now), key=lambda e: e.id):
            for _ in range(int(entry.amount)):
                if entry.expires <= now:
                    expired += 1
                elif debt:
                    debt -= 1
                else:
                    bags.append(((entry.expires, entry.created, entry.id), 1, entry.expires))
        bags.sort()
        for entry in (e for e in issued if not e.addition and e.created == now):
            spent += int(entry.amount)
            for _ in range(int(entry.amount)):
                if bags:
                    bags.pop(0)
                else:
                    debt += 1
    late = [entry for effective, entry in waiting if effective > at]
    expired += sum(int(entry.amount) for entry in late if entry.expires <= at)
    pending = sum(int(entry.amount) for entry in late if entry.expires > at)
    return tuple(map(Decimal, (len(bags), pending, spent, expired, debt)))


instants = st.integers(0, 12)
rows = st.tuples(instants, st.booleans(), st.integers(1, 6), st.integers(0, 14), st.integers(1, 16) | st.just(FOREVER))


@examples(400)
@given(st.lists(rows, max_size=9), instants)
def test_the_balance_equals_the_model(drawn, at):
    """Any ledger has at any instant the balance that moving single cents gives."""
    entries = [
        LedgerRow(n, created, add, Decimal(amount), start, end)
        for n, (created, add, amount, start, end) in enumerate(drawn)
    ]
    assert tuple(balance(entries, at)) == model(entries, at)


@examples(200)
@given(st.lists(rows, max_size=9), instants)
def test_what_is_left_of_the_additions_adds_up_to_the_balance(drawn, at):
    """Unused points have the sums of the balance by status, and no row twice."""
    entries = [
        LedgerRow(n, created, add, Decimal(amount), start, end)
        for n, (created, add, amount, start, end) in enumerate(drawn)
    ]
    found, whole = unused(entries, at), balance(entries, at)
    sums = [sum((each.amount for each in some), Decimal(0)) for some in found]
    assert sums == [whole.active, whole.pending, whole.expired]
    ids = [each.id for some in found for each in some]
    assert len(set(ids)) == len(ids)
    assert all(
        entries[each.id].addition and 0 < each.amount <= entries[each.id].amount for some in found for each in some
    )


@examples(200)
@given(st.lists(rows, max_size=20), instants)
def test_what_was_issued_is_accounted_for(drawn, at):
    """Issued = active + pending + expired + spent - negative, and active or negative is 0."""
    entries = [
        LedgerRow(n, created, add, Decimal(amount), start, end)
        for n, (created, add, amount, start, end) in enumerate(drawn)
    ]
    found = balance(entries, at)
    issued = sum((e.amount for e in entries if e.addition and e.created <= at), Decimal(0))
    assert issued == found.active + found.pending + found.expired + found.spent - found.negative
    assert not found.active or not found.negative


def test_the_earliest_expiry_is_spent_first():
    """A subtraction takes the points that would expire first, whichever came first."""
    entries = [
        LedgerRow(1, 0, True, Decimal(5), 0, 100),
        LedgerRow(2, 1, True, Decimal(5), 1, 50),
        LedgerRow(3, 2, False, Decimal(5), 2, FOREVER),
    ]
    assert balance(entries, 60) == Balance(active=Decimal(5), spent=Decimal(5))


def test_points_that_become_active_pay_the_debt_first():
    """A later addition first pays the debt of earlier subtractions."""
    entries = [LedgerRow(1, 0, False, Decimal(3), 0, FOREVER), LedgerRow(2, 5, True, Decimal(10), 5, FOREVER)]
    assert balance(entries, 4) == Balance(spent=Decimal(3), negative=Decimal(3))
    assert balance(entries, 5) == Balance(active=Decimal(7), spent=Decimal(3))


@pytest.mark.parametrize("digits", ["0.1", "12345678901234.56", "0.0000001", "123456789012345678.000000001"])
def test_sums_lose_no_digit(digits):
    """Ten equal amounts add up exactly."""
    entries = [LedgerRow(n, 0, True, Decimal(digits), 0, FOREVER) for n in range(10)]
    assert balance(entries, 0).active == Decimal(digits).scaleb(1)


def test_the_truth_agrees_with_the_endpoints(api, emu):
    """The oracle and the endpoints compute the same balances for every ledger at several instants."""
    emu.reset("synthetic", cards=12, transactions=120)
    for instant in ("2024-01-01T00:30:00Z", "2024-01-20T00:00:00Z", "2024-02-15T00:00:00Z", "2026-01-01T00:00:00Z"):
        for owner, subledger, *points in emu.truth(1, instant)["balances"]:
            reply = api("get_loyalty_card_balances", 1, owner, endDate=instant).json
            found = reply["subledgerBalances"][subledger] if subledger else reply["balance"]
            names = ("activePoints", "pendingPoints", "spentPoints", "expiredPoints", "negativePoints")
            assert points == [found[name] for name in names]


def test_the_truth_counts_rows(emu):
    """The oracle counts and sums additions and subtractions up to an instant."""
    found = emu.truth(1, "2025-02-01T12:00:00Z")
    assert found["additions"] == {"count": 1, "sum": Decimal("100.50")}
    assert found["subtractions"] == {"count": 1, "sum": Decimal("20.25")}
    assert emu.truth(1, "2025-02-01T11:59:59.999999Z")["subtractions"]["count"] == 0
