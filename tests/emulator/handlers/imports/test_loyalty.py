"""Imports of points, cards, tiers and join dates have the effect that the vendor documents."""

from __future__ import annotations

from decimal import Decimal

import pytest


def upload(api, name, program, text):
    """Upload a text as a file."""
    return api(f"import_loyalty_{name}", program, files={"upFile": ("rows.csv", text)})


def imported(api, program):
    """Return the ledger rows of imports."""
    return api("get_loyalty_program_transactions", program, loyaltyTransactionType="import", pageSize=100).json["data"]


def test_points_are_added_to_what_a_card_has(api):
    """A second import of the same file adds the points again; each row has the id of its import and the reason."""
    before = api("get_loyalty_card_balances", 1, "card-ada").json["balance"]["activePoints"]
    text = "identifier,amount,reason\ncard-ada,10.25,Moved in\n"
    ids = [upload(api, "points", 1, text).json["id"] for _ in range(2)]
    after = api("get_loyalty_card_balances", 1, "card-ada").json["balance"]["activePoints"]
    assert after - before == Decimal("20.50")
    rows = [row for row in imported(api, 1) if row["name"] == "Moved in"]
    assert sorted(row["importId"] for row in rows) == sorted(ids)
    assert {row["cardIdentifier"] for row in rows} == {"card-ada"}


def test_points_have_their_dates_and_their_subledger(api):
    """Points with a later start are pending, and those with an expiry end then."""
    text = (
        "identifier,amount,startdate,expirydate,subledgerid\ncard-ada,7,2030-01-01T00:00:00Z,2031-01-01T00:00:00Z,s\n"
    )
    assert upload(api, "points", 1, text).status == 200

    def at(instant):
        found = api("get_loyalty_card_balances", 1, "card-ada", endDate=instant, subledgerId="s").json
        balance = found["subledgerBalances"]["s"]
        return balance["pendingPoints"], balance["activePoints"], balance["expiredPoints"]

    assert at("2029-12-31T00:00:00Z") == (7, 0, 0)
    assert at("2030-06-01T00:00:00Z") == (0, 7, 0)
    assert at("2031-06-01T00:00:00Z") == (0, 0, 7)


def test_points_create_a_missing_profile_that_is_not_visible(api, emu):
    """A profile-based program takes any profile; a new one is visible after a profile update."""
    assert upload(api, "points", 2, "customerprofileid,amount\nnewcomer,3\n").status == 200
    assert api("get_loyalty_balances", 2, "newcomer").json["balance"]["activePoints"] == 3
    (row,) = [row for row in emu.state("profiles")["profiles"] if row["integration_id"] == "newcomer"]
    assert row["visible"] == 0


@pytest.mark.parametrize("amount", ["0", "-1", "", "true", "1,5"])
def test_an_amount_must_be_above_0(api, amount):
    """Anything that is no number above 0 is a bad line."""
    assert upload(api, "points", 1, f'identifier,amount\ncard-ada,"{amount}"\n').status == 400


def test_cards_come_with_profiles_and_attributes(api, emu):
    """Profiles are separated by semicolons; the export shows attributes, and the batch is the import."""
    emu.add("attributes", {"entity": "LoyaltyCard", "name": "shop", "type": "string"})
    text = 'identifier,state,customerprofileids,attributes\ncard-new,inactive,ada;ben,"{""shop"":""Lisbon""}"\n'
    number = upload(api, "cards", 1, text).json["id"]
    (card,) = api("get_loyalty_cards", 1, identifier="card-new").json["data"]
    assert [one["integrationId"] for one in card["profiles"]] == ["ada", "ben"]
    assert card["status"] == "inactive"
    assert card["batchId"] == f"import-{number}"
    assert "Lisbon" in api("export_loyalty_cards", 1).text


@pytest.mark.parametrize(
    "line", ["abc,active,,", "card-x,lost,,", "card-x,active,nobody,", 'card-x,active,,"{""a"":1}"']
)
def test_a_card_that_breaks_a_rule_is_refused(api, line):
    """An identifier that is too short, an unknown state, profile or attribute is a bad line."""
    text = f"identifier,state,customerprofileids,attributes\n{line}\n"
    assert upload(api, "cards", 1, text).status == 400


def test_an_imported_tier_is_held_until_it_expires(api, emu):
    """The tier counts whatever the points are; after its expiry the points decide again."""
    emu.clock(freeze="2026-01-01T00:00:00Z")
    text = "customerprofileid,tiername,expirydate\nada,Gold,2026-07-01T00:00:00Z\n"
    assert upload(api, "customers_tiers", 2, text).status == 200

    def tier():
        return api("get_loyalty_balances", 2, "ada", includeTiers="true").json["balance"]["currentTier"]

    assert tier()["name"] == "Gold"
    assert tier()["expiryDate"] == "2026-07-01T00:00:00.000000Z"
    assert ",Gold" in api("export_loyalty_balances", 2).text
    emu.clock(freeze="2026-07-01T00:00:00Z")
    assert tier()["name"] == "Bronze"
    emu.clock(reset=True)


def test_a_tier_must_end_in_the_future(api, emu):
    """An expiry that has passed is a bad line."""
    emu.clock(freeze="2026-01-01T00:00:00Z")
    text = "customerprofileid,tiername,expirydate\nada,Gold,2026-01-01T00:00:00Z\n"
    assert upload(api, "customers_tiers", 2, text).status == 400
    emu.clock(reset=True)


def test_a_join_date_is_replaced(api):
    """The inventory of a profile shows the date of the last import."""
    for year in (2019, 2020):
        assert (
            upload(api, "join_dates", 2, f"customerprofileid,newjoindate\nada,{year}-05-01T00:00:00Z\n").status == 200
        )
    loyalty = api("get_customer_inventory", "ada", loyalty="true").json["loyalty"]
    assert loyalty["programs"]["2"]["joinDate"] == "2020-05-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("name", "program", "heading"),
    [
        ("cards", 2, "identifier,state"),
        ("customers_tiers", 1, "customerprofileid,tiername"),
        ("join_dates", 1, "customerprofileid,newjoindate"),
    ],
)
def test_the_kind_of_program_counts(api, name, program, heading):
    """Cards need a card-based program, tiers and join dates a profile-based one."""
    assert upload(api, name, program, f"{heading}\n").status == 400
