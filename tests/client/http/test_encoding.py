"""Numbers keep their digits in both directions, and instants have a zone."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon_one_client.errors import InvalidRequestError, UnexpectedResponseError
from talon_one_client.http.encoding import decode_json, encode_json, format_instant

NUMBERS = ["0.1", "12345678901234.56", "123456789012345678", "1e-7", "-0.0", "0.30", "1E+400", "-9223372036854775809",
           "18446744073709551616", "0.1000000000000000055511151231257827"]  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_keeps_its_digits(text):
    """A number keeps its digits when it is decoded and encoded again."""
    value = decode_json(text.encode())
    expected = Decimal(text) if any(sign in text for sign in ".eE") else int(text)
    assert type(expected) is type(value)
    assert str(expected) == str(value)
    assert text.upper() == encode_json(value).decode().upper()


@pytest.mark.parametrize("text", [n for n in NUMBERS if n != "1E+400"])
def test_a_number_keeps_its_digits_over_http(client, text):
    """A profile's number attribute and an item's price come back with the digits that were sent."""
    value = Decimal(text) if any(sign in text for sign in ".eE") else int(text)
    client.update_customer_profile_v2("ada", {"attributes": {"points_goal": value}})
    found = client.get_customer_inventory("ada", profile=True)["profile"]["attributes"]["points_goal"]
    assert str(value) == str(found)
    assert type(value) is type(found)


def test_ledger_amounts_are_exact(client):
    """Large and small amounts of the ledger are exact."""
    rows = client.get_loyalty_card_transactions(1, "card-ben")["data"]
    assert Decimal("12345678901234.56") in [row["amount"] for row in rows]
    assert {float} & {type(row["amount"]) for row in rows} == set()


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_any_decimal_survives(value):
    """A Decimal keeps its digits and its exponent, zeros included."""
    there = decode_json(encode_json(value))
    assert value == there
    assert str(value) == str(there) or isinstance(there, int)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_float_is_sent_as_it_prints(value):
    """A float is sent with the digits that it prints."""
    assert value == float(decode_json(encode_json(value)))


@pytest.mark.parametrize("body", [b"[" * 100_000, b"1e99999999999999999999", b"\xff", b'"\\ud800"', b'{"a":1', b"NaN"])
def test_json_that_nobody_can_read_is_reported(serve, client_of, body):
    """JSON with extreme depth, exponents or encodings raises an error of the client."""
    with pytest.raises(UnexpectedResponseError):
        client_of(serve((200, {}, body)).url).get_loyalty_programs()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "2026-01-02T03:04:05.000006Z"),
        (datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=7))), "2026-01-02T00:00:00+07:00"),
        (date(2026, 1, 2), "2026-01-02T00:00:00Z"),
    ],
)
def test_instants(value, expected):
    """Instants are sent as RFC 3339 with a zone."""
    assert expected == format_instant(value)


def test_a_time_without_zone_is_refused(client):
    """A time without zone is refused, not guessed."""
    with pytest.raises(InvalidRequestError, match="has no zone; add one"):
        client.get_loyalty_balances(2, "ada", end_date=datetime(2026, 1, 1))  # noqa: DTZ001
