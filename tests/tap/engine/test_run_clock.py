"""Runs whose machine's clock differs from Talon.One's, and bookmarks that lie in the future."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from talon_one_singer import ConfigError

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CARDS, BALANCES = "loyalty_card_transactions", "loyalty_card_balances"


@pytest.fixture
def apart(emu):
    """Sets the emulator's clock the given seconds apart from this machine's, and returns its time."""

    def set_apart(seconds):
        there = datetime.now(UTC) + timedelta(seconds=seconds)
        emu.clock(freeze=there.isoformat().replace("+00:00", "Z"))
        return there

    return set_apart


def add(emu, instant):
    """Add a row that is created at an instant; return its id."""
    (made,) = emu.add_transactions([{"card": "card-000001", "amount": 1, "created": instant.isoformat()}])
    return made


@pytest.mark.parametrize("management", [True, False])
@pytest.mark.parametrize("ahead", [10, 600, 86_400])
def test_a_clock_that_is_ahead_hides_no_row(emu, apart, read, caplog, ahead, management):
    """If the machine's clock is ahead, rows created right after the run are read by the next one."""
    given = {} if management else {"management_key": None, "card_ids": ["card-000001"], "loyalty_program_ids": [1]}
    there = apart(-ahead)
    first = read(CARDS, settle_seconds=0, **given)
    assert 1 == sum("ahead of Talon.One's" in line for line in caplog.messages)
    late = add(emu, there + timedelta(seconds=1))
    emu.clock(advance=2 * ahead)
    second = read(CARDS, state=first.state, settle_seconds=0, **given)
    assert late not in first.ids()
    assert [late] == second.ids()


def test_a_clock_that_is_behind_is_harmless(emu, apart, read, caplog):
    """If the machine's clock is behind, a run reads up to its time, and later rows come with a later run."""
    there = apart(600)
    late = add(emu, there - timedelta(seconds=300))
    first = read(CARDS, settle_seconds=0)
    second = read(CARDS, state=first.state, settle_seconds=0, now=there + timedelta(seconds=1))
    assert late not in first.ids()
    assert [late] == second.ids()
    assert [] == [line for line in caplog.messages if "clock" in line or "future" in line]


def test_balances_are_as_of_talon_one_s_time(apart, read):
    """Without as_of, balances never describe an instant in Talon.One's future."""
    there = apart(-3600)
    found = {row["as_of"] for row in read(BALANCES).rows(BALANCES)}
    listed = {row["as_of"] for row in read(BALANCES, balances_strategy="card_list").rows(BALANCES)}
    assert all(datetime.fromisoformat(text) <= there + timedelta(seconds=1) for text in found | listed)


def test_a_bookmark_in_the_future_is_said_and_loses_nothing(emu, read, caplog):
    """A bookmark in the future is reported, and everything is read again with a correct bookmark."""
    first = read(CARDS)
    ahead = datetime.now(UTC) + timedelta(days=2)
    state = first.state
    (mark,) = state["bookmarks"][CARDS]["programs"].values()
    mark["bookmark"] = ahead.isoformat().replace("+00:00", "Z")
    missed = add(emu, datetime.now(UTC) - timedelta(seconds=90))
    second = read(CARDS, state=state)
    warned = [line for line in caplog.messages if "is later than Talon.One's clock" in line]
    assert CARDS in warned[0]
    assert f"{ahead:%Y-%m-%d}" in warned[0]
    assert 60 + 1 == len(second.ids())
    assert missed in second.ids()
    (mark,) = second.state["bookmarks"][CARDS]["programs"].values()
    assert datetime.fromisoformat(mark["bookmark"]) < datetime.now(UTC)


@pytest.mark.parametrize("date", [None, "yesterday", "Thu, 99 Foo 2026 99:99:99 GMT"])
def test_a_server_that_does_not_say_the_time_is_read_by_this_machine_s(emu, between, read, caplog, date):
    """An absent or unreadable Date header causes neither an error nor a warning."""

    def change(exchange):
        status, headers, body = exchange.send()
        headers = {name: value for name, value in headers.items() if name.lower() != "date"}
        return status, headers | ({} if date is None else {"Date": date}), body

    result = read(CARDS, base_url=between(emu.url, change))
    assert result.error is None
    assert 60 == len(result.ids())
    assert [] == [line for line in caplog.messages if "clock" in line]


def test_a_slow_answer_is_no_clock_that_is_ahead(emu, between, read, caplog):
    """A slow answer does not make the machine's clock look ahead."""
    times = []

    def change(exchange):
        times.append(datetime.now(UTC))
        status, headers, body = exchange.send()
        return status, headers | {"date": format_datetime(times[-1].replace(microsecond=0), usegmt=True)}, body

    read(CARDS, base_url=between(emu.url, change))
    assert [] == [line for line in caplog.messages if "ahead" in line]


@pytest.mark.parametrize("seconds", [0, 1])
def test_a_start_date_within_the_tolerance_is_read(read, seconds):
    """A start_date of about now is accepted and reads nothing."""
    result = read(CARDS, now=NOW, start_date=(NOW + timedelta(seconds=seconds)).isoformat())
    assert result.error is None
    assert [] == result.raw


def test_a_start_date_in_the_future_is_refused(read):
    """A start_date in the future is refused by name, instead of a load that reads nothing."""
    with pytest.raises(ConfigError, match="start_date 2027-06-01T12:00:00\\+00:00 is in the future"):
        read(CARDS, now=NOW, start_date="2027-06-01T12:00:00Z")
