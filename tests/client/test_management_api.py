"""The operations of the Management API against the emulator."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from talon_one_client.endpoints import ALL


def table(text):
    """A CSV file as dicts."""
    return list(csv.DictReader(io.StringIO(text.decode())))


def ids(answer, name="id"):
    """A field of all rows of an answer."""
    return [row[name] for row in answer["data"]]


def test_loyalty_programs(checked):
    """All programs and one of them are returned."""
    assert [1, 2] == ids(checked.get_loyalty_programs())
    assert "cards" == checked.get_loyalty_program(1)["name"]


def test_loyalty_cards(checked):
    """Cards are returned by page, by filter and one by one."""
    assert ["card-ada", "card-ben"] == sorted(ids(checked.get_loyalty_cards(1), "identifier"))
    assert 1 == len(checked.get_loyalty_cards(1, page_size=1, skip=1)["data"])
    assert ["card-ben"] == ids(checked.get_loyalty_cards(1, identifier="card-ben"), "identifier")
    assert "card-ada" == checked.get_loyalty_card(1, "card-ada")["identifier"]


def test_loyalty_program_transactions(checked):
    """The ledger of a program is returned."""
    assert 6 == len(checked.get_loyalty_program_transactions(1, page_size=50)["data"])
    bounds = {"start_date": "2025-02-01T00:00:00Z", "end_date": "2025-02-02T00:00:00Z"}
    found = checked.get_loyalty_program_transactions(1, **bounds)["data"]
    assert [Decimal("20.25")] == [row["amount"] for row in found]
    assert ["bonus"] == ids(checked.get_loyalty_program_transactions(1, subledger_id="bonus"), "subledgerId")


def test_loyalty_card_transaction_logs(checked):
    """The ledger of a card is returned in the shape of the Management API."""
    assert 4 == len(checked.get_loyalty_card_transaction_logs(1, "card-ada", page_size=1000)["data"])
    assert ["bonus"] == ids(
        checked.get_loyalty_card_transaction_logs(1, "card-ada", subledger_id="bonus"), "subledgerId"
    )


def test_exports_of_balances_and_cards(checked):
    """Exports of balances and cards return CSV files as bytes."""
    at = "2025-03-01T00:00:00Z"
    cards = table(checked.export_loyalty_card_balances(1, end_date=at))
    assert ["80.25", "7.50"] == [row["currentBalance"] for row in cards if row["cardIdentifier"] == "card-ada"]
    profiles = table(checked.export_loyalty_balances("profiles", end_date=at))
    assert {"ada": "42.00", "chloé/ö%20": "-0.20"} == {r["profileIntegrationID"]: r["currentBalance"] for r in profiles}


def test_applications(checked):
    """The Applications are returned, with their customers and sessions."""
    checked.update_customer_session_v2("order-7", {"customerSession": {"profileId": "ben"}})
    assert [1] == ids(checked.get_applications(page_size=10))
    assert ["ben"] == ids(checked.get_application_customers(1, integration_id="ben"), "integrationId")
    assert ["order-7"] == ids(checked.get_application_sessions(1, profile="ben", state="open"), "integrationId")
    assert [] == ids(checked.get_application_sessions(1, created_before="2020-01-01"))


def test_customer_profiles(checked):
    """The profiles of the account are returned."""
    assert ["ada", "ben", "chloé/ö%20"] == sorted(ids(checked.get_customer_profiles(), "integrationId"))
    assert [] == ids(checked.get_customer_profiles(sandbox=True))


def test_audiences(checked):
    """Audiences are returned with and without a total."""
    assert [1] == ids(checked.get_audiences()) == ids(checked.get_audiences(with_total_result_size=True))


def test_audiences_in_the_current_era(emu, client_of):
    """Members, their count, and members by a part of their id are returned."""
    client = client_of(emu.url, checked=True)
    assert ["ada", "ben"] == ids(client.get_audience_memberships(1), "integrationId")
    assert ["ben"] == ids(client.get_audience_memberships(1, profile_query="be"), "integrationId")
    assert [{"audienceId": 1, "membersCount": 2}] == client.get_audiences_analytics(audience_ids="1")["data"]


def test_cards_as_csv_in_the_current_era(emu, client_of):
    """The list of cards is returned as CSV."""
    listed = table(client_of(emu.url, checked=True).export_loyalty_cards(1, date_format="ISO8601"))
    assert ["card-ada", "card-ben"] == [row["identifier"] for row in listed]


def test_memberships_as_csv_in_the_current_era(emu, client_of):
    """An import replaces the members, and an export shows them."""
    client = client_of(emu.url, checked=True)
    column = next(iter(table(client.export_audiences_memberships(1))[0]))
    client.import_audiences_memberships(1, f"{column}\nchloé/ö%20\n".encode())
    assert [{column: "chloé/ö%20"}] == table(client.export_audiences_memberships(1))


def test_catalog_items(checked):
    """Items of a catalog are returned, all of them and by SKU."""
    assert ["MUG-1", "MUG-2", "TEA-1"] == sorted(ids(checked.list_catalog_items(1), "sku"))
    assert ["MUG-2", "TEA-1"] == sorted(ids(checked.list_catalog_items(1, sku=["TEA-1", "MUG-2"]), "sku"))


def test_attributes(checked):
    """Attributes of the account are returned by entity."""
    found = ids(checked.get_attributes(entity="CartItem"), "name")
    assert ["colour", "weight_kg"] == sorted(found)


def test_attributes_by_type(client):
    """The query parameter ``type`` is ``attribute_type`` in Python."""
    assert ["points_goal", "weight_kg"] == sorted(ids(client.get_attributes(attribute_type="number"), "name"))


EVENT = {"type": "order", "created": "2026-01-02T00:00:00Z"}
LISTS = {
    "get_campaigns": ((1,), "name", ["Campaign"]),
    "get_application_events_without_total_count": ((1,), "type", ["order"]),
    "get_coupons_without_total_count": ((1, 1), "value", ["NEW"]),
    "get_referrals_without_total_count": ((1, 1), "code", []),
    "list_achievements_v2": ((), "name", ["Ten"]),
    "list_stores": ((1,), "integrationId", ["lx"]),
    "list_account_collections": ((), "name", ["Teas"]),
    "list_collections_in_application": ((1,), "name", ["Mugs"]),
    "get_collection_items": ((1,), "item", ["mint"]),
    "get_changes": ((), "entity", ["campaign"]),
}
EXPORTS = {
    "export_account_collection_items": ((1,), "item", ["mint"]),
    "export_collection_items": ((1, 1, 2), "item", []),
    "export_coupons": ((1,), "value", ["NEW"]),
    "export_referrals": ((1,), "code", []),
    "export_effects": ((1,), "campaignid", ["1"]),
    "export_customer_sessions": ((1,), "integrationid", ["order-1"]),
    "export_customers_tiers": (("2",), "customerprofileid", []),
    "export_loyalty_join_dates": (("2",), "customerprofileid", []),
    "export_achievement_v2": ((1,), "profileid", []),
    "export_pool_giveaways": ((3,), "code", ["G1"]),
}


@pytest.fixture
def shop(emu, client_of):
    """A client of an account with something in every list."""
    emu.reset("empty", era="current")
    emu.add("coupons", {"value": "NEW"})
    emu.add("events", {**EVENT, "effects": [{"effectType": "acceptCoupon"}]})
    emu.add("achievements", {"name": "Ten", "target": 10})
    emu.add("stores", {"name": "Lisbon", "integrationId": "lx"})
    emu.add("collections", {"name": "Teas", "items": ["mint"]}, {"name": "Mugs", "campaignId": 1})
    emu.add("giveaways", {"pool": 3, "code": "G1"})
    emu.add("changes", {"entity": "campaign"})
    client = client_of(emu.url, checked=True)
    client.update_customer_session_v2("order-1", {"customerSession": {"profileId": "ada"}})
    return client


def test_every_read_of_the_management_api_has_a_test_here():
    """Each operation with GET is called in this file."""
    here = Path(__file__).read_text(encoding="utf-8")
    assert [] == [one.name for one in ALL if (one.api, one.method) == ("management", "GET") and one.name not in here]


def test_lists_and_exports_of_promotions(shop):
    """Each typed method returns the rows that the emulator holds."""
    listed = {name: ids(getattr(shop, name)(*arguments), field) for name, (arguments, field, _) in LISTS.items()}
    assert {name: expected for name, (_, _, expected) in LISTS.items()} == listed
    files = {name: table(getattr(shop, name)(*arguments)) for name, (arguments, _, _) in EXPORTS.items()}
    assert {name: [row[EXPORTS[name][1]] for row in rows] for name, rows in files.items()} == {
        name: expected for name, (_, _, expected) in EXPORTS.items()
    }
    days = {"range_start": "2026-01-01T00:00:00Z", "range_end": "2026-01-03T00:00:00Z"}
    assert ["2026-01-02"] == [row["date"][:10] for row in shop.get_campaign_analytics(1, 1, **days)["data"]]
    assert [] == shop.get_dashboard_statistics(1, **days)["data"]
    assert ["order"] == ids(shop.get_event_types(), "name")


@pytest.mark.parametrize("prefix", ["", "ManagementKey-v1 ", "Bearer "])
def test_a_session_token_works_as_management_key(emu, client_of, prefix):
    """The management key may come with its scheme, or be a session token."""
    client = client_of(emu.url, management_key=prefix + emu.management_key, api_key=None)
    assert [1, 2] == ids(client.get_loyalty_programs())
