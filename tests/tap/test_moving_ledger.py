"""Reading a ledger while rows come and go: what lived through the run is there, once, at a bounded number of calls."""

from __future__ import annotations

import itertools
import shutil
from datetime import UTC, datetime

import pytest

from talon_one_client import ClientConfig, Secret, TalonOneClient
from talon_one_client import endpoints as ep
from talon_one_client.paging.ledger_rows import decode_ledger_page
from talon_one_client.paging.pages import PageSize, fetcher
from talon_one_client.paging.window_reader import WindowReader, read_window
from talon_one_client.paging.windows import MIN_US, Window, to_us
from talon_one_emulator import Emulator
from tests.examples import mostly_slow, slow

ROWS = 50_000
ENDPOINT = ep.GET_LOYALTY_CARD_TRANSACTIONS
PATH = {"loyaltyProgramId": 1, "loyaltyCardId": "card-000001"}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """A database file of an emulator whose card has 50,000 transactions."""
    path = tmp_path_factory.mktemp("seed") / "emulator.db"
    with Emulator(seed="synthetic", cards=1, transactions=ROWS, db=path):
        pass
    return path


@pytest.fixture
def started(seeded, tmp_path):
    """Returns an emulator with a copy of that database, and the given settings."""
    return lambda **settings: Emulator(db=shutil.copy(seeded, tmp_path), management_rate=0, **settings)


def ledger_ids(emu) -> set[int]:
    return {row["id"] for row in emu.state("ledger")["ledger"]}


def read_in_parts(fetch, size, window) -> list[int]:
    """Ids read by four readers that take turns, which split what remains until there are so many."""
    readers, ids = [WindowReader(fetch, size, window)], []
    while readers:
        for reader in list(readers):
            rows = reader.step()
            part = reader.split() if len(readers) < 4 else None
            if part is not None:
                readers.append(part)
            if rows is not None:
                ids += [row.id for row in rows.heads]
                reader.advance()
            if reader.remaining.width_us <= 0:
                readers.remove(reader)
    return ids


def read(emu, *, in_parts=False) -> tuple[list[int], int]:
    """Ids read, and the calls it took."""
    emu.clear_requests()
    config = ClientConfig(base_url=emu.url, api_key=Secret(emu.api_key))
    with TalonOneClient(config) as client:
        size = PageSize(ENDPOINT)
        fetch = fetcher(client, ENDPOINT, PATH, size, decode_ledger_page)
        window = Window(MIN_US, to_us(datetime.now(UTC)))
        if in_parts:
            ids = read_in_parts(fetch, size, window)
        else:
            ids = [row.id for rows, _ in read_window(fetch, size, window) for row in rows.heads]
    return ids, emu.counters()[ENDPOINT.name]["requests"]


COMBINATIONS = list(
    itertools.product(("newest", "oldest", "shuffled"), ("inclusive", "exclusive"), ("seed", "current"), (False, True))
)
QUICK = {
    ("newest", "exclusive", "current", False),
    ("oldest", "inclusive", "seed", True),
}


@pytest.mark.parametrize(("order", "bounds", "era", "in_parts"), mostly_slow(COMBINATIONS, QUICK))
def test_rows_that_live_through_the_run_come_exactly_once(started, order, bounds, era, in_parts):
    """With 20 insertions and 200 deletions a page, every lasting row is read once, in 1.6 calls a page."""
    switches = {"order": order, "date_bounds": bounds}
    with started(era=era, switches=switches) as emu:
        before = ledger_ids(emu)
        emu.fault(ENDPOINT.name, "insert_rows", count=0, rows=20, at="past")
        emu.fault(ENDPOINT.name, "delete_rows", count=0, rows=200)
        ids, calls = read(emu, in_parts=in_parts)
        lived = before & ledger_ids(emu)
    assert len(before) - len(lived) >= 5_000
    assert [] == sorted(lived - set(ids))
    assert len(set(ids)) == len(ids)
    assert calls <= 1.6 * ROWS / 1000


@pytest.mark.parametrize("order", ["newest", slow("oldest"), slow("shuffled")])
def test_an_instant_with_more_rows_than_a_page_is_read_by_overlapping_pages(order):
    """10,000 rows of one instant are read despite deletions, within three calls a page."""
    crowded = "2025-06-01T12:00:00.123456Z"
    with Emulator(seed="synthetic", cards=1, transactions=10_000, switches={"order": order}, management_rate=0) as emu:
        row = {"program": 1, "card": "card-000001", "amount": 1, "created": crowded}
        emu.add_transactions([row] * 10_000)
        before = ledger_ids(emu)
        emu.fault(ENDPOINT.name, "delete_rows", count=0, rows=50)
        ids, calls = read(emu)
        lived = before & ledger_ids(emu)
    assert [] == sorted(lived - set(ids))
    assert len(set(ids)) == len(ids)
    assert calls <= 3 * 20_000 / 1000


def test_a_quiet_ledger_costs_little_more_than_its_pages(started):
    """An unchanged ledger of 50 pages takes at most 75 calls, and every row is read."""
    with started() as emu:
        ids, calls = read(emu)
        assert ledger_ids(emu) == set(ids)
    assert calls <= 75
