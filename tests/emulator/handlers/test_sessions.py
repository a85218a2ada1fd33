"""Sessions: states, totals, returns, reopening; and events."""

from __future__ import annotations

from decimal import Decimal

import pytest

PUT = "update_customer_session_v2"
CART = [
    {"sku": "MUG-1", "quantity": 2, "price": 9.99, "attributes": {"colour": "red"}},
    {"sku": "TEA-1", "quantity": 1, "price": 0.1, "additionalCosts": {"gift": {"price": 1}}},
]


def put(api, name="s", content=("customerSession",), query=None, **session):
    """Update a session."""
    body = {"customerSession": session, "responseContent": list(content)}
    return api(PUT, name, body=body, **(query or {}))


def profile(api, name="ada"):
    """Return the closed sessions and total sales of a profile."""
    found = api("get_customer_inventory", name, profile="true").json["profile"]
    return found["closedSessions"], found["totalSales"]


def give_back(api, *items, name="s", **query):
    """Return items."""
    return api("return_cart_items", name, body={"return": {"returnedCartItems": list(items)}}, **query)


def test_totals(api):
    """Items, their additional costs and those of the session add up exactly."""
    reply = put(api, profileId="ada", cartItems=CART, additionalCosts={"shipping": {"price": 4.5}})
    session = reply.json["customerSession"]
    assert session["cartItemTotal"] == Decimal("20.08")
    assert session["cartItemAdditionalCostTotal"] == 1
    assert session["additionalCostTotal"] == Decimal("4.5")
    assert session["total"] == Decimal("25.58")
    assert [(item["position"], item["remainingQuantity"]) for item in session["cartItems"]] == [(0, 2), (1, 1)]
    assert reply.json["effects"] == []


def test_an_update_keeps_what_it_does_not_name(api):
    """A field that is left out keeps its value, and updateCount increases."""
    put(api, profileId="ada", cartItems=CART, couponCodes=["A"])
    session = put(api, identifiers=["x"]).json["customerSession"]
    assert session["profileId"] == "ada"
    assert len(session["cartItems"]) == 2
    assert session["couponCodes"] == ["A"]
    assert session["updateCount"] == 2


def test_closing_counts_for_the_profile(api):
    """Closing a session adds to closedSessions and totalSales; reopening and canceling subtract it."""
    put(api, profileId="ada", cartItems=CART)
    assert profile(api) == (0, 0)
    put(api, state="closed")
    assert profile(api) == (1, Decimal("21.08"))
    assert api("reopen_customer_session", "s").json == {"effects": []}
    assert profile(api) == (0, 0)
    put(api, state="closed")
    put(api, state="cancelled")
    assert profile(api) == (0, 0)


@pytest.mark.parametrize(
    ("states", "statuses"),
    [
        (["open", "open", "closed"], [200, 200, 200]),
        (["closed", "open"], [200, 400]),
        (["closed", "closed"], [200, 400]),
        (["closed", "cancelled", "open"], [200, 200, 400]),
        (["open", "cancelled", "closed"], [200, 200, 400]),
        (["partially_returned"], [400]),
        (["closed", "partially_returned"], [200, 400]),
    ],
)
def test_transitions(api, states, statuses):
    """An update moves a session only the way its states allow; otherwise 400 without StatusCode."""
    replies = [put(api, profileId="ada", state=state) for state in states]
    assert [reply.status for reply in replies] == statuses
    assert all("StatusCode" not in reply.json for reply in replies if reply.status == 400)


def test_returns_by_position_and_sku(api):
    """Units can be returned one by one; after the last one, the session is cancelled."""
    put(api, profileId="ada", cartItems=CART, state="closed")
    reply = give_back(api, {"position": 0, "quantity": 1})
    assert reply.json["return"]["returnedCartItems"] == [{"position": 0, "quantity": 1, "sku": "MUG-1"}]
    session = api("get_customer_session", "s").json["customerSession"]
    assert session["state"] == "partially_returned"
    assert session["cartItems"][0]["remainingQuantity"] == 1
    assert profile(api) == (1, Decimal("11.09"))
    assert give_back(api, {"sku": "TEA-1"}, {"position": 0}).status == 200
    assert api("get_customer_session", "s").json["customerSession"]["state"] == "cancelled"
    assert give_back(api, {"position": 0, "quantity": 1}).status == 400


@pytest.mark.parametrize(
    "item",
    [
        {"position": 9},
        {"position": -1},
        {"position": 0, "quantity": 3},
        {"position": 0, "quantity": 0},
        {"sku": "NOPE"},
        {},
    ],
)
def test_bad_returns_are_refused(api, item):
    """Items and units that are not there give 400 and change nothing."""
    put(api, profileId="ada", cartItems=CART, state="closed")
    assert give_back(api, {"position": 1}, item).status == 400
    assert api("get_customer_session", "s").json["customerSession"]["state"] == "closed"


def test_returns_by_sku_are_of_the_current_era(api, seed_era):
    """Era ``seed`` requires a position for every return."""
    put(api, profileId="ada", cartItems=[{"sku": "MUG-1", "quantity": 1}], state="closed")
    assert give_back(api, {"sku": "MUG-1"}).status == 400


def test_only_closed_sessions_take_returns_and_reopen(api):
    """An open session can neither be returned nor reopened."""
    put(api, profileId="ada", cartItems=CART)
    assert give_back(api, {"position": 0}).status == 400
    assert api("reopen_customer_session", "s").status == 400


def test_dry_runs_leave_nothing(api, emu):
    """dry=true answers as usual and stores nothing, for updates, returns and events."""
    assert put(api, query={"dry": "true"}, profileId="ada", cartItems=CART).json["customerSession"]["total"] > 0
    assert api("get_customer_session", "s").status == 400
    put(api, profileId="ada", cartItems=CART, state="closed")
    assert give_back(api, {"position": 0}, dry="true").status == 200
    assert api("get_customer_session", "s").json["customerSession"]["state"] == "closed"
    event = {"profileId": "newcomer", "type": "visit", "responseContent": ["event"]}
    assert api("track_event_v2", body=event, dry="true", silent="no").json["event"]["type"] == "visit"
    assert emu.state("events")["events"] == []
    assert api("get_customer_inventory", "newcomer").status == 404


def test_previous_returns_are_listed(api):
    """ResponseContent previousReturns shows the returns made before."""
    put(api, profileId="ada", cartItems=CART, state="closed")
    give_back(api, {"position": 0, "quantity": 1})
    body = {"return": {"returnedCartItems": [{"position": 1}]}, "responseContent": ["previousReturns"]}
    previous = api("return_cart_items", "s", body=body).json["previousReturns"]
    assert [each["returnedCartItems"] for each in previous] == [[{"position": 0, "quantity": 1, "sku": "MUG-1"}]]


def test_attributes_of_sessions_and_items_are_checked(api):
    """Unknown names and wrong types get 400 with a pointer."""
    assert put(api, attributes={"nope": 1}).pointers == ["/customerSession/attributes/nope"]
    bad = [{"sku": "A", "quantity": 1, "attributes": {"colour": 5}}]
    assert put(api, cartItems=bad).pointers == ["/customerSession/cartItems/0/attributes/colour"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("couponCodes", ["x" * 101]),
        ("loyaltyCards", ["card-a", "card-b"]),
        ("identifiers", ["1", "2", "3", "4", "5", "6"]),
        ("cartItems", [{"sku": "A", "quantity": 0}]),
        ("cartItems", [{"quantity": 1}]),
        ("state", "lost"),
    ],
)
def test_the_schema_of_a_session_holds(api, field, value):
    """Fields of a session outside of their documented bounds get 400."""
    assert put(api, **{field: value}).status == 400


def test_a_session_without_profile(api):
    """A session without a profile is accepted."""
    assert put(api).json["customerSession"]["profileId"] == ""


def test_the_first_session_of_a_profile_is_marked(api):
    """The flag firstSession is true for the first session of a profile only."""
    assert put(api, "a", profileId="ada").json["customerSession"]["firstSession"] is True
    assert put(api, "b", profileId="ada").json["customerSession"]["firstSession"] is False


def test_unknown_sessions(api):
    """An unknown session gets 400, because no 404 is documented."""
    assert api("get_customer_session", "none").status == 400
    assert api("reopen_customer_session", "none").status == 400
    assert give_back(api, {"position": 0}, name="none").status == 400


def test_sessions_are_listed_and_filtered(api, emu):
    """Management filters on state, profile, ids, codes and creation."""
    emu.clock(freeze="2025-05-01T00:00:00Z")
    put(api, "one", profileId="ada", cartItems=CART, couponCodes=["A", "B"])
    emu.clock(advance=60)
    put(api, "two", profileId="ben", state="closed", referralCode="R", storeIntegrationId="store")

    def listed(**query):
        return [row["integrationId"] for row in api("get_application_sessions", 1, **query).json["data"]]

    assert listed() == ["one", "two"]
    assert (
        listed(state="closed")
        == listed(profile="ben")
        == listed(referral="R")
        == listed(storeIntegrationId="store")
        == ["two"]
    )
    assert listed(coupon="B") == listed(integrationId="one") == ["one"]
    assert listed(integrationId="on") == []
    assert listed(integrationId="on", partialMatch="true") == []
    assert listed(integrationId="ONE", partialMatch="true") == ["one"]
    assert listed(integrationId="ONE") == []
    assert listed(createdAfter="2025-05-01T00:00:30Z") == ["two"]
    assert listed(createdBefore="2025-05-01T00:00:30Z", sort="-id") == ["one"]
    assert api("get_application_sessions", 1, integrationId="one").json["data"][0]["total"] == Decimal("21.08")


def test_events(api, emu):
    """An event is answered with 204 by default, creates its profile, and has its attributes checked by event type."""
    body = {"profileId": "newcomer", "type": "visit", "attributes": {"page": "home"}, "responseContent": ["event"]}
    assert api("track_event_v2", body=body).status == 204
    answer = api("track_event_v2", body=body, silent="no")
    assert answer.json["event"]["attributes"] == {"page": "home"}
    assert answer.json["effects"] == []
    assert [event["profile"] for event in emu.state("events")["events"]] == ["newcomer", "newcomer"]
    assert api("track_event_v2", body={**body, "type": "other"}).pointers == ["/attributes/page"]


def test_an_event_needs_a_profile(api):
    """A profileId is mandatory in practice although the schema does not say so."""
    assert api("track_event_v2", body={"type": "visit"}).pointers == ["/profileId"]
