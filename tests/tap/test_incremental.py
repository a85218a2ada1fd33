"""What a run reads when earlier runs have read something: bookmarks, interruptions, id lists that change."""

import json
import signal
from datetime import UTC, datetime, timedelta

import pytest

from talon_one_singer import Stopped

CARDS = "loyalty_card_transactions"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALL = ["card-000001", "card-000002", "card-000003"]


def text(instant):
    """Return the text of an instant as the API writes it."""
    return instant.isoformat(timespec="microseconds").replace("+00:00", "Z")


def add(emu, *instants, card="card-000001"):
    """Add a ledger row for each instant; return their ids."""
    return emu.add_transactions([{"card": card, "amount": 1, "created": text(each)} for each in instants])


def held(emu):
    """Return the ids of all card transactions at the emulator."""
    return {row["id"] for row in emu.state("ledger")["ledger"] if row["card"]}


@pytest.mark.parametrize("bounds", ["exclusive", "inclusive", "half_open"])
@pytest.mark.parametrize("order", ["newest", "oldest", "shuffled"])
def test_three_runs_give_each_row_once(emu, read, bounds, order):
    """Rows created between runs are read once, however the server sorts and bounds."""
    emu.switch(date_bounds=bounds, order=order)
    runs = [read(CARDS, now=NOW, page_size=10)]
    for turn in (1, 2):
        end = NOW + turn * HOUR - timedelta(seconds=60)
        before = end - HOUR
        micro = timedelta(microseconds=1)
        add(emu, before, before + micro, *[before + HOUR / 2] * 9, end - micro, end, end + micro, card=ALL[turn])
        runs.append(read(CARDS, now=NOW + turn * HOUR, state=runs[-1].state))
    runs.append(read(CARDS, now=NOW + 3 * HOUR, state=runs[-1].state))
    ids = [row for run in runs for row in run.ids()]
    assert [None] * 4 == [run.error for run in runs]
    assert len(ids) == len(set(ids))
    assert held(emu) == set(ids)
    assert [60, 12, 14, 2] == [len(run.raw) for run in runs]


def test_rows_within_the_settle_time_come_with_the_next_run(emu, read):
    """Rows younger than settle_seconds are read by the next run."""
    (row,) = add(emu, NOW - timedelta(seconds=29))
    first = read(CARDS, now=NOW, settle_seconds=30)
    second = read(CARDS, now=NOW + timedelta(seconds=2), settle_seconds=30, state=first.state)
    assert row not in first.ids()
    assert [row] == second.ids()


def test_the_default_settle_time_holds_for_the_emulator_s_clock(emu, read):
    """A row written during the run is younger than the end of the run's window."""
    emu.clock(advance=0)
    emu.add_transactions([{"card": "card-000001", "amount": 1}])
    first = read(CARDS)
    assert 60 == len(first.raw)
    assert first.error is None


def test_a_second_run_at_once_reads_nothing(emu, read):
    """A second run at the same instant has an empty window, which it logs."""
    first = read(CARDS, now=NOW)
    second = read(CARDS, now=NOW, state=first.state)
    assert [] == second.raw
    assert first.state == second.state


def test_start_and_end_date_bound_a_backfill(emu, read):
    """start_date is inclusive, end_date is exclusive, and the next run starts at end_date."""
    start, end = datetime(2024, 1, 1, 0, 3, 1, tzinfo=UTC), datetime(2024, 1, 1, 0, 7, 1, tzinfo=UTC)
    ids = {"card_ids": ["card-000001"], "loyalty_program_ids": [1], "start_date": text(start)}
    first = read(CARDS, now=NOW, **ids, end_date=text(end))
    second = read(CARDS, now=NOW, **ids, state=first.state)
    assert [4, 5, 6, 7] == sorted(first.ids())
    assert list(range(8, 21)) == sorted(second.ids())


def test_an_earlier_end_date_reads_nothing_and_keeps_the_bookmark(emu, read):
    """A backfill of a span that was already read writes no rows and keeps the bookmark."""
    first = read(CARDS, now=NOW)
    second = read(CARDS, now=NOW, state=first.state, end_date="2024-01-01T00:05:00Z")
    assert [] == second.raw
    assert first.state == second.state


WINDOW = {"start_date": "2024-01-01T00:03:01Z", "end_date": "2024-01-01T00:07:01Z"}


@pytest.mark.parametrize("strategy", ["per_entity", "program_feed"])
def test_a_window_before_the_bookmark_is_read_and_the_bookmark_stays(emu, read, strategy):
    """A backfill of a window reads its rows, an older and a late one too, and the next run continues as before."""
    first = read(CARDS, now=NOW, transactions_strategy=strategy)
    late = add(emu, datetime(2024, 1, 1, 0, 5, tzinfo=UTC))
    filled = read(CARDS, now=NOW, state=first.state, transactions_strategy=strategy, **WINDOW)
    (new,) = add(emu, NOW - timedelta(seconds=30))
    then = read(CARDS, now=NOW + HOUR, state=filled.state, transactions_strategy=strategy)
    start, end = (WINDOW[name].rstrip("Z") for name in ("start_date", "end_date"))
    inside = {row["id"] for row in first.rows(CARDS) if start <= row["created"].rstrip("Z") < end}
    assert inside | set(late) == set(filled.ids())
    assert len(inside) >= 4
    assert first.state == filled.state
    assert [new] == then.ids()


def test_an_interrupted_backfill_is_resumed_only_by_the_same_backfill(emu, read):
    """The same window continues; another window and a run without one start anew, and the bookmark never moves back."""
    first = read(CARDS, now=NOW)
    given = {"state": first.state, "concurrency": 1}
    whole = read(CARDS, now=NOW, **given, **WINDOW)
    begun = read(CARDS, now=NOW, stop=Stop(2), **given, **WINDOW)
    assert isinstance(begun.error, Stopped)
    same = read(CARDS, now=NOW, state=begun.state, **WINDOW)
    other = read(CARDS, now=NOW, state=begun.state, **{**WINDOW, "end_date": "2024-01-01T00:09:01Z"})
    (new,) = add(emu, NOW - timedelta(seconds=30))
    none = read(CARDS, now=NOW + HOUR, state=begun.state)
    assert sorted(whole.ids()) == sorted([*begun.ids(), *same.ids()])
    assert len(same.ids()) < len(whole.ids()) < len(other.ids())
    assert [new] == none.ids()
    assert [first.state] * 2 == [same.state, other.state]


@pytest.mark.parametrize("interrupted_after", [1, 3])
def test_a_start_date_moved_back_widens_the_window_under_way(emu, read, interrupted_after):
    """An interrupted window is not resumed if it starts after the new start_date."""
    first = read(CARDS, now=NOW, stop=Stop(interrupted_after), start_date="2024-01-01T00:10:00Z", concurrency=1)
    second = read(CARDS, now=NOW, state=first.state)
    assert held(emu) == set(second.ids())


def open_ids(state):
    """The ids in a state that were begun and are not done."""
    ahead = state["bookmarks"].get(CARDS, {}).get("programs", {}).get("1", {}).get("running", {}).get("ahead", {})
    return ahead.get("open", [])


def test_the_state_has_the_same_size_for_any_number_of_ids(running, read):
    """Beside the open ids, the states of 20 and 2,000 cards differ only in the digits of their counts."""
    sizes = []
    for cards in (20, 2000):
        running.reset("synthetic", cards=cards, transactions=1)
        result = read(CARDS, now=NOW, concurrency=16)
        assert cards == len(result.raw)
        assert max(len(open_ids(state)) for state in result.states) <= 16
        sizes.append(max(len(json.dumps(state)) - len(json.dumps(open_ids(state))) for state in result.states))
        assert max(len(json.dumps(state)) for state in result.states) < 2000
    assert abs(sizes[1] - sizes[0]) <= 6


class Stop:
    """Ends a run at the n-th call while rows are being read, as SIGTERM would."""

    def __init__(self, turns):
        self.turns = turns

    def __call__(self):
        """Raise at the n-th call."""
        self.turns -= 1
        if self.turns < 0:
            raise Stopped(signal.SIGTERM)


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("turns", [*range(0, 16, 3), 20])
def test_a_stopped_run_goes_on_where_it_was(emu, read, turns, concurrency):
    """Wherever a run is stopped, it and the next run together have each row once."""
    options = {"page_size": 10, "concurrency": concurrency, "now": NOW}
    first = read(CARDS, **options, stop=Stop(turns))
    second = read(CARDS, **options, state=first.state)
    assert Stopped is type(first.error)
    assert second.error is None
    both = first.ids() + second.ids()
    assert len(both) == len(set(both))
    assert held(emu) == set(both)


def test_every_state_on_the_way_is_a_place_to_go_on_from(emu, read):
    """After a crash, a run from any emitted STATE reads the remaining rows."""
    options = {"page_size": 10, "concurrency": 2, "now": NOW, "card_ids": ALL, "loyalty_program_ids": [1]}
    whole = read(CARDS, **options)
    for state in whole.states[::3]:
        rest = read(CARDS, **options, state=state).ids()
        assert len(rest) == len(set(rest))
        assert set() == set(rest) - held(emu)
        done = whole.ids()[: len(whole.ids()) - len(rest)]
        assert held(emu) == set(done) | set(rest)


def test_a_list_that_changed_before_the_place_starts_the_window_anew(emu, read, caplog):
    """If the ids before the position have changed, the window is read again."""
    first = read(CARDS, now=NOW, card_ids=ALL, loyalty_program_ids=[1], stop=Stop(3), concurrency=1)
    second = read(CARDS, now=NOW, card_ids=ALL[::-1], loyalty_program_ids=[1], state=first.state)
    assert True is ("the ids have changed since the interrupted run; restarting its window" in caplog.text)
    assert 0 < len(first.raw) < 60
    assert held(emu) == set(second.ids())


def test_appended_ids_are_read_from_their_start(emu, read, caplog):
    """Appended ids are read from the start, all other ids from the bookmark."""
    first = read(CARDS, now=NOW, card_ids=ALL[:2], loyalty_program_ids=[1])
    (row,) = add(emu, NOW)
    second = read(CARDS, now=NOW + HOUR, card_ids=ALL, loyalty_program_ids=[1], state=first.state)
    assert 40 == len(first.raw)
    assert {row, *range(41, 61)} == set(second.ids())
    assert False is ("has changed" in caplog.text)


def test_the_first_ids_of_a_list_that_was_empty_are_read_from_their_start(emu, read, write):
    """After a run with an empty list, all ids count as appended."""
    ids = write("ids.csv", "card_id\n")
    first = read(CARDS, now=NOW, card_ids_file=ids, loyalty_program_ids=[1])
    write("ids.csv", "card_id\ncard-000001\n")
    second = read(CARDS, now=NOW + HOUR, card_ids_file=ids, loyalty_program_ids=[1], state=first.state)
    assert [] == first.ids()
    assert 20 == len(second.ids())


@pytest.mark.parametrize(
    "changed", [[ALL[0], ALL[2], ALL[1]], [ALL[2], ALL[0]], [ALL[1], ALL[0], ALL[2]], [ALL[2]]], ids=str
)
def test_a_list_changed_elsewhere_is_warned_about(emu, read, caplog, changed):
    """A warning says that inserted, replaced and lost ids cannot be distinguished from old ones."""
    first = read(CARDS, now=NOW, card_ids=ALL[:2], loyalty_program_ids=[1])
    read(CARDS, now=NOW + HOUR, card_ids=changed, loyalty_program_ids=[1], state=first.state)
    assert True is ("the list of ids has changed other than by appending" in caplog.text)


def test_ids_appended_while_a_run_is_interrupted_are_read_from_their_start(emu, read):
    """The window is resumed, and the new id is read from the start."""
    base = {"loyalty_program_ids": [1], "concurrency": 1, "page_size": 10}
    first = read(CARDS, now=NOW, card_ids=ALL[:2], **base)
    add(emu, *[NOW] * 3, card=ALL[0])
    add(emu, *[NOW] * 3, card=ALL[1])
    second = read(CARDS, now=NOW + HOUR, card_ids=ALL[:2], state=first.state, stop=Stop(7), **base)
    third = read(CARDS, now=NOW + 2 * HOUR, card_ids=ALL, state=second.state, **base)
    ids = first.ids() + second.ids() + third.ids()
    assert len(ids) == len(set(ids))
    assert held(emu) == set(ids)


def test_a_run_that_found_nobody_starts_with_the_first_id_again(emu, read):
    """After a correction of key, program or ids, all ids are read again."""
    emu.switch()
    unknown = read(CARDS, now=NOW, card_ids=["CARD-A", "CARD-B"], loyalty_program_ids=[1])
    emu.add("cards", {"identifier": "CARD-A"}, {"identifier": "CARD-B"})
    add(emu, NOW - HOUR, card="CARD-A")
    second = read(CARDS, now=NOW + HOUR, card_ids=["CARD-A", "CARD-B"], loyalty_program_ids=[1], state=unknown.state)
    assert "does not know any of the first 2 card ids" in str(unknown.error)
    assert 1 == len(second.raw)


def test_unknown_ids_are_skipped_and_counted(emu, read, caplog):
    """on_missing=skip continues; on_missing=error ends the stream and names the id."""
    ids = {"card_ids": ["NOBODY", *ALL], "loyalty_program_ids": [1]}
    assert (60, None) == (len((first := read(CARDS, now=NOW, **ids)).raw), first.error)
    assert True is ("1 id is not known to Talon.One" in caplog.text)
    assert "'NOBODY' is not known to Talon.One" in str(read(CARDS, now=NOW, **ids, on_missing="error").error)


def test_balances_go_on_as_of_their_instant(emu, read):
    """An interrupted snapshot is completed for the instant at which it began."""
    balances = "loyalty_card_balances"
    first = read(balances, now=NOW, stop=Stop(4), concurrency=1)
    second = read(balances, now=NOW + HOUR, state=first.state)
    rows = first.rows(balances) + second.rows(balances)
    assert 3 == len({r["cardIdentifier"] for r in rows})
    assert 1 == len({r["as_of"] for r in rows})
    assert {} == second.state["bookmarks"]


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_list_of_ids_that_waits_for_its_retry_is_not_waited_for_forever(emu, read, concurrency):
    """While the list of cards is requested again and again, other workers leave it the means to go on."""
    emu.fault("get_loyalty_cards", "503", count=3)
    result = read(CARDS, now=NOW, concurrency=concurrency, retry_budget_seconds=60)
    assert result.error is None
    assert held(emu) == set(result.ids())


def test_a_program_that_fails_does_not_keep_the_others_from_being_read(emu, read):
    """Programs are read independently, and a repeated program once."""
    result = read(CARDS, now=NOW, card_ids=ALL, loyalty_program_ids=[99, 1, 1])
    assert 60 == len(result.raw)
    assert "of program 99" in str(result.error)


def lines_until(process, count):
    """The first lines of a process, up to the n-th RECORD."""
    lines = []
    while count:
        lines.append(process.stdout.readline())
        assert lines[-1]
        count -= '"RECORD"' in lines[-1]
    return lines


@pytest.fixture
def slow(running):
    """An emulator of 40 cards that answers slowly."""
    running.reset("synthetic", cards=40, transactions=30)
    running.fault("get_loyalty_card_transactions", "latency", count=0, seconds=0.05)
    return running


def split(lines):
    """(ids up to the last STATE, ids after it, that STATE) of a process' lines."""
    messages = [json.loads(line) for line in lines]
    last = max(i for i, m in enumerate(messages) if m["type"] == "STATE")
    before, after = ([m["record"]["id"] for m in part if m["type"] == "RECORD"] for part in
                     (messages[:last], messages[last:]))  # fmt: skip
    return before, after, messages[last]["value"]


def test_sigterm_writes_the_state_and_loses_nothing(slow, start_sync, sync):
    """After SIGTERM the last line is a STATE, the exit code is 143, and the next run reads only the rest."""
    process = start_sync(CARDS, concurrency=2, page_size=10, state_interval_seconds=0)
    lines = lines_until(process, 200)
    process.send_signal(signal.SIGTERM)
    lines += process.stdout.readlines()
    stderr, _ = process.stderr.read(), process.wait(timeout=20)
    before, after, state = split(lines)
    assert 143 == process.returncode
    assert [] == after
    assert "Traceback" not in stderr
    slow.clear_faults()
    rest = [row["id"] for row in sync(CARDS, state=state).rows()]
    assert 1200 == len(before) + len(rest)
    assert held(slow) == {*before, *rest}


def stopped_while_a_server_hangs(slow, start_sync):
    """SIGTERM after nine cards; answers from the 21st on take 5 s. Cards in the STATE, and answers until it came."""
    slow.clear_faults()
    slow.clear_requests()
    slow.fault("get_loyalty_card_transactions", "latency", count=0, after=20, seconds=5)
    process = start_sync(CARDS, concurrency=2)
    lines = lines_until(process, 250)  # far from the 21st, as requests may overtake each other
    process.send_signal(signal.SIGTERM)
    while '"STATE"' not in lines[-1]:
        lines.append(process.stdout.readline())
    done = json.loads(lines[-1])["value"]["bookmarks"][CARDS]["programs"]["1"]["running"]["done"]
    return done, len(slow.requests("get_loyalty_card_transactions"))


def test_sigterm_does_not_wait_for_an_answer_to_write_the_state(slow, start_sync):
    """The STATE is written before the requests in flight end, so that a slow server costs no position."""
    done, answered = stopped_while_a_server_hangs(slow, start_sync)
    assert 8 - 2 <= done <= answered <= 20  # two cards are in flight, whose rows may be written already


def test_sigkill_loses_nothing_after_the_last_state(slow, start_sync, sync):
    """After SIGKILL, rows after the last STATE may repeat, but none is missing."""
    process = start_sync(CARDS, concurrency=2, state_interval_seconds=0.1)
    lines = lines_until(process, 300)
    process.kill()
    lines += process.stdout.readlines()
    before, after, state = split(line for line in lines if line.endswith("\n"))
    slow.clear_faults()
    rest = [row["id"] for row in sync(CARDS, state=state).rows()]
    assert 1200 == len(before) + len(rest)
    assert held(slow) == {*before, *rest}
    assert set() == set(after) - set(rest)
