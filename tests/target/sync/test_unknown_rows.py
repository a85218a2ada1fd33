"""Rows whose answer was lost are looked up at Talon.One, and only a retry sends them again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from target_talon_one.config.destination_reader import destination_from
from target_talon_one.errors import IncompleteError
from target_talon_one.store.opening import open_store
from target_talon_one.sync.replay import retry
from target_talon_one.sync.run import SyncRun
from tests.target.store_content import acknowledged_keys

POINTS = {"sink": "loyalty_points_import", "loyalty_program_id": 1}
CARDS = {"sink": "loyalty_cards_import", "loyalty_program_id": 1}
ROWS = [{"pointsId": f"p{n}", "cardIdentifier": f"card-{n}", "amount": n + 1, "subledgerId": "s"} for n in range(4)]
TOTAL = Decimal(10)


def later():
    """Return a time at which Talon.One has ended every request."""
    return datetime.now(UTC) + timedelta(minutes=2)


@pytest.fixture
def shop(engine):
    """Create four cards."""
    engine.emu.add("cards", *({"identifier": f"card-{n}"} for n in range(4)))
    return engine


def push(engine, given, rows, *, now=later):
    """Push rows and return the counts."""
    with (
        engine.client() as client,
        open_store(engine.store) as store,
        SyncRun(client, store, engine.options(), command="test", now=now) as run,
    ):
        destination = run.open(destination_from("rows", given), columns=list(rows[0]))
        destination.add(rows, [f"row {number}" for number in range(1, len(rows) + 1)])
        destination.close_source(complete=True)
        run.finish()
        return destination.counts


def push_incomplete(engine, given, rows, *, now=later):
    """Push rows, of which some stay unknown, so that the push fails."""
    with pytest.raises(IncompleteError, match="were not found"):
        push(engine, given, rows, now=now)


def retried(engine, *, now=later):
    """Retry the run with unknown rows, and return how many were staged and how many were found at Talon.One."""
    with (
        engine.client() as client,
        open_store(engine.store) as store,
        SyncRun(client, store, engine.options(), command="retry", now=now) as run,
    ):
        (of_run,) = {one["run"] for one in store.rejects.find()}
        replay = retry(run, store, of_run, {})
        run.flush()
        return replay.staged, replay.skipped["found"]


def lose_answer(engine, given, rows, kind):
    """Push rows whose answer is lost: before (``drop_before``) or after Talon.One has processed them."""
    operation = "import_loyalty_points" if given is POINTS else "import_loyalty_cards"
    engine.emu.fault(operation, kind, count=1)
    with pytest.raises(IncompleteError, match="does not answer"):
        push(engine, given, rows)
    assert ["unknown"] * len(rows) == [line["kind"] for line in engine.rejects()]


def total(engine):
    """Return the sum of all points of the ledger."""
    return sum(Decimal(row["amount"]) for row in engine.emu.state("ledger")["ledger"])


def known(engine):
    """Return the keys of the acknowledged rows."""
    with open_store(engine.store) as store:
        return acknowledged_keys(store)


def test_points_that_have_arrived_are_acknowledged(shop):
    """The next push finds the rows of the lost answer in the ledger, and sends none of them."""
    lose_answer(shop, POINTS, ROWS, "drop_after")
    counts = push(shop, POINTS, ROWS)
    assert (0, 4) == (counts.sent, counts.same)
    assert TOTAL == total(shop)
    assert {row["pointsId"] for row in ROWS} == known(shop)


def test_points_that_have_not_arrived_wait_for_a_retry(shop):
    """No push sends the rows again, but a retry does, once."""
    lose_answer(shop, POINTS, ROWS, "drop_before")
    push_incomplete(shop, POINTS, ROWS)
    assert 0 == total(shop)
    assert (4, 0) == retried(shop)
    assert TOTAL == total(shop)
    assert (0, 4) == ((counts := push(shop, POINTS, ROWS)).sent, counts.same)


def test_a_retry_looks_first(shop):
    """A retry sends nothing that has arrived, and says how many rows it has found."""
    lose_answer(shop, POINTS, ROWS, "drop_after")
    assert (0, 4) == retried(shop)
    assert TOTAL == total(shop)


def test_rows_are_not_looked_up_while_their_request_may_still_be_processed(shop):
    """Within a minute, a push leaves the rows unknown and a retry is refused with the seconds to wait."""
    lose_answer(shop, POINTS, ROWS, "drop_after")
    push_incomplete(shop, POINTS, ROWS, now=lambda: datetime.now(UTC))
    assert set() == known(shop)
    with pytest.raises(IncompleteError, match=r"retry in \d+ seconds"):
        retried(shop, now=lambda: datetime.now(UTC))
    assert TOTAL == total(shop)


def test_the_wait_begins_when_the_answer_was_lost(shop):
    """The time of a lost answer is kept, because the request may have been sent again long after the first attempt."""
    lose_answer(shop, POINTS, ROWS, "drop_after")
    with open_store(shop.store) as store:
        noted = store.values.get("last request 1")
    (request,) = shop.emu.requests("import_loyalty_points")
    assert datetime.fromisoformat(noted) > datetime.fromisoformat(request["at"])


def test_points_of_somebody_else_are_not_taken_for_lost_ones(shop):
    """An import with the same rows and one more is not ours, and neither is one that was acknowledged."""
    push(shop, POINTS, [row | {"pointsId": f"earlier {row['pointsId']}"} for row in ROWS])
    lose_answer(shop, POINTS, ROWS, "drop_before")
    file = "identifier,amount,subledgerid\n" + "".join(f"card-{n},{n + 1},s\n" for n in range(4)) + "card-0,99,s\n"
    with shop.client() as client:
        client.import_loyalty_points(1, file.encode())
    push_incomplete(shop, POINTS, ROWS)
    assert (4, 0) == retried(shop)
    assert 2 * TOTAL + TOTAL + 99 == total(shop)


def test_rows_with_the_same_points_are_counted(shop):
    """Of two equal rows in different files, one of which has arrived, one is acknowledged; a retry sends the other."""
    twins = [row | {"cardIdentifier": "card-0", "amount": 5} for row in ROWS[:2]]
    lose_answer(shop, POINTS, twins[:1], "drop_after")
    shop.emu.fault("import_loyalty_points", "drop_before", count=1)
    with pytest.raises(IncompleteError, match="does not answer"):
        push(shop, POINTS, twins, now=lambda: datetime.now(UTC))
    for _ in range(2):
        push_incomplete(shop, POINTS, twins)
        assert 1 == len(known(shop))
        assert 5 == total(shop)
    assert 1 == retried(shop)[0]
    assert 10 == total(shop)


def test_a_clock_that_is_ahead_finds_the_rows(shop):
    """The ledger is searched by the clock of Talon.One, years behind that of this machine."""
    shop.emu.clock(freeze="2018-01-01T00:00:00Z")
    try:
        lose_answer(shop, POINTS, ROWS, "drop_after")
        assert 4 == push(shop, POINTS, ROWS).same
    finally:
        shop.emu.clock(reset=True)


def test_cards_that_have_arrived_are_acknowledged_and_others_are_not(shop):
    """A card whose values are those of the row has arrived; one that somebody else has made is not taken for it."""
    rows = [{"identifier": "new-1", "status": "active"}, {"identifier": "new-2", "status": "active"}]
    lose_answer(shop, CARDS, rows, "drop_before")
    shop.emu.add("cards", {"identifier": "new-1"}, {"identifier": "new-2", "status": "inactive"})
    push_incomplete(shop, CARDS, rows)
    assert {"new-1"} == known(shop)


def test_a_killed_retry_leaves_its_rows_unknown_again(shop):
    """Rows that a retry was sending when its process ended are not sent by the next push."""
    lose_answer(shop, POINTS, ROWS, "drop_before")
    with shop.client() as client, open_store(shop.store) as store:
        (of_run,) = {one["run"] for one in store.rejects.find()}
        run = SyncRun(client, store, shop.options(), command="retry", now=later)
        retry(run, store, of_run, {})
        run.compare()
        store.acks.begin(1, 0, 4, non_idempotent=True)  # the process ends here
    push_incomplete(shop, POINTS, ROWS)
    with open_store(shop.store) as store:
        assert {("unknown", True)} == {(one["kind"], one["run"] != of_run) for one in store.rejects.find()}
