"""Facts of the vendor's OpenAPI documents (platform 26.16) that a client notices, each with its operation."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

import talon_one_schemas
from talon_one_client import endpoints

PUT = "update_customer_session_v2"
MUG = {"sku": "MUG-1", "quantity": 1}


def put(api, name="s", query=None, **session):
    """Update a session and get it back."""
    return api(PUT, name, body={"customerSession": session, "responseContent": ["customerSession"]}, **(query or {}))


def sync(api, kind, payload):
    """Send one action to the catalog."""
    return api("sync_catalog", 1, body={"actions": [{"type": kind, "payload": payload}]})


def stored(emu, sku="MUG-1"):
    """Return an item as it is stored."""
    return next(row for row in emu.state("items")["items"] if row["sku"] == sku)


def test_an_add_that_replaces_keeps_a_price_left_out(api, emu):
    """syncCatalog: ADD with replaceIfExists keeps the price, clears the product and replaces the attributes."""
    assert sync(api, "ADD", {"sku": "MUG-1", "replaceIfExists": True}).status == 200
    item = stored(emu)
    assert item["price"] == "9.99"
    assert item["product"] is None
    assert item["attributes"] == {}


def test_an_adjusted_price_may_be_null(api, emu):
    """syncCatalog: the price of ADD_PRICE_ADJUSTMENT is a number, null or left out, and nothing else."""
    adjustments = [{"priceType": "member", "referenceId": "r"}, {"priceType": "b", "referenceId": "s", "price": None}]
    assert sync(api, "ADD_PRICE_ADJUSTMENT", {"sku": "MUG-1", "adjustments": adjustments}).status == 200
    assert stored(emu)["adjustments"] == adjustments
    adjustments[0]["price"] = "1"
    assert sync(api, "ADD_PRICE_ADJUSTMENT", {"sku": "MUG-1", "adjustments": adjustments}).status == 400


@pytest.mark.parametrize("state", ["cancelled", "partially_returned"])
def test_a_session_starts_open_or_closed(api, emu, state):
    """updateCustomerSessionV2: a new session is open or closed, in every era."""
    assert put(api, state=state).status == 400
    emu.reset(era="seed")
    assert put(api, state=state).status == 400


@pytest.mark.parametrize(
    ("count", "quantity", "status"), [(1000, 10, 200), (1001, 1, 400), (1, 10_000, 200), (2, 5001, 400)]
)
def test_a_cart_is_bounded(api, count, quantity, status):
    """updateCustomerSessionV2: at most 1,000 items and a quantity of 10,000 in all."""
    items = [{"sku": f"S{n}", "quantity": quantity, "price": 1} for n in range(count)]
    assert put(api, cartItems=items).status == status


def test_an_anonymous_session_is_always_a_first_one(api, emu):
    """updateCustomerSessionV2: firstSession is true without a profile, in era ``current``."""
    assert [put(api, name).json["customerSession"]["firstSession"] for name in "ab"] == [True, True]
    emu.reset(era="seed")
    assert put(api).json["customerSession"]["firstSession"] is False


def test_the_price_of_the_catalog_counts(api):
    """updateCustomerSessionV2: an item of the catalog has its price, sent or not; others need one."""
    items = [MUG, {**MUG, "price": 1}, {"sku": "TEA-1", "quantity": 1, "price": 2}]
    session = put(api, cartItems=items).json["customerSession"]
    assert [item["price"] for item in session["cartItems"]] == [Decimal("9.99"), Decimal("9.99"), 2]
    assert [item["catalogItemID"] for item in session["cartItems"]] == [1, 1, 3]
    refused = put(api, cartItems=[MUG, {"sku": "TEA-1", "quantity": 1}])
    assert refused.status == 400
    assert refused.pointers == ["/customerSession/cartItems/1/price"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"dry": "true", "now": "2025-01-02T00:00:00Z"}, 200),
        ({"dry": "true", "now": "2025-01-01T00:00:00Z"}, 400),
        ({"dry": "true", "now": "2024-01-01"}, 400),
        ({"now": "2025-01-02T00:00:00Z"}, 400),
        ({"dry": "false", "now": "2025-01-02T00:00:00Z"}, 400),
    ],
)
def test_now_is_a_future_instant_of_a_dry_run(api, emu, query, status):
    """updateCustomerSessionV2: the parameter now takes future instants only, and only with dry=true."""
    emu.clock(freeze="2025-01-01T00:00:00Z")
    assert put(api, query=query).status == status


def test_a_dry_close_considers_its_own_payload_only(api):
    """updateCustomerSessionV2: closing with dry=true leaves out what the session held, and stores nothing."""
    put(api, profileId="ada", cartItems=[MUG], couponCodes=["A"])
    closed = put(api, query={"dry": "true"}, state="closed", cartItems=[{**MUG, "quantity": 2}]).json["customerSession"]
    assert closed["state"] == "closed"
    assert closed["total"] == Decimal("19.98")
    assert closed.get("couponCodes") is None
    kept = api("get_customer_session", "s").json["customerSession"]
    assert kept["state"] == "open"
    assert kept["total"] == Decimal("9.99")
    assert kept["couponCodes"] == ["A"]


DRY = [
    (PUT, ("s",), {"customerSession": {"profileId": "new", "state": "closed", "cartItems": [MUG]}}, {}),
    ("return_cart_items", ("closed",), {"return": {"returnedCartItems": [{"position": 0}]}}, {}),
    ("track_event_v2", (), {"profileId": "new", "type": "visit"}, {}),
    ("track_event_v3", (), {"integrationId": "e", "profileId": "new", "type": "visit"}, {}),
    (
        "update_customer_profile_v2",
        ("new",),
        {"attributes": {"Name": "N"}, "audiencesChanges": {"adds": [1], "deletes": []}},
        {"runRuleEngine": "true"},
    ),
]


@pytest.mark.parametrize(("operation", "path", "body", "query"), DRY, ids=[each[0] for each in DRY])
def test_a_dry_run_stores_nothing(api, emu, *, operation, path, body, query):
    """Every operation with dry=true leaves every table as it was."""
    put(api, "closed", profileId="ada", state="closed", cartItems=[MUG])
    before = emu.state()
    assert api(operation, *path, body=body, dry="true", **query).status in (200, 204)
    assert emu.state() == before


def test_every_operation_with_dry_is_walked():
    """The list above holds every operation that has the parameter."""
    assert {each[0] for each in DRY} == {each.name for each in endpoints.ALL if "dry" in each.query_by_name}


BATCH = {"customerProfiles": [{"integrationId": "ada", "attributes": {"Name": "A"}}]}
MEMBER = {"data": [{"action": "delete", "profileIntegrationId": "ada", "audienceId": 1}]}


@pytest.mark.parametrize(
    ("operation", "path", "body", "query", "moves"),
    [
        (PUT, ("s",), {"customerSession": {"profileId": "ada"}}, {}, True),
        (PUT, ("s",), {"customerSession": {"profileId": "ada"}}, {"dry": "true"}, False),
        ("track_event_v2", (), {"profileId": "ada", "type": "visit"}, {}, True),
        ("track_event_v2", (), {"profileId": "ada", "type": "visit"}, {"dry": "true"}, False),
        ("track_event_v3", (), {"integrationId": "e", "profileId": "ada", "type": "visit"}, {}, True),
        ("join_loyalty_program", (2, "ada"), None, {}, False),
        ("update_customer_profile_v2", ("ada",), {"attributes": {"Name": "A"}}, {"runRuleEngine": "true"}, True),
        ("update_customer_profile_v2", ("ada",), {"attributes": {"Name": "A"}}, {}, False),
        ("return_cart_items", ("closed",), {"return": {"returnedCartItems": [{"position": 0}]}}, {}, False),
        (
            "return_cart_items",
            ("closed",),
            {"return": {"returnedCartItems": [{"position": 0}]}},
            {"runRuleEngine": "true"},
            True,
        ),
        ("update_customer_profiles_v2", (), BATCH, {}, False),
        ("update_audience_customers_attributes", (1,), {"Name": "A"}, {}, False),
        ("update_customer_profile_audiences", (), MEMBER, {}, False),
        ("create_coupon_reservation", ("WELCOME",), {"integrationIDs": ["ada"]}, {}, False),
    ],
)
def test_last_activity_moves_with_the_rule_engine(api, emu, *, operation, path, body, query, moves):
    """Only calls that run the Rule Engine and are not dry move lastActivity; a coupon reservation leaves it."""
    emu.clock(freeze="2050-01-01T00:00:00Z")
    put(api, "closed", profileId="ada", state="closed", cartItems=[MUG])
    emu.clock(advance=60)
    assert api(operation, *path, body=body, **query).status < 300
    profile = api("get_customer_inventory", "ada", profile="true").json["profile"]
    assert profile["lastActivity"] == f"2050-01-01T00:0{int(moves)}:00.000000Z"


def test_awaits_activation_leaves_out_what_expired(api, emu):
    """Transaction lists: awaitsActivation finds points that wait for an action and have not expired."""
    emu.clock(freeze="2025-06-01T00:00:00Z")
    base = {"card": "card-ada", "amount": 1, "created": "2025-01-01T00:00:00Z", "startDate": "on_action"}
    kept, _ = emu.add_transactions([base, {**base, "expiryDate": "2025-06-01T00:00:00Z"}])
    rows = api("get_loyalty_card_transactions", 1, "card-ada", awaitsActivation="true").json["data"]
    assert [row["id"] for row in rows] == [kept]


@pytest.mark.parametrize(
    ("operation", "path", "body"),
    [
        ("update_customer_profile_audiences", (), MEMBER),
        ("delete_audience_memberships_v2", (1,), None),
        ("update_customer_profile_v2", ("x",), {"audiencesChanges": {"adds": [1], "deletes": []}}),
        ("import_audiences_memberships", (1,), "profileintegrationid\nada\n"),
    ],
)
def test_last_update_of_an_audience_moves_with_its_members(api, emu, operation, path, body):
    """Every operation that changes memberships sets the audience's lastUpdate; renaming does not."""
    emu.clock(freeze="2050-01-01T00:00:00Z")
    assert "lastUpdate" not in api("update_audience_v2", 1, body={"name": "Best"}).json
    options = {"files": {"upFile": ("m.csv", body)}} if isinstance(body, str) else {"body": body}
    assert api(operation, *path, **options).status < 300
    assert api("get_audiences").json["data"][0]["lastUpdate"] == "2050-01-01T00:00:00.000000Z"


def test_rows_that_make_a_debt_are_flagged(api, emu):
    """In era ``current``, lists of transactions flag the subtraction that creates a negative balance."""
    row = {"program": 2, "profile": "ben", "created": "2025-01-01T00:00:00Z"}
    given, covered, debt = emu.add_transactions(
        [{**row, "amount": 5}, *({**row, "amount": amount, "type": "subtraction"} for amount in (5, "0.01"))]
    )
    lists = [("get_loyalty_program_profile_transactions", 2, "ben"), ("get_loyalty_program_transactions", 2)]
    for listed in lists:
        rows = {each["id"]: each.get("flags") for each in api(*listed, pageSize=50).json["data"]}
        assert rows[given] is None
        assert rows[covered] is None
        assert rows[debt] == {"createsNegativeBalance": True}
    emu.reset(era="seed")
    emu.add_transactions([{**row, "amount": 5, "type": "subtraction"}])
    assert all("flags" not in each for listed in lists for each in api(*listed).json["data"])


@pytest.mark.parametrize(("value", "active"), [("inclusive", 7), ("exclusive", 5)])
def test_a_balance_at_end_date_counts_rows_of_that_instant_or_not(api, emu, value, active):
    """Balances and exports at endDate: the vendor does not say whether a row created at it counts, so a switch does."""
    emu.switch(balance_bound=value)
    emu.add("cards", {"identifier": "card-x"})
    row = {"card": "card-x", "created": "2025-01-01T00:00:00Z"}
    emu.add_transactions([{**row, "amount": 5}, {**row, "amount": 2, "created": "2025-01-02T00:00:00Z"}])
    at = {"endDate": "2025-01-02T00:00:00Z"}
    assert api("get_loyalty_card_balances", 1, "card-x", **at).json["balance"]["activePoints"] == active
    assert f"card-x,active,{active}.00," in api("export_loyalty_card_balances", 1, **at).text


@pytest.mark.parametrize(("value", "columns"), [("absent", 8), ("present", 9)])
def test_the_column_of_negative_balances(api, emu, value, columns):
    """The export of balances takes negativeBalance but lists no such column, so a switch says whether it is there."""
    emu.switch(negative_column=value)
    header, *lines = api("export_loyalty_balances", 2, balances="negativeBalance").text.splitlines()
    assert columns == len(header.split(","))
    assert ("negativeBalance" in header) == (columns == 9)
    assert lines[-1].endswith(",0.20,") == (columns == 9)


def enums(schema, path=()):
    """Return every place of a schema with an enumeration: its path, with a branch of oneOf as its number."""
    if "enum" in schema:
        yield path, schema["enum"]
    for name, each in schema.get("properties", {}).items():
        yield from enums(each, (*path, name))
    if isinstance(schema.get("items"), dict):
        yield from enums(schema["items"], (*path, 0))
    for branch in schema.get("oneOf", ()):
        yield from enums(branch, path)


def body_with(schema, path, word):
    """Return a body of required fields with a word at a path."""
    if not path:
        return word
    if "oneOf" in schema:
        schema = next(each for each in schema["oneOf"] if path[0] in each["properties"] and _leads(each, path))
    if isinstance(path[0], int):
        return [body_with(schema["items"], path[1:], word)]
    known = {"string": "MUG-1", "integer": 1, "number": 1, "array": [], "object": {}}
    needed = {
        name: each.get("const") or known.get(each.get("type"), 1)
        for name, each in schema["properties"].items()
        if name in schema.get("required", ())
    }
    return {**needed, path[0]: body_with(schema["properties"][path[0]], path[1:], word)}


def _leads(schema, path):
    for part in path:
        schema = schema.get("items") if isinstance(part, int) else schema.get("properties", {}).get(part)
        if schema is None:
            return False
    return True


BODY_ENUMS = [
    (each, path, words)
    for each in endpoints.ALL
    if each.request
    for path, words in enums(talon_one_schemas.request(each.request))
]
QUERY_ENUMS = [(each, param) for each in endpoints.ALL for param in each.query if param.enum]


@pytest.mark.parametrize(
    ("endpoint", "path", "words"),
    BODY_ENUMS,
    ids=[f"{each.name}-{path[-1]}-{n}" for n, (each, path, _) in enumerate(BODY_ENUMS)],
)
def test_a_word_that_a_body_does_not_take_names_those_it_takes(api, emu, endpoint, path, words):
    """A value that an enumeration of a body lacks gets 400 with the allowed words."""
    emu.switch(errors="all")
    body = body_with(talon_one_schemas.request(endpoint.request), path, "nope")
    reply = api(endpoint.name, *(1 for _ in endpoint.path_params), body=body)
    assert reply.status == 400
    details = next(each["details"] for each in reply.json["errors"] if "'nope'" in each["details"])
    assert [word for word in words if word not in details] == [], details


def test_an_action_of_an_unknown_type_names_the_types(api):
    """syncCatalog: the type of an action is one of six, and the error lists them."""
    details = sync(api, "NOPE", {"sku": "A"}).json["errors"][0]["details"]
    kinds = ["ADD", "PATCH", "PATCH_MANY", "REMOVE", "REMOVE_MANY", "ADD_PRICE_ADJUSTMENT"]
    assert details == f"'NOPE' is not one of {kinds}"


@pytest.mark.parametrize(("endpoint", "param"), QUERY_ENUMS, ids=lambda each: each.name)
def test_a_word_that_a_query_does_not_take_names_those_it_takes(api, endpoint, param):
    """A value that an enumeration of a query lacks gets 400 with the allowed words."""
    path = endpoint.path
    for each in endpoint.path_params:
        path = path.replace("{" + each.name + "}", "1000")
    body = json.dumps({"customerProfiles": []}).encode() if endpoint.request else None
    query = {each.name: "2025-01-01" for each in endpoint.query if each.required} | {param.name: "nope"}
    reply = api.send(endpoint.method, path, data=body, headers=api.key(endpoint.api), params=query)
    error = reply.json["errors"][0]
    assert reply.status == 400
    assert error["source"] == {"parameter": param.name}
    assert error["details"] == f"{param.name}: must be one of {', '.join(param.enum)}"
