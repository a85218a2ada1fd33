"""The server's clock by the Date header of its answers."""

from datetime import UTC, datetime, timedelta

import pytest

from talon_one_client.connection.server_clock import read_date_header

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "tomorrow",
        "0",
        "1767268800",
        "Thu, 32 Jan 2026 12:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2300",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Wed, 31 Dec 1969 23:59:59 GMT",
        "Thu, 01 Jan 2026 12:00:00 +9999999999",
        "\udcff\xfe",
    ],
)
def test_what_no_clock_shows_is_no_reading(header):
    """A header that is absent, unreadable or no date of a clock is ignored."""
    assert read_date_header(header, NOW, NOW) is None


@pytest.mark.parametrize("header", ["Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 31 Dec 8999 23:59:59 GMT"])
def test_every_date_of_a_clock_can_be_computed_with(header):
    """The server's time follows from this machine's time, however far apart both are."""
    reading = read_date_header(header, NOW, NOW + timedelta(seconds=1))
    assert reading is not None
    assert reading.server == reading.server_time(NOW + timedelta(seconds=1))


@pytest.mark.parametrize("header", ["Thu, 01 Jan 2026 12:00:00", "Thu, 01 Jan 2026 13:00:00 +0100"])
def test_a_date_may_have_any_zone(header):
    """A date without zone is in UTC."""
    reading = read_date_header(header, NOW, NOW)
    assert reading is not None
    assert NOW == reading.server
