"""Ledgers that move while they are read: every row that lived through the run comes, once."""

from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from talon_one_client import endpoints as ep
from talon_one_client.errors import UnexpectedResponseError
from talon_one_client.paging.ledger_rows import decode_ledger_page
from talon_one_client.paging.pages import PageSize, fetcher
from talon_one_client.paging.window_reader import WindowReader, read_window
from talon_one_client.paging.windows import MIN_US, Window, from_us, to_us
from tests.examples import examples

ROW = ep.GET_LOYALTY_CARD_TRANSACTIONS
START = to_us(datetime(2024, 1, 1, tzinfo=UTC))
DAY = 86_400_000_000


def shuffled(row_id):
    """Return an arbitrary but fixed position."""
    return row_id * 2_654_435_761 % 2**32


class Ledger:
    """Rows in memory, and the ``Fetch`` of a server with its order, bounds and precision of dates."""

    def __init__(self, times, order="newest", bounds="exclusive", unit=1, cap=1000, change=None):
        self.rows = dict(enumerate(times, 1))
        self.born = set(self.rows)
        self.next_id = len(self.rows) + 1
        self.order, self.bounds, self.unit, self.cap, self.change = order, bounds, unit, cap, change
        self.calls = 0

    def __call__(self, skip, page_size, query):
        """Return a page, after which rows are inserted and deleted."""
        self.calls += 1
        assert self.calls < 3000  # far above what any read here may take
        size = min(page_size, self.cap)
        low, high = map(self._cut, (query["startDate"], query["endDate"]))
        chosen = [(at, row) for row, at in self.rows.items() if self._within(at // self.unit * self.unit, low, high)]
        key = {"newest": lambda r: (-r[0], -r[1]), "oldest": None, "shuffled": lambda r: shuffled(r[1])}[self.order]
        chosen.sort(key=key)
        data = [{"id": row, "created": from_us(at)} for at, row in chosen[skip : skip + size]]
        if self.change:
            self.change(self)
        return decode_ledger_page(msgspec.json.encode({"hasMore": len(chosen) > skip + size, "data": data}))

    def _cut(self, text):
        return None if text is None else to_us(text) // self.unit * self.unit

    def _within(self, at, low, high):
        above = low is None or (at >= low if self.bounds != "exclusive" else at > low)
        return above and (high is None or (at <= high if self.bounds == "inclusive" else at < high))


def read(ledger, window, page_size):
    """Ids in the order in which they came; checks that the remaining window only shrinks."""
    size = PageSize(ROW, page_size)
    found, rest = [], window
    for rows, remains in read_window(ledger, size, window):
        assert rest.start_us <= remains.start_us <= remains.end_us <= rest.end_us
        assert remains.end_us - remains.start_us < rest.end_us - rest.start_us
        assert all(rest.start_us <= to_us(at) < rest.end_us for at in rows.created)
        assert not any(remains.start_us <= to_us(at) < remains.end_us for at in rows.created)
        rest = remains
        found += [row.id for row in rows.heads]
    assert rest.start_us == rest.end_us
    return found


def read_in_parts(ledger, window, page_size, random):
    """Ids found by up to 16 readers that take turns: what remains of one is split again and again."""
    readers, unsafe, found = [WindowReader(ledger, PageSize(ROW, page_size), window)], {}, []
    while readers:
        reader = random.choice(readers)
        if reader in unsafe:
            found += [row.id for row in unsafe.pop(reader).heads]
            reader.advance()
        elif reader.remaining.width_us <= 0:
            readers.remove(reader)
        elif (rows := reader.step()) is not None:
            unsafe[reader] = rows
        if 0 < len(readers) < 16 and random.random() < 0.5 and (part := random.choice(readers).split()) is not None:
            readers.append(part)
    return found


SPANS = [10, 1_000, 1_000_000, DAY, 400 * DAY]
ledgers = st.fixed_dictionaries(
    {
        "span": st.sampled_from(SPANS),
        "places": st.lists(st.floats(0, 1), max_size=120),
        "crowd": st.tuples(st.floats(0, 1), st.integers(0, 130)),
        "order": st.sampled_from(["newest", "oldest", "shuffled"]),
        "bounds": st.sampled_from(["exclusive", "inclusive", "half_open"]),
        "page_size": st.integers(1, 50),
        "seed": st.integers(0, 9),
    }
)


def instants(case):
    """Row times: anywhere in the span, and many at one instant."""
    at, crowd = case["crowd"]
    return [START + round(place * (case["span"] - 1)) for place in [*case["places"], *[at] * crowd]]


@given(ledgers)
@examples(300)
def test_a_still_ledger_is_read_once_whole(case):
    """A ledger that does not change is read completely, for any times, order, bounds and page size."""
    ledger = Ledger(instants(case), case["order"], case["bounds"])
    found = read(ledger, Window(START, START + case["span"]), case["page_size"])
    assert sorted(ledger.rows) == sorted(found)


def changing(case, deletes):
    """Rows that are inserted between the fetches all over the window, and a few that are deleted."""
    random = Random(case["seed"])

    def change(ledger):
        if ledger.calls > 200:
            return
        if random.random() < 0.5:
            ledger.rows[ledger.next_id] = START + random.randrange(case["span"])
            ledger.next_id += 1
        if deletes and ledger.rows and random.random() < 0.5:
            del ledger.rows[random.choice(sorted(ledger.rows))]

    return change


@example(
    {
        "span": 1000,
        "places": [1.0, 0.0],
        "crowd": (0.0, 1),
        "order": "oldest",
        "bounds": "exclusive",
        "page_size": 1,
        "seed": 2,
    }
)
@given(ledgers.filter(lambda case: case["crowd"][1] <= case["page_size"] and case["span"] > 10))
@examples(300, suppress_health_check=[HealthCheck.filter_too_much])
def test_a_moving_ledger_loses_and_doubles_nothing(case):
    """A row that exists during the whole run comes once, whatever is inserted and deleted between two calls."""
    ledger = Ledger(instants(case), case["order"], case["bounds"], change=changing(case, deletes=True))
    found = read(ledger, Window(START, START + case["span"]), case["page_size"])
    assert len(found) == len(set(found))
    assert ledger.born & set(ledger.rows) <= set(found)


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_a_gap_between_two_imports_is_not_read_in_many_parts(order):
    """A year without rows between two imports costs few calls, though the rows on both sides are close together."""
    imports = [START + n * 1_000 for n in range(5_000)] + [START + 365 * DAY + n * 1_000 for n in range(5_000)]
    for seed in range(5):
        ledger = Ledger(imports, order)
        found = read_in_parts(ledger, Window(MIN_US, START + 500 * DAY), 1000, Random(seed))
        assert [*range(1, 10_001)] == sorted(found)
        assert ledger.calls <= 60


@given(ledgers)
@examples(200)
def test_a_still_ledger_is_read_once_whole_in_parts(case):
    """However it is split among readers that take turns, each row comes once, crowded instants included."""
    ledger = Ledger(instants(case), case["order"], case["bounds"])
    window, random = Window(START, START + case["span"]), Random(case["seed"])
    assert sorted(ledger.rows) == sorted(read_in_parts(ledger, window, case["page_size"], random))


@given(ledgers.filter(lambda case: case["crowd"][1] <= case["page_size"] and case["span"] > 10))
@examples(200, suppress_health_check=[HealthCheck.filter_too_much])
def test_a_moving_ledger_read_in_parts_loses_and_doubles_nothing(case):
    """A row that exists during the whole run comes once, also where its window was handed to another reader."""
    ledger = Ledger(instants(case), case["order"], case["bounds"], change=changing(case, deletes=True))
    window, random = Window(START, START + case["span"]), Random(case["seed"])
    found = read_in_parts(ledger, window, case["page_size"], random)
    assert len(found) == len(set(found))
    assert ledger.born & set(ledger.rows) <= set(found)


@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
def test_parts_take_hardly_more_calls_than_one_reader(order):
    """20,000 rows in 20 pages take at most 1.8 calls a page when they are split at every opportunity."""
    ledger = Ledger([START + n * 365 * DAY // 20_000 for n in range(20_000)], order)
    found = read_in_parts(ledger, Window(MIN_US, START + 2 * 365 * DAY), 1000, Random(5))
    assert 20_000 == len(found) == len(set(found))
    assert ledger.calls <= 36


@given(ledgers)
@examples(100)
def test_a_crowded_instant_survives_inserts(case):
    """An instant with more rows than a page is read once by overlapping pages, while rows are inserted."""
    case = case | {"page_size": max(case["page_size"], 4)}
    ledger = Ledger(instants(case), case["order"], case["bounds"], change=changing(case, deletes=False))
    found = read(ledger, Window(START, START + case["span"]), case["page_size"])
    assert len(found) == len(set(found))
    assert ledger.born <= set(found)


@pytest.mark.parametrize("unit", [1_000, 1_000_000])
@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
@pytest.mark.parametrize("bounds", ["exclusive", "inclusive"])
def test_a_server_that_cuts_off_fractions_of_seconds(order, bounds, unit):
    """Rows of a dense ledger come once from a server that cuts off fractions of seconds."""
    random = Random(1)
    ledger = Ledger([START + random.randrange(DAY) for _ in range(2000)], order, bounds, unit=unit)
    found = read(ledger, Window(START, START + DAY), 100)
    assert list(range(1, 2001)) == sorted(found)


@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
@pytest.mark.parametrize("bounds", ["exclusive", "inclusive"])
def test_calls_stay_near_the_number_of_pages(order, bounds):
    """20,000 rows in 20 pages take at most 1.6 calls a page in any order."""
    ledger = Ledger([START + n * 365 * DAY // 20_000 for n in range(20_000)], order, bounds)
    found = read(ledger, Window(START, START + 365 * DAY), 1000)
    assert 20_000 == len(set(found))
    assert ledger.calls <= 32


@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
@pytest.mark.parametrize("crowd", [500, 501, 999, 1000, 1001])
def test_a_crowd_of_about_a_page_is_no_obstacle(order, crowd):
    """Rows around a crowded instant are not approached a microsecond at a time."""
    ledger = Ledger([START + n * DAY // 2000 for n in range(2000)] + [START + DAY // 3] * crowd, order)
    found = read(ledger, Window(START, START + DAY), 1000)
    assert 2000 + crowd == len(set(found))
    assert ledger.calls <= 20


@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
def test_one_instant_with_more_rows_than_a_page_takes_at_most_three_calls_a_page(order):
    """5,000 rows of one microsecond, 250 a page, take at most three calls a page."""
    ledger = Ledger([START + 5_000_000] * 5000, order)
    found = read(ledger, Window(START, START + DAY), 250)
    assert 5000 == len(found)
    assert ledger.calls <= 60


def test_what_remains_is_what_was_not_read_yet():
    """Reading the remaining window alone returns the other rows, so that a run can resume there."""
    random = Random(3)
    ledger = Ledger([START + random.randrange(DAY) for _ in range(400)])
    seen = set()
    for rows, rest in read_window(ledger, PageSize(ROW, 50), Window(MIN_US, START + DAY)):
        seen |= {row.id for row in rows.heads}
        later = [row.id for more, _ in read_window(ledger, PageSize(ROW, 50), rest) for row in more.heads]
        assert sorted(set(ledger.rows) - seen) == sorted(later)
    assert set(ledger.rows) == seen


@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
def test_a_short_ledger_since_ever_takes_one_call(order):
    """Without bookmark no startDate is sent, and a ledger of one page takes one call."""
    ledger = Ledger([START + n * DAY for n in range(300)], order)
    assert 300 == len(read(ledger, Window(MIN_US, START + 400 * DAY), 1000))
    assert 1 == ledger.calls


@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
def test_a_long_ledger_since_ever(order):
    """Two thousand empty years before the first row cost a few calls only."""
    ledger = Ledger([START + n * DAY // 10 for n in range(5000)], order)
    assert 5000 == len(set(read(ledger, Window(MIN_US, START + 600 * DAY), 1000)))
    assert ledger.calls <= 25


@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
def test_a_clamped_page_loses_nothing(order):
    """A server that sends fewer rows than requested loses no row if it says that more follow."""
    ledger = Ledger([START + n * DAY // 100 for n in range(2000)], order, cap=50)
    found = read(ledger, Window(START, START + 30 * DAY), 1000)
    assert list(range(1, 2001)) == sorted(found)


def test_an_empty_window_takes_no_call():
    """A window between equal bounds takes no call."""
    ledger = Ledger([START])
    assert [] == read(ledger, Window(START, START), 10)
    assert 0 == ledger.calls


def test_bounds_of_the_window_are_half_open():
    """The first instant of a window is in it, the last is not, so that neighbors never share a row."""
    times = [START - 1, START, START + 5, START + 9, START + 10]
    parts = [read(Ledger(times, bounds="inclusive"), Window(START + a, START + b), 50) for a, b in [(0, 5), (5, 10)]]
    assert [[2], [4, 3]] == parts


@pytest.mark.parametrize("order", ["shuffled", "newest", "oldest"])
@pytest.mark.parametrize("date_bounds", ["exclusive", "inclusive", "half_open"])
@pytest.mark.parametrize("fault", [None, "insert_rows", "delete_rows"])
def test_over_http(emu, client, order, date_bounds, fault):
    """A ledger that changes after every page is read completely from a server."""
    emu.reset("synthetic", cards=1, transactions=400)
    emu.switch(order=order, date_bounds=date_bounds)
    before = {row["id"] for row in emu.state("ledger")["ledger"]}
    if fault:
        emu.fault(ROW.name, fault, count=0, rows=2, at="past")
    size = PageSize(ROW, 60)
    fetch = fetcher(client, ROW, {"loyaltyProgramId": 1, "loyaltyCardId": "card-000001"}, size, decode_ledger_page)
    window = Window(MIN_US, to_us(datetime.now(UTC) + timedelta(days=1)))
    found = [row.id for rows, _ in read_window(fetch, size, window) for row in rows.heads]
    lived = before & {row["id"] for row in emu.state("ledger")["ledger"]}
    assert len(found) == len(set(found))
    assert lived <= set(found)
    assert len(emu.requests(ROW.name)) <= 24


@pytest.mark.parametrize("over", ["reject", "clamp"])
@pytest.mark.parametrize("order", ["shuffled", "newest", "oldest"])
def test_over_http_in_the_older_era(emu, client, order, over):
    """A profile's ledger with a crowded instant is read completely in the older era's pages of 50 rows."""
    emu.reset("demo", era="seed")
    emu.switch(order=order, page_size_above_max=over)
    crowd = [{"program": 2, "profile": "ben", "amount": "1", "created": "2025-03-01T12:00:00.5Z"}] * 120
    spread = [
        {"program": 2, "profile": "ben", "amount": "2", "created": f"2025-{1 + n % 12:02}-02T00:00:{n % 60:02}Z"}
        for n in range(200)
    ]
    ids = emu.add_transactions(crowd + spread)
    row = ep.GET_LOYALTY_PROGRAM_PROFILE_TRANSACTIONS
    size = PageSize(row)
    fetch = fetcher(client, row, {"loyaltyProgramId": 2, "integrationId": "ben"}, size, decode_ledger_page)
    window = Window(MIN_US, to_us(datetime(2026, 1, 1, tzinfo=UTC)))
    found = [r.id for rows, _ in read_window(fetch, size, window) for r in rows.heads]
    assert ids == sorted(found)
    assert 50 == size.value
    assert len(emu.requests(row.name)) <= 32


def answers(pages):
    """A ``Fetch`` that returns these pages, the last one endlessly, and counts its calls."""
    calls = []

    def fetch(skip, _page_size, _query):
        calls.append(skip)
        return pages[min(len(calls), len(pages)) - 1]

    return fetch, calls


def page_of(ids, created, more):
    """A page of rows that were made at one instant."""
    rows = [{"id": number, "created": from_us(created)} for number in ids]
    return decode_ledger_page(msgspec.json.encode({"hasMore": more, "data": rows}))


def test_an_instant_that_never_ends_is_noticed():
    """Two pages with the same rows of one instant and a promise of more end the reading."""
    fetch, calls = answers([page_of(range(10), START + 5, more=True)])
    with pytest.raises(UnexpectedResponseError, match=r"more rows were created at 2024-01-01T00:00:00.000005.*10 that"):
        list(read_window(fetch, PageSize(ROW, 10), Window(START + 5, START + 6)))
    assert 3 == len(calls)


@pytest.mark.parametrize("span", [DAY, 400 * DAY])
def test_a_server_that_ignores_dates_is_noticed(span):
    """Two pages in a row without any row of the requested window end the reading."""
    fetch, calls = answers([page_of(range(10), START - DAY, more=True)])
    with pytest.raises(UnexpectedResponseError, match="outside of the requested dates"):
        list(read_window(fetch, PageSize(ROW, 10), Window(START, START + span)))
    assert 2 == len(calls)
