"""Ledger checks: when a ledger is read from its start again, and when that shows which transactions are gone."""

from __future__ import annotations

import signal
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest

from talon_one_client.paging.windows import MIN_US, to_us
from talon_one_singer import Stopped

CARD_ROWS, PROFILE_ROWS = "loyalty_card_transactions", "loyalty_profile_transactions"
PROGRAM_ROWS = "loyalty_program_transactions"
FEED = {"transactions_strategy": "program_feed"}
WEEK = {"recheck_days": 7}


def bookmark(result, stream=CARD_ROWS, program="1"):
    """The bookmark of a program in the last state."""
    return result.state["bookmarks"][stream]["programs"][program]


def aged(state, days, *keys):
    """The state as if these checks were some days older."""
    found = deepcopy(state)
    for group in found["bookmarks"].values():
        for program in group["programs"].values():
            for key in keys or ("checked", "tried"):
                if key in program:
                    then = datetime.fromisoformat(program[key]) - timedelta(days=days)
                    program[key] = then.isoformat().replace("+00:00", "Z")
    return found


def programs(result, stream=CARD_ROWS):
    """The programs whose ledgers were checked; None without a check."""
    return result.complete[stream]["programId"] if stream in result.complete else None


@pytest.mark.parametrize(
    ("stream", "given"),
    [(CARD_ROWS, {}), (CARD_ROWS, FEED), (PROFILE_ROWS, FEED), (PROGRAM_ROWS, {})],
    ids=str,
)
def test_a_ledger_is_checked_when_its_days_have_passed(emu, read, stream, given):
    """A first read is a check; later reads begin at the bookmark until the days have passed, and then at the start."""
    first = read(stream, **given, **WEEK)
    (known,) = {tuple(first.complete[stream]["programId"])}
    window = first.complete[stream]["created"]
    marks = bookmark(first, stream, str(known[0]))
    assert (MIN_US, to_us(datetime.fromisoformat(marks["bookmark"]))) == window
    assert marks["bookmark"] == marks["checked"] == marks["tried"]
    gone = first.ids(stream)[:2]
    emu.delete_transactions(gone)
    for days, expected in ((0, []), (6, []), (7, sorted(set(first.ids(stream)) - set(gone)))):
        later = read(stream, state=aged(first.state, days), **given, **WEEK)
        assert None is later.error
        assert expected == sorted(later.ids(stream))
        assert (list(known) if expected else None) == programs(later, stream)


def test_no_state_says_that_a_ledger_was_checked_before_its_rows_are_marked(emu, read):
    """The state that covers the rows comes first, with which the sink marks; a kill after it repeats the check."""
    result = read(CARD_ROWS, **WEEK)
    checked = ["checked" in str(state) for state in result.states]
    assert result.states_before[CARD_ROWS] + 1 == checked.index(True)


def test_without_the_setting_a_state_is_as_before(emu, read):
    """No ledger is checked, and the state has no word of it; keys of earlier checks are kept."""
    plain = read(CARD_ROWS)
    assert ({CARD_ROWS: False}, {}) == (plain.whole, plain.complete)
    assert {"bookmark", "ids", "chain", "whole"} == set(bookmark(plain))
    checked = read(CARD_ROWS, **WEEK)
    later = read(CARD_ROWS, state=checked.state)
    assert bookmark(checked)["checked"] == bookmark(later)["checked"]
    assert [] == later.ids()


def test_a_state_of_an_earlier_version_makes_a_check_due(emu, read):
    """A state without the keys is one whose ledgers were never checked."""
    old = read(CARD_ROWS).state
    assert 60 == len(read(CARD_ROWS, state=old, **WEEK).ids())


def test_zero_days_check_with_every_load(emu, read):
    """With 0, no check waits for another one."""
    first = read(CARD_ROWS, recheck_days=0)
    assert 60 == len(read(CARD_ROWS, state=first.state, recheck_days=0).ids())


@pytest.mark.parametrize(
    "given",
    [
        {"shard": "1/1"},
        {"shard": "1/2"},
        {"card_ids": ["card-000001", "card-000002", "card-000003"]},
        {"deleted_rows": "keep"},
        {"recheck_days": None},
    ],
    ids=str,
)
def test_a_read_of_some_rows_is_no_check(emu, read, given):
    """Settings that select some of the rows, or keep all of them, neither read them again nor show what is gone."""
    first = read(CARD_ROWS, **WEEK | given)
    assert ({CARD_ROWS: False}, {}) == (first.whole, first.complete)
    assert {"checked", "tried"}.isdisjoint(bookmark(first))
    assert [] == read(CARD_ROWS, state=first.state, **WEEK | given).ids()


def test_programs_in_the_settings_are_checked_alone(emu, read):
    """A list of programs limits the check to them, and a start date to what was created since."""
    (number,) = emu.add("programs", {"name": "second", "cardBased": True})
    start = datetime(2025, 1, 1, tzinfo=UTC)
    result = read(CARD_ROWS, loyalty_program_ids=[1], start_date=start.isoformat(), **WEEK)
    assert ([1], to_us(start)) == (programs(result), result.complete[CARD_ROWS]["created"].start_us)
    assert [1, number] == programs(read(CARD_ROWS, **FEED, **WEEK))


def test_profiles_are_checked_by_the_list_of_their_program_only(emu, read, caplog):
    """Profiles that Talon.One does not list may have transactions, so that single calls are no check."""
    alone = read(PROFILE_ROWS, **WEEK)
    assert {} == alone.complete
    assert "recheck_days has no effect with the strategy per_entity" in caplog.text
    assert [] == read(PROFILE_ROWS, state=alone.state, **WEEK).ids(PROFILE_ROWS)


def test_a_check_takes_the_strategy_that_can(emu, read):
    """While a check is due, the list of the program is read though single calls are estimated to be faster."""
    emu.reset("synthetic", cards=2, transactions=1, profile_transactions=100)
    given = {"transactions_strategy": "auto", "management_requests_per_second": 100, "page_size": 20}
    sources = []
    for more in ({}, WEEK):
        rows = read(PROFILE_ROWS, **given, **more).rows(PROFILE_ROWS)
        sources.append({row["source"] for row in rows})
    assert [{"per_profile"}, {"program_feed"}] == sources


@pytest.mark.parametrize("after", [2, 4])
def test_a_resumed_check_is_repeated_after_a_day(emu, read, after):
    """Neither a run that was stopped nor the one that resumes it has checked a ledger; a check is due after a day."""
    calls = 0

    def stop():
        nonlocal calls
        calls += 1
        if calls > after:
            raise Stopped(signal.SIGTERM)

    stopped = read(CARD_ROWS, stop=stop, concurrency=1, **WEEK)
    assert isinstance(stopped.error, Stopped)
    resumed = read(CARD_ROWS, state=stopped.state, **WEEK)
    assert [{}, {}] == [stopped.complete, resumed.complete]
    assert {"tried"} == {"checked", "tried"} & set(bookmark(resumed))
    assert 60 == len(set(stopped.ids()) | set(resumed.ids()))
    assert [] == read(CARD_ROWS, state=resumed.state, **WEEK).ids()
    day_later = read(CARD_ROWS, state=aged(resumed.state, 1), **WEEK)
    assert [1] == programs(day_later)
    assert 60 == len(day_later.ids())


def test_a_program_that_fails_leaves_the_check_open(emu, read):
    """If one program cannot be read, nobody's rows are taken for deleted, and the check stays due."""
    (number,) = emu.add("programs", {"name": "second", "cardBased": True})
    emu.fault("get_loyalty_program_transactions", 500, after=1, count=100)
    result = read(CARD_ROWS, retry_budget_seconds=0.2, concurrency=1, **FEED, **WEEK)
    assert None is not result.error
    assert {} == result.complete
    assert "checked" not in bookmark(result)
    emu.clear_faults()
    assert [1, number] == sorted(programs(read(CARD_ROWS, state=aged(result.state, 1), **FEED, **WEEK)))


def test_a_card_that_is_refused_leaves_the_check_open(emu, between, read, caplog):
    """A card that is listed and then unknown may have had transactions that were not read."""

    def change(exchange):
        body = b'{"message":"not found"}'
        return (404, {"Content-Type": "application/json"}, body) if "card-000002/trans" in exchange.path else None

    url = between(emu.url, change)
    result = read(CARD_ROWS, base_url=url, **WEEK)
    assert None is result.error
    assert {} == result.complete
    assert "the check for deleted transactions was not complete" in caplog.text
    assert [1] == programs(read(CARD_ROWS, state=aged(result.state, 1), former_base_url=url, **WEEK))


def test_an_account_without_cards_shows_nothing(emu, read):
    """A list of cards that is empty once is no proof that all transactions are gone."""
    first = read(CARD_ROWS, recheck_days=0)
    emu.reset("synthetic", cards=0)
    assert {} == read(CARD_ROWS, state=first.state, recheck_days=0).complete


def test_the_tap_alone_checks_no_ledger(emu, sync):
    """No message tells a target which transactions are gone, so that a tap does not read them again for nothing."""
    first = sync(CARD_ROWS, recheck_days=0)
    assert 0 == first.code, first.stderr
    assert [] == sync(CARD_ROWS, state=first.state, recheck_days=0).rows()
