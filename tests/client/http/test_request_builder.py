"""What goes over the wire: ids in paths, query values, exact numbers."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon_one_client import endpoints
from talon_one_client.errors import InvalidRequestError, UnexpectedResponseError
from talon_one_client.http.encoding import decode_json, encode_json, format_instant
from talon_one_client.http.request_builder import url_path, url_query

HOSTILE = [
    "50%+@x",
    "a/b?c#d",
    "🙂 ü",
    "x" * 1000,
    "  in spaces  ",
    "a\\b\n\x00",
    "%2e%2e",
    "...",
    "{integrationId}",
    "a;b&c=d",
]
PLACES = [(row, param) for row in endpoints.ALL for param in row.path_params if param.type == "string"]
WITH_TEXT = [(row, param) for row in endpoints.ALL for param in row.path_params]


def path_of(row, name, value):
    """The path of a row with one parameter set and the others 7."""
    return url_path(row, {param.name: value if param.name == name else 7 for param in row.path_params})


@pytest.mark.parametrize(("row", "param"), PLACES, ids=lambda each: each.name)
@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_an_id_stays_one_segment_of_the_path(row, param, value):
    """In every position: decoded, it is the same again, and the path keeps its form."""
    index = row.path.split("/").index(f"{{{param.name}}}")
    path = path_of(row, param.name, value)
    assert (value, row.path.count("/")) == (unquote(path.split("/")[index]), path.count("/"))
    assert path.isascii()
    assert path.isprintable()


@pytest.mark.parametrize(("row", "param"), WITH_TEXT, ids=lambda each: each.name)
@pytest.mark.parametrize("value", ["", ".", "..", None, "\ud800"])
def test_an_id_that_cannot_be_sent_is_refused(row, param, value):
    """Empty, dots, nothing, half a surrogate pair: named, with nothing sent."""
    with pytest.raises(InvalidRequestError, match=f"^{row.name}: {param.name} ") as raised:
        path_of(row, param.name, value)
    assert row.name == raised.value.operation


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_ids_reach_the_server(client, emu, name):
    """A profile under such a name is found under it."""
    client.update_customer_profile_v2(name, {"attributes": {"Name": "N"}})
    found = client.get_customer_inventory(name, profile=True)["profile"]
    assert (name, 4) == (found["integrationId"], len(emu.state("profiles")["profiles"]))


@pytest.mark.parametrize("name", ["", ".", "..", "\udfff"])
def test_nothing_is_sent_for_an_impossible_id(client, emu, name):
    """Not even a request that would hit another path."""
    emu.clear_requests()
    with pytest.raises(InvalidRequestError):
        client.delete_customer_data(name)
    assert [] == emu.requests()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"attributes": {"Name": "\ud800"}}, "surrogates not allowed"),
        ({"attributes": {"n": float("nan")}}, "JSON has no number nan"),
        ({"attributes": {"n": [1, float("inf")]}}, "JSON has no number inf"),
        ({"attributes": {"n": Decimal("NaN")}}, "JSON has no number NaN"),
        ({"attributes": {"n": (Decimal("-Infinity"),)}}, "JSON has no number -Infinity"),
        ({"attributes": object()}, "objects of type object is unsupported"),
    ],
)
def test_a_body_that_is_no_json_is_refused(client, emu, body, why):
    """A float that is no number must not become null on its way."""
    emu.clear_requests()
    with pytest.raises(
        InvalidRequestError, match=f"^update_customer_profile_v2: the body cannot be written as .*{why}"
    ):
        client.update_customer_profile_v2("ada", body)
    assert [] == emu.requests()


def test_a_body_that_holds_itself_is_refused(client):
    """An endless body is told like any other."""
    body = {}
    body["attributes"] = body
    with pytest.raises(InvalidRequestError, match="the body cannot be written as JSON"):
        client.update_customer_profile_v2("ada", body)


NUMBERS = ["0.1", "12345678901234.56", "123456789012345678", "1e-7", "-0.0", "0.30", "1E+400", "-9223372036854775809",
           "18446744073709551616", "0.1000000000000000055511151231257827"]  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_keeps_its_digits(text):
    """From the server, and back to it."""
    value = decode_json(text.encode())
    expected = Decimal(text) if any(sign in text for sign in ".eE") else int(text)
    assert (type(expected), str(expected)) == (type(value), str(value))
    assert text.upper() == encode_json(value).decode().upper()


@pytest.mark.parametrize("text", [n for n in NUMBERS if n != "1E+400"])
def test_a_number_keeps_its_digits_over_http(client, text):
    """A profile's number attribute and an item's price come back as they went."""
    value = Decimal(text) if any(sign in text for sign in ".eE") else int(text)
    client.update_customer_profile_v2("ada", {"attributes": {"points_goal": value}})
    found = client.get_customer_inventory("ada", profile=True)["profile"]["attributes"]["points_goal"]
    assert (str(value), type(value)) == (str(found), type(found))


def test_ledger_amounts_are_exact(client):
    """Large and small amounts of the ledger."""
    rows = client.get_loyalty_card_transactions(1, "card-ben")["data"]
    assert Decimal("12345678901234.56") in [row["amount"] for row in rows]
    assert {float} & {type(row["amount"]) for row in rows} == set()


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_any_decimal_survives(value):
    """Its digits and its exponent, zeros included."""
    there = decode_json(encode_json(value))
    assert value == there
    assert str(value) == str(there) or isinstance(there, int)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_float_is_sent_as_it_prints(value):
    """A float loses nothing that it had."""
    assert value == float(decode_json(encode_json(value)))


@pytest.mark.parametrize("body", [b"[" * 100_000, b"1e99999999999999999999", b"\xff", b'"\\ud800"', b'{"a":1', b"NaN"])
def test_json_that_nobody_can_read_is_told(serve, client_of, body):
    """Depth, exponents and encodings beyond reason are no crash."""
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
    """RFC 3339, with a zone always."""
    assert expected == format_instant(value)


def test_a_time_without_zone_is_refused(client):
    """It is not guessed."""
    with pytest.raises(InvalidRequestError, match="has no zone; add one"):
        client.get_loyalty_balances(2, "ada", end_date=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ""),
        ({"subledgerId": None}, ""),
        ({"subledgerId": "a+b &c"}, "?subledgerId=a%2Bb+%26c"),
        ({"subledgerId": ["a", "", "b"]}, "?subledgerId=a&subledgerId=&subledgerId=b"),
        ({"endDate": "2026-01-01T00:00:00+07:00"}, "?endDate=2026-01-01T00%3A00%3A00%2B07%3A00"),
        ({"awaitsActivation": True, "skip": 0}, "?awaitsActivation=true&skip=0"),
        ({"pageSize": 1000}, "?pageSize=1000"),
    ],
)
def test_query_values(query, expected):
    """Lists repeat, booleans are words, signs are encoded, None is left out."""
    assert expected == url_query(endpoints.GET_LOYALTY_CARD_TRANSACTIONS, query)


@pytest.mark.parametrize(
    ("row", "query", "why"),
    [
        (endpoints.GET_LOYALTY_CARD_TRANSACTIONS, {"pageSize": 0}, "pageSize must be at least 1, not 0"),
        (endpoints.GET_LOYALTY_CARD_TRANSACTIONS, {"pageSize": 1001}, "pageSize must be at most 1000, not 1001"),
        (endpoints.GET_LOYALTY_CARDS, {"profileId": 0}, "profileId must be at least 1, not 0"),
        (endpoints.GET_LOYALTY_CARDS, {"identifier": "\ud800"}, "identifier holds half of a surrogate pair"),
        (endpoints.GET_LOYALTY_PROGRAMS, {"sort": "id"}, "no query parameter 'sort'; it has: none"),
    ],
)
def test_query_values_that_cannot_be_sent_are_refused(row, query, why):
    """Unknown names, values out of bounds and what is no text."""
    with pytest.raises(InvalidRequestError, match=f"^{row.name}: {why}"):
        url_query(row, query)


def test_headers(serve, client_of):
    """Keys by API, a type with every body, a length for what may have one, and nothing that follows a .netrc."""
    server = serve((200, {}, b'{"id":1,"effects":[],"customerSession":{}}'))
    client = client_of(server.url)
    client.get_customer_session("s")
    client.update_audience_v2(1, {})
    client.reopen_customer_session("s", idempotency_key="once")
    client.import_audiences_memberships(1, b"profileintegrationid\nada\n")
    names = ("Authorization", "Content-Type", "Content-Length", "Idempotency-Key")
    seen = [tuple(headers.get(name) for name in names) for _, _, headers, _ in server.seen]
    assert ("ApiKey-v1 integration-k3y-0123456789", None, None, None) == seen[0]
    assert ("ApiKey-v1 integration-k3y-0123456789", "application/json", "2", None) == seen[1]
    assert ("ApiKey-v1 integration-k3y-0123456789", None, "0", "once") == seen[2]
    assert "ManagementKey-v1 management-k3y-9876543210" == seen[3][0]
    assert seen[3][1].startswith("multipart/form-data; boundary=")
    assert b"\r\n\r\nprofileintegrationid\nada\n\r\n--" in server.seen[3][3]


def test_a_delete_carries_its_body(serve, client_of):
    """Reservations are given up by a DELETE with a body."""
    server = serve((204, {}, b""))
    client_of(server.url).delete_coupon_reservation("50% OFF/+", {"integrationIDs": ["ada"]})
    method, path, _, body = server.seen[0]
    assert ("DELETE", "/v1/coupon_reservations/50%25%20OFF%2F%2B") == (method, path)
    assert b'{"integrationIDs":["ada"]}' == body


def test_gzip_is_read(serve, client_of):
    """An answer may come compressed; one that is broken counts as lost."""
    import gzip

    packed = gzip.compress(b'{"data":[]}')
    good, bad = (serve((200, {"Content-Encoding": "gzip"}, body)) for body in (packed, b"no gzip"))
    assert {"data": []} == client_of(good.url).get_loyalty_programs()
    with pytest.raises(Exception, match="does not answer"):
        client_of(bad.url).get_loyalty_programs()


def test_a_base_url_may_have_a_path(serve, client_of):
    """Behind a gateway."""
    server = serve((200, {}, b'{"data":[]}'))
    client_of(f"{server.url}/talon").get_loyalty_programs()
    assert "/talon/v1/loyalty_programs" == server.seen[0][1]
