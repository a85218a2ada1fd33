"""When a request is repeated, and after how long: the pure functions."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon_one_client import RetryConfig, endpoints
from talon_one_client.http.retry_policy import (
    RETRYABLE,
    Failure,
    Outcome,
    Processed,
    may_repeat,
    parse_retry_after,
    wait_s,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
READ, ONCE, KEYED = endpoints.GET_LOYALTY_BALANCES, endpoints.CREATE_REFERRAL, endpoints.RETURN_CART_ITEMS


@pytest.mark.parametrize("what", [Failure.CONNECT, 408, 429])
@pytest.mark.parametrize("row", [READ, ONCE, KEYED])
def test_what_surely_was_not_processed_is_repeated(row, what):
    """A failed connection, a 408 and a 429 are retried for any request."""
    assert may_repeat(row, what, has_key=False)


@pytest.mark.parametrize("what", [Failure.BROKEN, Failure.GARBLED, Failure.SHAPE, 500, 502, 503, 504, 520, 529])
def test_what_may_have_been_processed_is_repeated_if_that_does_no_harm(what):
    """Other failures are retried for repeatable requests, and for others under their Idempotency-Key."""
    assert True is may_repeat(READ, what, has_key=False)
    assert False is may_repeat(ONCE, what, has_key=False)
    assert True is may_repeat(KEYED, what, has_key=True)
    assert False is may_repeat(KEYED, what, has_key=False)


def test_a_key_does_not_help_where_none_is_documented():
    """An Idempotency-Key on an operation that ignores it allows no retry."""
    assert not may_repeat(ONCE, 502, has_key=True)


@pytest.mark.parametrize("what", [Failure.TLS, 301, 400, 401, 403, 404, 405, 413, 422, 501, 505])
def test_what_is_not_temporary_is_never_repeated(what):
    """A status or failure that is absent from the table is never retried."""
    assert [False] * len(endpoints.ALL) == [may_repeat(row, what, has_key=True) for row in endpoints.ALL]


def test_409_is_repeated_only_where_it_means_too_many_in_flight():
    """A 409 is retried on three operations only."""
    assert {"update_customer_profile_v2", "update_customer_session_v2", "track_event_v2"} == {
        row.name for row in endpoints.ALL if may_repeat(row, 409, has_key=False)
    }


def test_the_table():
    """Exactly four kinds of failure are certain not to have been processed."""
    assert {Failure.CONNECT, Failure.FOREIGN, 408, 429} == {
        what for what, known in RETRYABLE.items() if known is Processed.NO
    }


@pytest.mark.parametrize(
    ("attempt", "random", "expected"),
    [(1, 1.0, 0.5), (2, 1.0, 1.0), (3, 1.0, 2.0), (7, 1.0, 30.0), (9, 1.0, 30.0), (3, 0.5, 1.0), (3, 0.0, 0.0)],
)
def test_back_off_doubles_up_to_a_cap(attempt, random, expected):
    """The wait lies anywhere between zero and the doubled base, up to the cap."""
    assert expected == wait_s(RetryConfig(), Outcome(503), attempt, 0, lambda: random)


@given(st.integers(1, 5000), st.floats(0, 1, exclude_max=True), st.floats(0, 10_000))
def test_a_wait_keeps_its_bounds(attempt, random, elapsed):
    """A wait is never negative, above the cap or beyond the budget, for any number of attempts."""
    config = RetryConfig(max_attempts=10_000)
    wait = wait_s(config, Outcome(500), attempt, elapsed, lambda: random)
    assert wait is None or (0 <= wait <= config.cap_s and elapsed + wait <= config.budget_s)


@pytest.mark.parametrize(
    ("asked", "random", "expected"), [(2, 0, 2), (2, 1, 2.2), (100, 1, 101), (0, 1, 0.5), (0.1, 1, 0.5)]
)
def test_the_servers_wish_wins(asked, random, expected):
    """Retry-After is a lower bound of the wait, plus up to a tenth of it and at most a second."""
    assert expected == pytest.approx(wait_s(RetryConfig(), Outcome(429, asked), 1, 0, lambda: random))


@pytest.mark.parametrize(
    ("outcome", "attempt", "elapsed"),
    [(Outcome(500), 1, 300), (Outcome(500), 1, 300.1), (Outcome(429, 301), 1, 0), (Outcome(429, 10), 2, 295)],
)
def test_it_gives_up(outcome, attempt, elapsed):
    """There is no wait when the budget is used up, or when the server asks for more than remains."""
    assert None is wait_s(RetryConfig(), outcome, attempt, elapsed, lambda: 0.5)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("0", 0),
        ("7", 7),
        (" 1.5 ", 1.5),
        ("-3", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("²", None),
        ("1.2.3", None),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30),
    ],
)
def test_retry_after_comes_as_seconds_or_date(header, expected):
    """Retry-After is read as seconds or date; an unreadable one counts as absent, a past one as 0."""
    assert expected == parse_retry_after(header, NOW)


@given(st.text())
def test_any_retry_after_is_survived(header):
    """No Retry-After header raises an error."""
    found = parse_retry_after(header, NOW)
    assert found is None or found >= 0
