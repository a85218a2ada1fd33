"""The rows of a page of a ledger: what is decoded of them at once, and what of each alone."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon_one_client.paging.ledger_rows import LedgerPage, decode_ledger_page, joined, rows_of
from talon_one_client.paging.windows import Window, from_us, to_us

START = to_us(datetime(2024, 1, 1, tzinfo=UTC))
DAY = 24 * 3600 * 1_000_000


def page(*rows):
    """A page of these rows."""
    return decode_ledger_page(json.dumps({"data": rows, "hasMore": False}).encode())


def us(rows):
    """Return every ``created`` in microseconds."""
    return [None if each is None else to_us(each) for each in rows.created]


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        ("2024-01-01T00:00:00Z", START),
        ("2024-01-01T07:00:00.000001+07:00", START + 1),
        ("2024-01-01T00:00:00", START),
        ("2023-12-31T23:59:60Z", START),
        ("2024-01-01T00:00:60.5+00:00", START + 60_500_000),
        ("2024-01-01T25:00:60Z", None),
        ("2022-01-02T15:04:05Z07:00", None),
        ("", None),
    ],
)
def test_odd_instants(created, expected):
    """A time without zone is UTC; a row whose time is no instant lies in every window."""
    rows = rows_of(page({"id": 1, "created": created}))
    assert [expected] == us(rows.within(Window(START - DAY, START + DAY)))
    assert [None] * (expected is None) == us(rows.within(Window(START + DAY, START + 2 * DAY)))


def test_a_row_without_id_is_an_error():
    """A row without id raises an error."""
    with pytest.raises(msgspec.DecodeError):
        rows_of(page({"created": "2024-01-01T00:00:00Z"}))


texts = st.one_of(
    st.integers(START, START + 10).map(lambda us: from_us(us).isoformat().replace("+00:00", "Z")),
    st.sampled_from(
        [
            "2024-01-01T00:00:00.000004",
            "2024-01-01T02:00:00.000004+02:00",
            "2023-12-31T23:59:60.000002Z",
            "2024-01-01T00:00:00.0000041Z",
            "2024-01-01T00:00:00.0000040Z",
            "yesterday",
            "",
        ]
    ),
)
ledgers = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(1, 9), "created": texts}, optional={"startDate": st.sampled_from(["", "immediate", 7])}
    ),
    max_size=6,
)


@given(ledgers, st.integers(START - 2, START + 12), st.integers(0, 12))
def test_decoding_a_page_at_once_changes_nothing(sent, start_us, width_us):
    """A page decoded at once has the rows, times and spans of one whose rows are decoded one by one."""
    window = Window(start_us, start_us + width_us)
    at_once = page(*sent)
    one_by_one = LedgerPage(at_once.data, at_once.has_more, at_once.total)
    fast, slow = (rows_of(each) for each in (at_once, one_by_one))
    assert [slow.raws, slow.created] == [fast.raws, fast.created]
    assert [head.id for head in slow.heads] == [head.id for head in fast.heads]
    assert slow.any_within(window) == fast.any_within(window)
    assert slow.within(window).raws == fast.within(window).raws
    assert slow.span_us(window) == fast.span_us(window)
    assert slow.new_to({1, 2}).raws == fast.new_to({1, 2}).raws


@given(st.lists(st.integers(START, START + 10).map(from_us), max_size=5))
def test_usual_rows_are_plain(instants):
    """Rows with a time zone and at most microseconds are plain, and their dates are decoded."""
    sent = [{"id": 1, "created": each.isoformat(), "startDate": "immediate", "expiryDate": None} for each in instants]
    rows = rows_of(page(*sent))
    assert rows.plain
    assert [("immediate", None)] * len(sent) == [(head.start_date, head.expiry_date) for head in rows.heads]


@pytest.mark.parametrize(
    "row",
    [
        '{"id":1,"created":"2024-01-01T00:00:00.1234567Z"}',
        '{"id":1,"created" : "2024-01-01T00:00:00.1234567Z"}',
        '{"id":1,"cr\\u0065ated":"2024-01-01T00:00:00.1234567Z"}',
        '{"id":1,"created":"2024-01-01T00:00:00"}',
        '{"id":1,"created":"2024-01-01T00:00:00Z","startDate":7}',
    ],
)
def test_a_row_that_needs_a_closer_look_is_not_plain(row):
    """However its name is written: a time finer than a microsecond, without a zone, or a date that is no text."""
    body = f'{{"hasMore":false,"data":[{{"id":2,"created":"2024-01-01T00:00:00Z"}},{row}]}}'
    assert not rows_of(decode_ledger_page(body.encode())).plain


def test_digits_of_other_fields_leave_a_page_plain():
    """An amount with many digits is no reason to look at each row."""
    assert rows_of(page({"id": 1, "created": "2024-01-01T00:00:00Z", "amount": 33.333333333})).plain


def test_joined_pages_are_plain_if_all_are():
    """The rows of several pages keep their order."""
    first, second = (rows_of(page({"id": n, "created": "2024-01-01T00:00:00Z"})) for n in (1, 2))
    odd = rows_of(page({"id": 3, "created": "x"}))
    assert [1, 2] == [head.id for head in joined([first, second]).heads]
    assert joined([first, second]).plain
    assert not joined([first, odd]).plain
