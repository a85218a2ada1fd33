"""Catalog sync and the list of items."""

from __future__ import annotations

from decimal import Decimal

import pytest

SYNC = "sync_catalog"


def sync(api, kind, *payloads, **body):
    """Send actions of one type."""
    return api(SYNC, 1, body={"actions": [{"type": kind, "payload": payload} for payload in payloads], **body})


def items(api):
    """Return the items by SKU: price, attributes, product name."""
    return {
        row["sku"]: (
            row["price"],
            {each["name"]: each["value"] for each in row["attributes"]},
            row["product"] and row["product"]["name"],
        )
        for row in api("list_catalog_items", 1).json["data"]
    }


def test_add(api):
    """ADD creates an item; an existing SKU is refused unless replaceIfExists is set, which drops all missing fields."""
    assert (
        sync(
            api, "ADD", {"sku": "NEW", "price": 1.10, "attributes": {"colour": "red"}, "product": {"name": "P"}}
        ).status
        == 200
    )
    assert items(api)["NEW"] == (Decimal("1.1"), {"colour": "red"}, "P")
    refused = sync(api, "ADD", {"sku": "MUG-1"})
    assert refused.status == 400
    assert "StatusCode" not in refused.json
    assert sync(api, "ADD", {"sku": "MUG-1", "price": 2, "replaceIfExists": True}).status == 200
    assert items(api)["MUG-1"] == (2, {}, None)


def test_patch(api):
    """PATCH merges attributes, keeps the price, and in era ``current`` clears a product it does not name."""
    assert sync(api, "PATCH", {"sku": "MUG-1", "attributes": {"weight_kg": 0.3}}).status == 200
    assert items(api)["MUG-1"] == (Decimal("9.99"), {"colour": "red", "weight_kg": Decimal("0.3")}, None)
    assert sync(api, "PATCH", {"sku": "NEW"}).status == 400
    assert sync(api, "PATCH", {"sku": "NEW", "createIfNotExists": True, "product": {"name": "P"}}).status == 200
    assert items(api)["NEW"] == (None, {}, "P")


def test_patch_kept_the_product(api, seed_era):
    """Era ``seed`` knows no product, so a PATCH leaves it alone."""
    assert sync(api, "PATCH", {"sku": "MUG-1", "price": 1}).status == 200
    assert items(api)["MUG-1"][2] == "Mug"


def test_remove(api):
    """REMOVE deletes an item; an item that does not exist is not an error."""
    assert sync(api, "REMOVE", {"sku": "MUG-1"}, {"sku": "NOPE"}).status == 200
    assert list(items(api)) == ["MUG-2", "TEA-1"]


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ([], []),
        ([{"attr": "colour", "op": "EQ", "value": "red"}], ["MUG-2", "TEA-1"]),
        ([{"attr": "colour", "op": "IN", "value": "red, blue"}], ["TEA-1"]),
        ([{"attr": "price", "op": "GT", "value": 9.99}], ["MUG-1", "TEA-1"]),
        ([{"attr": "price", "op": "GE", "value": 9.99}], ["TEA-1"]),
        ([{"attr": "price", "op": "LT", "value": 12.5}], ["MUG-2", "TEA-1"]),
        ([{"attr": "price", "op": "LE", "value": 12.5}], ["TEA-1"]),
        ([{"attr": "weight_kg", "op": "EQ", "value": 1}], ["MUG-2", "TEA-1"]),
        ([{"attr": "weight_kg", "op": "IN", "value": "1"}], ["MUG-2", "TEA-1"]),
        ([{"attr": "sku", "op": "EQ", "value": "TEA-1"}], ["MUG-1", "MUG-2"]),
        (
            [{"attr": "colour", "op": "EQ", "value": "red"}, {"attr": "price", "op": "GT", "value": 100}],
            ["MUG-1", "MUG-2", "TEA-1"],
        ),
    ],
)
def test_filters(api, filters, left):
    """Each operator selects what it says, filters are ANDed, and no filter means the whole catalog."""
    assert sync(api, "REMOVE_MANY", {"filters": filters}).status == 200
    assert list(items(api)) == left


@pytest.mark.parametrize(
    "bad",
    [
        {"attr": "nope", "op": "EQ", "value": 1},
        {"attr": "colour", "op": "LT", "value": "red"},
        {"attr": "price", "op": "IN", "value": ["1"]},
        {"attr": "price", "op": "NE", "value": 1},
    ],
)
def test_filters_that_make_no_sense_are_refused(api, bad):
    """Unknown attributes and operators, text compared by size, and a list for IN get 400."""
    assert sync(api, "REMOVE_MANY", {"filters": [bad]}).status == 400
    assert len(items(api)) == 3


def test_patch_many(api):
    """PATCH_MANY sets price and attributes on all items that match."""
    mugs = [{"attr": "price", "op": "GT", "value": 0}]
    assert sync(api, "PATCH_MANY", {"filters": mugs, "attributes": {"colour": "green"}}).status == 200
    assert sync(api, "PATCH_MANY", {"price": 3}).status == 200
    assert items(api)["MUG-1"] == (3, {"colour": "green", "weight_kg": 1}, "Mug")
    assert items(api)["TEA-1"] == (3, {}, "Tea")


def test_price_adjustments_are_stored(api, emu):
    """ADD_PRICE_ADJUSTMENT is kept with the item in era ``current`` and unknown in era ``seed``."""
    payload = {"sku": "MUG-1", "adjustments": [{"priceType": "member", "referenceId": "r1", "price": 8.5}]}
    assert sync(api, "ADD_PRICE_ADJUSTMENT", payload).status == 200
    stored = next(row for row in emu.state("items")["items"] if row["sku"] == "MUG-1")
    assert stored["adjustments"] == payload["adjustments"]
    emu.reset(era="seed")
    assert sync(api, "ADD_PRICE_ADJUSTMENT", payload).status == 400


def test_one_action_type_a_request(api, emu):
    """Era ``current`` refuses a mix of action types; era ``seed`` took it."""
    body = {"actions": [{"type": "ADD", "payload": {"sku": "A"}}, {"type": "REMOVE", "payload": {"sku": "MUG-1"}}]}
    assert api(SYNC, 1, body=body).status == 400
    assert len(items(api)) == 3
    emu.reset(era="seed")
    assert api(SYNC, 1, body=body).status == 200


def test_a_sku_once_a_request(api, emu):
    """Era ``current`` refuses the same SKU twice; era ``seed`` took it."""
    payloads = [{"sku": "MUG-1", "price": 1}, {"sku": "MUG-1", "price": 2}]
    assert sync(api, "PATCH", *payloads).status == 400
    emu.reset(era="seed")
    assert sync(api, "PATCH", *payloads).status == 200
    assert items(api)["MUG-1"][0] == 2


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1000, 200), (1001, 400)])
def test_a_request_holds_a_thousand_actions(api, count, status):
    """A request may hold 1 to 1,000 actions."""
    assert sync(api, "ADD", *({"sku": f"S{n}"} for n in range(count))).status == status


def test_attributes_are_checked(api):
    """An item attribute must exist and have its type."""
    assert sync(api, "ADD", {"sku": "A", "attributes": {"nope": 1}}).status == 400
    assert sync(api, "ADD", {"sku": "A", "attributes": {"colour": 1}}).status == 400


def test_the_version_counts_up(api):
    """Each sync raises the version by one; the answer shows it."""
    assert sync(api, "REMOVE", {"sku": "MUG-1"}).json["version"] == 2
    assert sync(api, "REMOVE", {"sku": "MUG-2"}, version=2).json["version"] == 3


def test_an_unknown_catalog_is_not_found(api):
    """The sync and the list answer 404 for an unknown catalog."""
    assert api(SYNC, 9, body={"actions": [{"type": "REMOVE", "payload": {"sku": "A"}}]}).status == 404
    assert api("list_catalog_items", 9).status == 404


def test_items_are_listed(api):
    """Items are listed in pages with totals, and filtered by SKU and product name."""
    page = api("list_catalog_items", 1, pageSize=2, skip=1, withTotalResultSize="true").json
    assert [row["sku"] for row in page["data"]] == ["MUG-2", "TEA-1"]
    assert page["totalResultSize"] == 3
    assert [row["sku"] for row in api("list_catalog_items", 1, sku=["TEA-1", "MUG-1"]).json["data"]] == [
        "MUG-1",
        "TEA-1",
    ]
    assert [row["sku"] for row in api("list_catalog_items", 1, productNames="Mug").json["data"]] == ["MUG-1", "MUG-2"]
