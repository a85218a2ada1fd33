"""Windows: whatever the order, the bounds and the changes, each row that lives through the read comes once."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talon_one_client import endpoints as ep
from talon_one_client.pages import Page, PageSize
from talon_one_client.windows import MIN_US, Window, WindowReader, from_us, to_us

BASE = to_us(datetime(2025, 1, 1, tzinfo=UTC))


class Ledger:
    """A server's ledger in memory: its order, its bounds, and rows that come and go after each page."""

    def __init__(self, times, *, order="newest", inclusive=True, deleted=0, inserted=0, seed=0):
        self.rows = {number: BASE + time for number, time in enumerate(times)}
        self.order, self.inclusive, self.deleted, self.inserted = order, inclusive, deleted, inserted
        self.chance, self.calls, self.next = random.Random(seed), 0, len(times)

    def fetch(self, skip, page_size, startDate=None, endDate=None):  # noqa: N803  names of the wire
        """One page, after which rows come and go."""
        self.calls += 1
        low, high = MIN_US if startDate is None else to_us(startDate), to_us(endDate)
        inside = (lambda t: low <= t <= high) if self.inclusive else (lambda t: low < t < high)
        there = [(time, number) for number, time in self.rows.items() if inside(time)]
        there.sort(key=lambda r: hash(r) if self.order == "shuffled" else r, reverse=self.order == "newest")
        page = [msgspec.json.encode({"id": n, "created": from_us(t)}) for t, n in there[skip : skip + page_size]]
        self._change()
        return Page([msgspec.Raw(row) for row in page], len(there) > skip + page_size)

    def _change(self):
        for number in self.chance.sample(sorted(self.rows), min(self.deleted, len(self.rows))):
            del self.rows[number]
        for _ in range(self.inserted):
            self.rows[self.next] = BASE + self.chance.randrange(1_000_000)
            self.next += 1


def read(ledger, size, end):
    reader = WindowReader(ledger.fetch, PageSize(ep.GET_LOYALTY_CARD_TRANSACTIONS, size))
    return [row.id for rows, _ in reader.read(Window(MIN_US, end)) for row in rows]


instants = st.integers(0, 5_000_000_000) | st.sampled_from([0, 7, 8, 1_000_000, 1_000_001])


@settings(max_examples=120, deadline=None)
@given(
    times=st.lists(instants, max_size=250),
    order=st.sampled_from(["newest", "oldest", "shuffled"]),
    inclusive=st.booleans(),
    size=st.sampled_from([10, 25, 50]),
    changes=st.sampled_from([(0, 0), (2, 0), (2, 1)]),
    seed=st.integers(0, 99),
)
def test_each_row_that_lives_through_the_read_comes_once(times, order, inclusive, size, changes, seed):
    """No row that is there from start to end is lost, none comes twice."""
    deleted, inserted = changes
    ledger = Ledger(times, order=order, inclusive=inclusive, deleted=deleted, inserted=inserted, seed=seed)
    before = set(ledger.rows)
    ids = read(ledger, size, BASE + 5_000_000_001)
    assert [] == sorted(before & set(ledger.rows) - set(ids))
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
def test_uniform_rows_take_at_most_1_6_calls_a_page(order):
    """20,000 rows spread over a year, pages of 1,000."""
    chance = random.Random(1)
    ledger = Ledger([chance.randrange(31_536_000_000_000) for _ in range(20_000)], order=order)
    assert 20_000 == len(read(ledger, 1000, BASE + 31_536_000_000_000))
    assert ledger.calls <= 32


@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
def test_one_instant_with_more_rows_than_a_page_takes_at_most_three_calls_a_page(order):
    """20,000 rows at one microsecond."""
    ledger = Ledger([5_000_000] * 20_000, order=order, inclusive=False)
    assert 20_000 == len(read(ledger, 1000, BASE + 86_400_000_000))
    assert ledger.calls <= 60


def test_a_window_is_half_open():
    """A row at the start belongs to the window, a row at its end to the next one."""
    ledger = Ledger([0, 10, 20])
    reader = WindowReader(ledger.fetch, PageSize(ep.GET_LOYALTY_CARD_TRANSACTIONS))
    parts = list(reader.read(Window(BASE, BASE + 20)))
    assert [[0, 1]] == [sorted(row.id for row in rows) for rows, _ in parts]
    assert Window(BASE + 20, BASE + 20) == parts[-1][1]


def test_what_remains_shrinks_to_nothing_and_never_leaves_a_gap():
    """After each part the rest is what was not read yet: reading it alone gives the other rows."""
    chance = random.Random(3)
    times = [chance.randrange(86_400_000_000) for _ in range(400)]
    ledger = Ledger(times)
    size = PageSize(ep.GET_LOYALTY_CARD_TRANSACTIONS, 50)
    seen: set[int] = set()
    for rows, rest in WindowReader(ledger.fetch, size).read(Window(MIN_US, BASE + 86_400_000_000)):
        seen |= {row.id for row in rows}
        later = {row.id for more, _ in WindowReader(ledger.fetch, size).read(rest) for row in more}
        assert set(range(400)) - seen == later
    assert set(range(400)) == seen
