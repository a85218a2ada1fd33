"""The operations of the Integration API that both eras have, each with its effect read back from the emulator."""

from decimal import Decimal

import pytest

from talon_one_client import endpoints as ep
from talon_one_client.errors import AlreadyExistsError, BadRequestError, InvalidRequestError, NotFoundError

CART = [{"sku": "MUG-1", "quantity": 2, "price": Decimal("9.99"), "name": "Mug"}]


def profile(client, name):
    """A profile as the inventory has it."""
    return client.get_customer_inventory(name, profile=True)["profile"]


def close(client, name="order-9", **session):
    """Make a closed session."""
    body = {"customerSession": {"profileId": "ada", "state": "closed", "cartItems": CART, **session}}
    return client.update_customer_session_v2(name, body)


def members(client, audience=1):
    """Integration ids of the members of an audience; the older era has no list of them."""
    rows = client.get_customer_profiles()["data"]
    return [row["integrationId"] for row in rows if audience in [each["id"] for each in row["audienceMemberships"]]]


def items(client):
    """Prices of the items by SKU."""
    return {row["sku"]: row["price"] for row in client.list_catalog_items(1)["data"]}


def test_create_audience_v2(checked):
    """A created audience appears in the list."""
    made = checked.create_audience_v2({"name": "Tea", "integration": "crm", "integrationId": "tea"})
    assert [(1, "VIP"), (made["id"], "Tea")] == [(a["id"], a["name"]) for a in checked.get_audiences()["data"]]


def test_an_audience_that_exists_raises_already_exists(checked, waits):
    """A 409 for an existing integration id is raised as AlreadyExistsError and not retried."""
    with pytest.raises(AlreadyExistsError) as raised:
        checked.create_audience_v2({"name": "VIP", "integration": "crm", "integrationId": "vip"})
    assert 409 == raised.value.status
    assert 1 == raised.value.attempts
    assert [] == waits


def test_update_audience_v2(checked):
    """An update changes the name of an audience."""
    assert "Best" == checked.update_audience_v2(1, {"name": "Best"})["name"]
    assert ["Best"] == [a["name"] for a in checked.get_audiences()["data"]]


def test_delete_audience_v2(checked):
    """A deleted audience no longer appears in the list."""
    assert None is checked.delete_audience_v2(1)
    assert [] == checked.get_audiences()["data"]


def test_delete_audience_memberships_v2(checked):
    """Deleting the memberships keeps the audience."""
    assert None is checked.delete_audience_memberships_v2(1)
    assert [] == members(checked)
    assert 1 == len(checked.get_audiences()["data"])


def test_update_customer_profile_audiences(checked):
    """Profiles are added and deleted in one request."""
    change = [
        {"action": "delete", "profileIntegrationId": "ada", "audienceId": 1},
        {"action": "add", "profileIntegrationId": "chloé/ö%20", "audienceId": 1},
    ]
    assert None is checked.update_customer_profile_audiences({"data": change})
    assert ["ben", "chloé/ö%20"] == members(checked)


def test_update_audience_customers_attributes(checked):
    """Members get the attributes, other profiles do not."""
    assert None is checked.update_audience_customers_attributes(1, {"Email": "vip@example.test"})
    emails = [profile(checked, name)["attributes"].get("Email") for name in ("ada", "ben", "chloé/ö%20")]
    assert ["vip@example.test", "vip@example.test", None] == emails


def test_create_and_delete_coupon_reservation(checked):
    """A reservation exists for the profile until it is deleted."""
    coupon = checked.create_coupon_reservation("10$OFF_NOW", {"integrationIDs": ["ada", "ben"]})
    assert "10$OFF_NOW" == coupon["value"]
    assert 2 == coupon["reservationCounter"]
    assert ["10$OFF_NOW"] == [c["value"] for c in checked.get_customer_inventory("ada", coupons=True)["coupons"]]
    assert None is checked.delete_coupon_reservation("10$OFF_NOW", {"integrationIDs": ["ada"]})
    assert ["ben"] == [p["integrationId"] for p in checked.get_reserved_customers("10$OFF_NOW")["data"]]


def test_get_reserved_customers(checked):
    """A coupon without reservation has no customers; an unknown coupon is a 404."""
    assert {"totalResultSize": 0, "data": []} == checked.get_reserved_customers("WELCOME")
    with pytest.raises(NotFoundError):
        checked.get_reserved_customers("no-such-coupon")


def test_create_referral(checked):
    """A created referral code belongs to its advocate."""
    made = checked.create_referral({"campaignId": 1, "advocateProfileIntegrationId": "ada"})
    assert [made["code"]] == [r["code"] for r in checked.get_customer_inventory("ada", referrals=True)["referrals"]]


@pytest.mark.parametrize("silent", [None, "yes", "no"])
def test_create_referrals_for_multiple_advocates(checked, silent):
    """Codes are created in any case and returned with ``silent=no`` only."""
    body = {"campaignId": 1, "advocateProfileIntegrationIds": ["ada", "ben"], "usageLimit": 1}
    made = checked.create_referrals_for_multiple_advocates(body, silent=silent)
    codes = [
        referral["code"]
        for name in ("ada", "ben")
        for referral in checked.get_customer_inventory(name, referrals=True)["referrals"]
    ]
    assert 2 == len(codes)
    assert (codes if silent == "no" else None) == (made and [r["code"] for r in made["data"]])


def test_delete_customer_data(checked):
    """Deleting customer data removes the profile."""
    assert None is checked.delete_customer_data("chloé/ö%20")
    with pytest.raises(NotFoundError):
        profile(checked, "chloé/ö%20")


def test_get_customer_inventory(checked):
    """An inventory holds exactly the requested sections."""
    sections = ("profile", "referrals", "coupons", "loyalty", "giveaways")
    assert {} == checked.get_customer_inventory("ada")
    assert set(sections) == set(checked.get_customer_inventory("ada", **dict.fromkeys(sections, True)))
    assert {"loyalty"} == set(checked.get_customer_inventory("ada", loyalty=True, coupons=False))


def test_get_customer_session(checked):
    """A session is returned with its cart."""
    close(checked)
    session = checked.get_customer_session("order-9")["customerSession"]
    assert "closed" == session["state"]
    assert Decimal("9.99") == session["cartItems"][0]["price"]


def test_update_customer_session_v2(checked):
    """A dry run stores no session, a real run does."""
    body = {"customerSession": {"profileId": "ada", "cartItems": CART}, "responseContent": ["customerSession"]}
    checked.update_customer_session_v2("order-8", body, dry=True, now="2090-01-01T00:00:00Z")
    with pytest.raises(BadRequestError):
        checked.get_customer_session("order-8")
    answer = checked.update_customer_session_v2("order-8", body, dry=False)
    assert Decimal("19.98") == answer["customerSession"]["total"]
    assert "open" == checked.get_customer_session("order-8")["customerSession"]["state"]


def test_reopen_customer_session(checked):
    """A reopened session is open and no longer counts."""
    close(checked)
    assert {"effects": []} == checked.reopen_customer_session("order-9")
    assert "open" == checked.get_customer_session("order-9")["customerSession"]["state"]
    assert 0 == profile(checked, "ada")["closedSessions"]


def test_return_cart_items(checked):
    """A dry return changes nothing, a real one deducts the item's price."""
    close(checked)
    body = {"return": {"returnedCartItems": [{"position": 0, "quantity": 1}]}}
    checked.return_cart_items("order-9", body, dry=True, run_rule_engine=False)
    assert Decimal("19.98") == profile(checked, "ada")["totalSales"]
    checked.return_cart_items("order-9", body)
    assert Decimal("9.99") == profile(checked, "ada")["totalSales"]
    assert "partially_returned" == checked.get_customer_session("order-9")["customerSession"]["state"]


def test_get_loyalty_balances(checked):
    """The points of a profile are returned for now and for the past."""
    assert {"activePoints": 42} == {k: v for k, v in checked.get_loyalty_balances(2, "ada")["balance"].items() if v}
    past = checked.get_loyalty_balances(
        2, "ada", end_date="2025-01-01T00:00:00Z", include_tiers=True, include_projected_tier=True
    )
    assert 0 == past["balance"]["activePoints"]


def test_get_loyalty_card_balances(checked):
    """The points of a card are returned by subledger."""
    found = checked.get_loyalty_card_balances(1, "card-ada", end_date="2025-03-01T00:00:00Z")
    assert Decimal("80.25") == found["balance"]["activePoints"]
    assert Decimal("7.5") == found["subledgerBalances"]["bonus"]["activePoints"]


def test_get_loyalty_card_transactions(checked):
    """The ledger of a card is returned completely, between two instants, by subledger and by page."""
    amounts = [Decimal("100.50"), Decimal("20.25"), 30, Decimal("7.5")]
    found = checked.get_loyalty_card_transactions(1, "card-ada", page_size=50)
    assert False is found["hasMore"]
    assert sorted(amounts) == sorted(row["amount"] for row in found["data"])
    window = {"start_date": "2025-02-01T11:00:00+00:00", "end_date": "2025-02-03T00:00:00Z"}
    part = checked.get_loyalty_card_transactions(1, "card-ada", page_size=50, **window)["data"]
    assert [Decimal("20.25"), 30] == sorted(row["amount"] for row in part)
    bonus = checked.get_loyalty_card_transactions(1, "card-ada", subledger_id=["bonus"])["data"]
    assert [Decimal("7.5")] == [row["amount"] for row in bonus]
    each = [checked.get_loyalty_card_transactions(1, "card-ada", page_size=1, skip=n)["data"] for n in range(4)]
    assert sorted(amounts) == sorted(rows[0]["amount"] for rows in each)


def test_filters_of_a_card_ledger(client):
    """A card ledger is filtered by sessions, kinds, UUIDs and pending activation in the current era."""
    every = client.get_loyalty_card_transactions(1, "card-ada", page_size=50)["data"]
    uuids = [row["transactionUUID"] for row in every][:2]
    assert 2 == len(client.get_loyalty_card_transactions(1, "card-ada", transaction_uuids=uuids)["data"])
    of_session = client.get_loyalty_card_transactions(1, "card-ada", customer_session_ids=["order-1", "order-2"])
    assert ["Welcome"] == [row["name"] for row in of_session["data"]]
    imported = client.get_loyalty_card_transactions(1, "card-ada", loyalty_transaction_type="import")["data"]
    assert ["bonus"] == [row["subledgerId"] for row in imported]
    waiting = client.get_loyalty_card_transactions(1, "card-ben", awaits_activation=True)["data"]
    assert ["on_action"] == [row["startDate"] for row in waiting]


def test_get_loyalty_program_profile_transactions(checked):
    """The ledger of a profile whose id needs encoding is returned."""
    found = checked.get_loyalty_program_profile_transactions(2, "chloé/ö%20", page_size=50, subledger_id="")
    assert [Decimal("0.1"), Decimal("0.3")] == sorted(row["amount"] for row in found["data"])


def test_link_loyalty_card_to_profile(checked):
    """A linked card belongs to the profile."""
    checked.link_loyalty_card_to_profile(1, "card-ada", {"integrationId": "ben"})
    cards = checked.get_customer_inventory("ben", loyalty=True)["loyalty"]["cards"]
    assert ["card-ada", "card-ben"] == sorted(card["identifier"] for card in cards)


def test_sync_catalog(checked):
    """An item is added with its exact price."""
    add = {"type": "ADD", "payload": {"sku": "CUP", "price": Decimal("0.10"), "product": {"name": "Cup"}}}
    assert 1 == checked.sync_catalog(1, {"actions": [add]})["id"]
    assert Decimal("0.10") == items(checked)["CUP"]


@pytest.mark.parametrize("silent", [None, "no"])
def test_track_event_v2(checked, silent):
    """An event creates its profile; without ``silent=no`` the answer is empty."""
    body = {"profileId": "dora", "type": "visit", "attributes": {"page": "home"}}
    answer = checked.track_event_v2(body, silent=silent, dry=False, force_complete_evaluation=None)
    assert (silent is None) == (answer is None)
    assert "dora" == profile(checked, "dora")["integrationId"]


def test_update_customer_profile_v2(checked):
    """A profile is created and changed; a dry run with the Rule Engine changes nothing."""
    checked.update_customer_profile_v2("emil", {"attributes": {"Name": "Emil"}})
    checked.update_customer_profile_v2("emil", {"attributes": {"Name": "Dry"}}, run_rule_engine=True, dry=True)
    assert {"Name": "Emil"} == profile(checked, "emil")["attributes"]


@pytest.mark.parametrize("silent", [None, "no"])
def test_update_customer_profiles_v2(checked, silent):
    """Many profiles are written in one request."""
    rows = [{"integrationId": name, "attributes": {"Name": name.title()}} for name in ("ada", "fritz")]
    answer = checked.update_customer_profiles_v2({"customerProfiles": rows}, silent=silent)
    assert (silent is None) == (answer is None)
    assert ["Ada", "Fritz"] == [profile(checked, name)["attributes"]["Name"] for name in ("ada", "fritz")]


@pytest.mark.parametrize(
    ("name", "arguments", "body", "field"),
    [
        ("update_customer_profiles_v2", (), {"integrationId": "x"}, "customerProfiles"),
        ("update_customer_profile_audiences", (), {}, "data"),
        ("sync_catalog", (1,), {}, "actions"),
        ("create_coupon_reservation", ("c",), "x", "integrationIDs"),
        ("delete_coupon_reservation", ("c",), "x", "integrationIDs"),
        ("create_referrals_for_multiple_advocates", (), "x", "advocateProfileIntegrationIds"),
    ],
)
def test_more_than_1000_items_are_not_sent(client, emu, name, arguments, body, field):
    """More items than documented are refused before anything is sent."""
    emu.clear_requests()
    with pytest.raises(InvalidRequestError) as raised:
        getattr(client, name)(*arguments, {field: [body] * 1001})
    assert f"{name}: 1001 {field} in one request; at most 1000 are allowed" == str(raised.value)
    assert [] == emu.requests()


def test_any_row_can_be_called(client):
    """``call`` takes any row of the table and names a missing or unknown path parameter."""
    assert 1 == client.call(ep.GET_LOYALTY_PROGRAM, path={"loyaltyProgramId": 1})["id"]
    with pytest.raises(InvalidRequestError, match="must be loyaltyProgramId; missing or unknown: id, loyaltyProgramId"):
        client.call(ep.GET_LOYALTY_PROGRAM, path={"id": 1})
    with pytest.raises(InvalidRequestError, match="no query parameter 'x'; the operation has: none"):
        client.call(ep.GET_LOYALTY_PROGRAM, path={"loyaltyProgramId": 1}, query={"x": 1})
