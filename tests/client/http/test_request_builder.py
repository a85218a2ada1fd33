"""Requests: ids in paths, query values, headers and bodies."""

from decimal import Decimal
from urllib.parse import quote_plus, unquote

import pytest

from talon_one_client import ClientConfig, Secret, endpoints
from talon_one_client.errors import InvalidRequestError
from talon_one_client.http.request_builder import RequestBuilder, url_path, url_query

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
TEXT_PARAMETERS = [(row, param) for row in endpoints.ALL for param in row.path_params if param.type == "string"]
PATH_PARAMETERS = [(row, param) for row in endpoints.ALL for param in row.path_params]


def path_of(row, name, value):
    """The path of a row with one parameter set and the others 7."""
    return url_path(row, {param.name: value if param.name == name else 7 for param in row.path_params})


@pytest.mark.parametrize(("row", "param"), TEXT_PARAMETERS, ids=lambda each: each.name)
@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_an_id_stays_one_segment_of_the_path(row, param, value):
    """An id in any position of the path decodes to itself, and the path keeps its form."""
    index = row.path.split("/").index(f"{{{param.name}}}")
    path = path_of(row, param.name, value)
    assert value == unquote(path.split("/")[index])
    assert row.path.count("/") == path.count("/")
    assert path.isascii()
    assert path.isprintable()


@pytest.mark.parametrize(("row", "param"), PATH_PARAMETERS, ids=lambda each: each.name)
@pytest.mark.parametrize("value", ["", ".", "..", None, "\ud800"])
def test_an_id_that_cannot_be_sent_is_refused(row, param, value):
    """An id that is empty, dots, None or half of a surrogate pair is named, and nothing is sent."""
    with pytest.raises(InvalidRequestError, match=f"^{row.name}: {param.name} ") as raised:
        path_of(row, param.name, value)
    assert row.name == raised.value.operation


def test_items_of_an_array_repeat_the_parameter_or_are_separated_by_commas():
    """An array is sent as the vendor documents it; an item with a comma cannot be sent in the second form."""
    row = endpoints.GET_CUSTOMER_ACHIEVEMENTS
    assert "?campaignIds=1%2C2" == url_query(row, {"campaignIds": [1, "2"], "achievementIds": []})
    assert "?subledgerId=a&subledgerId=b%2Cc" == url_query(
        endpoints.GET_LOYALTY_CARD_POINTS, {"subledgerId": ["a", "b,c"]}
    )
    with pytest.raises(InvalidRequestError, match="campaignIds must not hold '1,2': its items are separated by commas"):
        url_query(row, {"campaignIds": ["1,2"]})


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_ids_reach_the_server(client, emu, name):
    """A profile with a hostile id is created and found under that id."""
    client.update_customer_profile_v2(name, {"attributes": {"Name": "N"}})
    found = client.get_customer_inventory(name, profile=True)["profile"]
    assert name == found["integrationId"]
    assert 4 == len(emu.state("profiles")["profiles"])


@pytest.mark.parametrize("name", ["", ".", "..", "\udfff"])
def test_nothing_is_sent_for_an_impossible_id(client, emu, name):
    """An impossible id sends no request, not even one to another path."""
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
    """A body that JSON cannot represent is refused; NaN does not become null."""
    emu.clear_requests()
    with pytest.raises(
        InvalidRequestError, match=f"^update_customer_profile_v2: the body cannot be written as .*{why}"
    ):
        client.update_customer_profile_v2("ada", body)
    assert [] == emu.requests()


def test_a_body_that_holds_itself_is_refused(client):
    """A body that contains itself is refused like any other that is no JSON."""
    body = {}
    body["attributes"] = body
    with pytest.raises(InvalidRequestError, match="the body cannot be written as JSON"):
        client.update_customer_profile_v2("ada", body)


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
    """Query values repeat for lists, are words for booleans, are encoded, and are left out for None."""
    assert expected == url_query(endpoints.GET_LOYALTY_CARD_TRANSACTIONS, query)


@pytest.mark.parametrize(
    ("row", "query", "why"),
    [
        (endpoints.GET_LOYALTY_CARD_TRANSACTIONS, {"pageSize": 0}, "pageSize must be at least 1, not 0"),
        (endpoints.GET_LOYALTY_CARD_TRANSACTIONS, {"pageSize": 1001}, "pageSize must be at most 1000, not 1001"),
        (endpoints.GET_LOYALTY_CARDS, {"profileId": 0}, "profileId must be at least 1, not 0"),
        (endpoints.GET_LOYALTY_CARDS, {"identifier": "\ud800"}, "identifier holds half of a surrogate pair"),
        (endpoints.GET_LOYALTY_PROGRAMS, {"sort": "id"}, "there is no query parameter 'sort'; the operation has: none"),
    ],
)
def test_query_values_that_cannot_be_sent_are_refused(row, query, why):
    """Unknown query parameters, values out of bounds and texts that are no Unicode are refused."""
    with pytest.raises(InvalidRequestError, match=f"^{row.name}: {why}"):
        url_query(row, query)


def test_headers(serve, client_of):
    """Requests carry the key of their API, a type with a body, a length, and nothing from a .netrc."""
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
    """A DELETE with a body sends it."""
    server = serve((204, {}, b""))
    client_of(server.url).delete_coupon_reservation("50% OFF/+", {"integrationIDs": ["ada"]})
    method, path, _, body = server.seen[0]
    assert "DELETE" == method
    assert "/v1/coupon_reservations/50%25%20OFF%2F%2B" == path
    assert b'{"integrationIDs":["ada"]}' == body


def test_gzip_is_read(serve, client_of):
    """A gzip answer is read; one that is damaged counts as lost."""
    import gzip

    packed = gzip.compress(b'{"data":[]}')
    good, bad = (serve((200, {"Content-Encoding": "gzip"}, body)) for body in (packed, b"no gzip"))
    assert {"data": []} == client_of(good.url).get_loyalty_programs()
    with pytest.raises(Exception, match="does not answer"):
        client_of(bad.url).get_loyalty_programs()


def test_a_base_url_may_have_a_path(serve, client_of):
    """The path of the base URL precedes the path of the operation."""
    server = serve((200, {}, b'{"data":[]}'))
    client_of(f"{server.url}/talon").get_loyalty_programs()
    assert "/talon/v1/loyalty_programs" == server.seen[0][1]


def test_names_of_query_parameters_need_no_encoding():
    """The names of all query parameters are written into a URL as they are."""
    assert [] == [param.name for row in endpoints.ALL for param in row.query if quote_plus(param.name) != param.name]


def test_a_change_to_the_headers_of_one_request_stays_in_it():
    """Each request has headers of its own, although most of them are the same for all requests of an endpoint."""
    builder = RequestBuilder(ClientConfig("https://demo.talon.one", api_key=Secret("k" * 8)))
    first = builder.build(endpoints.CREATE_AUDIENCE_V2, body={"name": "a"})
    second = builder.build(endpoints.CREATE_AUDIENCE_V2)
    assert "application/json" == first.headers["Content-Type"]
    assert "Content-Type" not in second.headers
