"""Instants as microseconds, and the rows of a page that lie in a window."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon_one_client.paging.pages import Page
from talon_one_client.paging.windows import MIN_US, Window, from_us, rows_of, to_us

START = to_us(datetime(2024, 1, 1, tzinfo=UTC))
DAY = 24 * 3600 * 1_000_000


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        ("2024-01-01T00:00:00Z", START),
        ("2024-01-01T07:00:00.000001+07:00", START + 1),
        ("2024-01-01T00:00:00", START),
        ("2023-12-31T23:59:60Z", START),
        ("2024-01-01T00:00:60.5+00:00", START + 60_500_000),
        ("2024-01-01T25:00:60Z", START - DAY),
        ("2022-01-02T15:04:05Z07:00", START - DAY),
        ("", START - DAY),
    ],
)
def test_odd_instants(created, expected):
    """A time without zone is UTC; a row whose time is no instant is placed at the window's start."""
    page = Page([msgspec.Raw(json.dumps({"id": 1, "created": created}).encode())])
    assert [expected] == [row.created_us for row in rows_of(page, Window(START - DAY, START + DAY))]


def test_a_row_without_id_is_an_error():
    """A row without id raises an error."""
    with pytest.raises(msgspec.DecodeError):
        rows_of(Page([msgspec.Raw(b'{"created":"2024-01-01T00:00:00Z"}')]), Window(MIN_US, START))


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_and_back(instant):
    """An instant is the same after conversion to microseconds and back."""
    assert instant == from_us(to_us(instant))


def test_bounds_stay_within_what_a_datetime_holds():
    """Microseconds beyond the first and last datetime are clamped to them."""
    assert 1 == from_us(-(10**20)).year
    assert 9999 == from_us(10**20).year
