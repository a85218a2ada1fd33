"""Imports of coupons, referral codes and collections have the effect that the vendor documents."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def collections(emu):
    """Create a collection of the account and one of the campaign."""
    emu.add("collections", {"name": "of the account"}, {"name": "of the campaign", "campaignId": 1})


def upload(api, name, *path, text, **query):
    """Upload a text as a file."""
    return api(name, *path, files={"upFile": ("rows.csv", text)}, **query)


def test_coupons_have_their_limits_and_dates(api, emu):
    """A coupon without limitval can be used once, and 0 means any number of times."""
    text = "value,expirydate,limitval,recipientintegrationid\nONCE,2030-01-01,,ada\nALWAYS,,0,\n"
    assert upload(api, "import_coupons", 1, 1, text=text).status == 200
    rows = {row["value"]: row for row in emu.state("coupons")["coupons"]}
    assert (rows["ONCE"]["usage_limit"], rows["ALWAYS"]["usage_limit"]) == (1, 0)
    assert rows["ONCE"]["body"]["recipientIntegrationId"] == "ada"
    assert rows["ONCE"]["body"]["expiryDate"] == "2030-01-01T00:00:00.000000Z"


def test_duplicates_are_skipped_if_that_is_asked(api, emu):
    """With skipDuplicates, a coupon that exists is left as it is, and is not counted."""
    reply = upload(api, "import_coupons", 1, 1, text="value\nWELCOME\nNEW\n", skipDuplicates="true")
    assert reply.json["amount"] == 1
    assert {"WELCOME", "NEW"} <= {row["value"] for row in emu.state("coupons")["coupons"]}


@pytest.mark.parametrize("line", ["AB,1", "SPRING,-1", "SPRING,1.5", "SPRING,1000000"])
def test_a_coupon_that_breaks_a_rule_is_refused(api, line):
    """A value below 3 characters and a limit that is no whole number up to 999,999 are bad lines."""
    assert upload(api, "import_coupons", 1, 1, text=f"value,limitval\n{line}\n").status == 400


def test_referral_codes_belong_to_their_advocates(api):
    """The inventory of the advocate shows the code."""
    text = "code,advocateprofileintegrationid,limitval\nADA-1,ada,3\n"
    assert upload(api, "import_referrals", 1, 1, text=text).status == 200
    (referral,) = api("get_customer_inventory", "ada", referrals="true").json["referrals"]
    assert (referral["code"], referral["usageLimit"]) == ("ADA-1", 3)


@pytest.mark.parametrize(("switch", "left"), [("replace", {"b", "c"}), ("add", {"a", "b", "c"})])
def test_a_collection_is_replaced_or_grows(api, emu, switch, left):
    """The switch says whether a second import replaces the items or adds to them."""
    emu.switch(collection_import=switch)
    for items in ("a\nb", "b\nc"):
        assert upload(api, "import_account_collection", 1, text=f"item\n{items}\n").status == 200
    assert {row["item"] for row in emu.state("collection_items")["collection_items"]} == left
    assert api("export_account_collection_items", 1).text == "\n".join(["item", *sorted(left), ""])


def test_a_collection_of_a_campaign_is_not_one_of_the_account(api):
    """Each kind of collection has its own path."""
    assert upload(api, "import_account_collection", 2, text="item\na\n").status == 404
    assert upload(api, "import_collection", 1, 1, 1, text="item\na\n").status == 404
    assert api("export_account_collection_items", 2).status == 404
    assert api("export_collection_items", 1, 1, 2).text == "item\n"
