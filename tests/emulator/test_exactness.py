"""Numbers keep their digits, ids may hold any character."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon_one_emulator.api import json_text
from talon_one_emulator.domain import timestamps

NUMBERS = [
    "0.1",
    "12345678901234.56",
    "123456789012345678",
    "0.123456789012345678",
    "1e-7",
    "-0",
    "-0.0",
    "1E+30",
    "5",
    "10.00",
]
IDS = [
    "a/b", "a%2Fb", "100%", "a?b=c", "a#b", "a b", "a+b", "ü", "日本", "😀", "a;b", "a&b", "'\"", "\\", "\t", ".a",
    "~", "a:b@c", "x" * 1000,
]  # fmt: skip


def stored_number(text):
    """Return how a number may be printed again: with the same value and sign."""
    value = Decimal(text)
    return str(value), value.is_signed()


@pytest.mark.parametrize("text", NUMBERS)
def test_attribute_numbers_come_back(api, text):
    """A number attribute is read as it was written."""
    body = f'{{"attributes": {{"points_goal": {text}}}}}'.encode()
    assert api("update_customer_profile_v2", "n", data=body).status == 200
    raw = api("get_customer_inventory", "n", profile="true").text
    printed = raw.split('"points_goal":')[1].split("}")[0]
    assert stored_number(printed) == stored_number(text)


@pytest.mark.parametrize("text", ["0.1", "12345678901234.56", "123456789012345678", "0.0000001", "10.00", "1e-7"])
def test_ledger_amounts_come_back_digit_for_digit(api, emu, text):
    """The amount of a row is printed with the very digits that went in."""
    emu.add_transactions([{"card": "card-ben", "amount": text, "name": "exact"}])
    rows = api("get_loyalty_card_transactions", 1, "card-ben", pageSize=50).text
    exact = rows.split('"name":"exact"')[1]
    assert f'"amount":{text},' in exact


def test_sums_are_exact(api, emu):
    """0.1 and 0.2 add up to 0.3, also with fourteen digits before the point."""
    emu.add("cards", {"identifier": "card-sum"})
    emu.add_transactions([{"card": "card-sum", "amount": each} for each in ("0.1", "0.2", "12345678901234.56")])
    assert api("get_loyalty_card_balances", 1, "card-sum").json["balance"]["activePoints"] == Decimal(
        "12345678901234.86"
    )


def test_prices_come_back(api):
    """Prices and totals of catalog and cart keep their digits."""
    payload = {"sku": "A", "price": 12345678901234}
    api("sync_catalog", 1, body={"actions": [{"type": "ADD", "payload": payload}]})
    assert '"price":12345678901234,' in api("list_catalog_items", 1, sku="A").text
    items = b'[{"sku": "B", "quantity": 3, "price": 0.1}]'
    cart = b'{"customerSession": {"cartItems": ' + items + b'}, "responseContent": ["customerSession"]}'
    assert api("update_customer_session_v2", "s", data=cart).json["customerSession"]["total"] == Decimal("0.3")


@pytest.mark.parametrize("name", IDS)
def test_any_integration_id(api, name):
    """A profile is written and read under any id, by path and by body."""
    assert api("update_customer_profile_v2", name, body={"attributes": {"Name": name}}).status == 200
    read = api("get_customer_inventory", name, profile="true").json["profile"]
    assert read["integrationId"] == name
    assert read["attributes"]["Name"] == name
    row = {"action": "add", "profileIntegrationId": name, "audienceId": 1}
    assert api("update_customer_profile_audiences", body={"data": [row]}).status == 204
    assert api("get_audience_memberships", 1, profileQuery=name).json["data"][0]["id"] == read["id"]


def test_a_path_that_is_not_utf8(api):
    """A path that is not UTF-8 gets 400."""
    assert api.send("GET", "/v1/customer_profiles/%FF/inventory", headers=api.key("integration")).status == 400


def test_an_encoded_slash_does_not_end_a_segment(api):
    """Routes are matched before decoding: a%2Finventory is an id, not a path."""
    assert api("get_customer_inventory", "a/inventory").status == 404
    assert api.send("GET", "/v1/customer_profiles//inventory", headers=api.key("integration")).status == 404


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"))
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner), max_leaves=20,
))  # fmt: skip
def test_json_survives_a_round_trip(value):
    """Any JSON value is the same after encoding and decoding, down to the digit."""
    assert json_text.decode(json_text.encode(value)) == value


@given(st.integers(timestamps.parse("0001-01-01"), timestamps.parse("9999-12-31")))
def test_instants_survive_a_round_trip(instant):
    """Any microsecond is the same after printing and parsing."""
    assert timestamps.parse(timestamps.render(instant)) == instant


@pytest.mark.parametrize(
    "text", ["", "2024", "2024-02-30", "2024-01-01T25:00:00Z", "2022-01-02T15:04:05Z07:00", "2024-01-01 00:00:00"]
)
def test_what_is_no_instant(text):
    """Other forms are refused, the vendor's own bad samples included."""
    with pytest.raises(ValueError, match=r"."):
        timestamps.parse(text)
