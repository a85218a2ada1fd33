"""Coupon reservations and referral codes."""

from __future__ import annotations

import pytest

COUPON = "10$OFF_NOW"


def test_reservations(api):
    """Reserving is counted, listed and seen in the inventory; doing it twice changes nothing."""
    for _ in range(2):
        reply = api("create_coupon_reservation", COUPON, body={"integrationIDs": ["ada", "ben"]})
        assert reply.status == 201
        assert reply.json["reservationCounter"] == 2
    reserved = api("get_reserved_customers", COUPON).json
    assert reserved["totalResultSize"] == 2
    assert [row["integrationId"] for row in reserved["data"]] == ["ada", "ben"]
    assert api("get_customer_inventory", "ada", coupons="true").json["coupons"][0]["value"] == COUPON


def test_reservations_are_given_up_with_a_body(api):
    """DELETE needs a body; a reservation that does not exist is not an error."""
    api("create_coupon_reservation", COUPON, body={"integrationIDs": ["ada", "ben"]})
    assert api("delete_coupon_reservation", COUPON, body={"integrationIDs": ["ada", "nobody"]}).status == 204
    assert [row["integrationId"] for row in api("get_reserved_customers", COUPON).json["data"]] == ["ben"]
    assert api("delete_coupon_reservation", COUPON).status == 400


def test_an_unknown_coupon_is_not_found(api):
    """All three operations answer 404 for an unknown coupon."""
    body = {"integrationIDs": ["ada"]}
    assert api("create_coupon_reservation", "NOPE", body=body).status == 404
    assert api("delete_coupon_reservation", "NOPE", body=body).status == 404
    assert api("get_reserved_customers", "NOPE").status == 404


def test_coupons_are_reserved_for_existing_profiles(api):
    """A reservation for an unknown profile gets 400."""
    assert api("create_coupon_reservation", COUPON, body={"integrationIDs": ["nobody"]}).status == 400


@pytest.mark.parametrize("operation", ["create_coupon_reservation", "delete_coupon_reservation"])
def test_a_reservation_holds_a_thousand_profiles(api, emu, operation):
    """A request with 1,000 ids is accepted, one with 1,001 is refused."""
    emu.add("profiles", *({"integrationId": f"p{n}"} for n in range(1001)))
    ids = [f"p{n}" for n in range(1001)]
    assert api(operation, COUPON, body={"integrationIDs": ids[:1000]}).status < 300
    assert api(operation, COUPON, body={"integrationIDs": ids}).status == 400


def test_implicit_reservations_are_of_the_current_era(api, emu):
    """ImplicitlyReserved and the default of isReservationMandatory differ between the eras."""
    current = api("create_coupon_reservation", COUPON, body={"integrationIDs": ["ada"]}).json
    assert current["implicitlyReserved"] is False
    assert current["isReservationMandatory"] is False
    emu.reset(era="seed")
    seed = api("create_coupon_reservation", COUPON, body={"integrationIDs": ["ada"]}).json
    assert "implicitlyReserved" not in seed
    assert seed["isReservationMandatory"] is True


def test_a_referral(api):
    """A referral of an existing advocate and campaign has a code and is in the inventory."""
    body = {"campaignId": 1, "advocateProfileIntegrationId": "ada", "usageLimit": 3, "attributes": {"note": "hi"}}
    reply = api("create_referral", body=body)
    assert reply.status == 201
    assert reply.json["usageLimit"] == 3
    assert reply.json["attributes"] == {"note": "hi"}
    listed = api("get_customer_inventory", "ada", referrals="true").json["referrals"]
    assert [each["code"] for each in listed] == [reply.json["code"]]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"campaignId": 9}, "/campaignId"),
        ({"advocateProfileIntegrationId": "nobody"}, "/advocateProfileIntegrationId"),
        ({"attributes": {"nope": 1}}, "/attributes/nope"),
        ({"usageLimit": -1}, "/usageLimit"),
    ],
)
def test_bad_referrals_are_refused(api, change, pointer):
    """A bad referral gets 400 with a pointer and without StatusCode."""
    reply = api("create_referral", body={"campaignId": 1, "advocateProfileIntegrationId": "ada", **change})
    assert reply.status == 400
    assert reply.pointers == [pointer]
    assert "StatusCode" not in reply.json


def test_referrals_for_many(api):
    """Each advocate gets a different code, which the answer shows only with silent=no."""
    body = {"campaignId": 1, "advocateProfileIntegrationIds": ["ada", "ben", "ada"], "usageLimit": 1}
    assert api("create_referrals_for_multiple_advocates", body=body).status == 204
    listed = api("create_referrals_for_multiple_advocates", body=body, silent="no")
    assert listed.status == 201
    assert listed.json["totalResultSize"] == 3
    assert len({each["code"] for each in listed.json["data"]}) == 3


def test_referral_codes_follow_their_pattern(api):
    """The pattern's # are filled with the valid characters."""
    body = {
        "campaignId": 1, "advocateProfileIntegrationIds": ["ada", "ben"], "usageLimit": 1,
        "referralPattern": "WIN-##", "validCharacters": ["A", "B"],
    }  # fmt: skip
    codes = [
        each["code"] for each in api("create_referrals_for_multiple_advocates", body=body, silent="no").json["data"]
    ]
    assert codes == ["WIN-AB", "WIN-BA"]


def test_referrals_for_a_thousand(api, emu):
    """A request with 1,000 advocates is accepted; one with 1,001 or an unknown advocate is refused."""
    emu.add("profiles", *({"integrationId": f"p{n}"} for n in range(1000)))
    ids = [f"p{n}" for n in range(1000)]
    body = {"campaignId": 1, "usageLimit": 1}
    operation = "create_referrals_for_multiple_advocates"
    assert api(operation, body={**body, "advocateProfileIntegrationIds": ids}).status == 204
    assert api(operation, body={**body, "advocateProfileIntegrationIds": [*ids, "ada"]}).status == 400
    assert api(operation, body={**body, "advocateProfileIntegrationIds": ["nobody"]}).status == 400
