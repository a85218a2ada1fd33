"""Balances and transactions over HTTP, cards and their links."""

from __future__ import annotations

from decimal import Decimal

import pytest


def test_a_balance_follows_the_ledger_through_time(api, emu):
    """Pending, active, spent and expired change at exactly the instants of the ledger."""
    emu.add("cards", {"identifier": "card-new"})
    emu.add_transactions([
        {"card": "card-new", "amount": "10", "created": "2025-01-01T00:00:00Z", "startDate": "2025-01-02T00:00:00Z",
         "expiryDate": "2025-01-05T00:00:00Z"},
        {"card": "card-new", "amount": "4", "type": "subtraction", "created": "2025-01-03T00:00:00Z"},
    ])  # fmt: skip

    def at(instant):
        found = api("get_loyalty_card_balances", 1, "card-new", endDate=instant).json["balance"]
        return tuple(found[f"{kind}Points"] for kind in ("active", "pending", "spent", "expired", "negative"))

    assert at("2024-12-31T23:59:59.999999Z") == (0, 0, 0, 0, 0)
    assert at("2025-01-01T00:00:00Z") == (0, 10, 0, 0, 0)
    assert at("2025-01-01T23:59:59.999999Z") == (0, 10, 0, 0, 0)
    assert at("2025-01-02T00:00:00Z") == (10, 0, 0, 0, 0)
    assert at("2025-01-03T00:00:00Z") == (6, 0, 4, 0, 0)
    assert at("2025-01-04T23:59:59.999999Z") == (6, 0, 4, 0, 0)
    assert at("2025-01-05T00:00:00Z") == (0, 0, 4, 6, 0)


def test_debt_shows_by_era(api, emu):
    """Era ``current`` has negativePoints; in era ``seed`` activePoints goes below zero."""
    name = "chloé/ö%20"
    current = api("get_loyalty_balances", 2, name).json["balance"]
    assert current["activePoints"] == 0
    assert current["negativePoints"] == Decimal("0.2")
    emu.reset(era="seed")
    seed = api("get_loyalty_balances", 2, name).json["balance"]
    assert seed["activePoints"] == Decimal("-0.2")
    assert "negativePoints" not in seed


def test_subledgers_are_apart(api):
    """The main ledger and a subledger have balances of their own; a filter keeps the subledgers asked for."""
    both = api("get_loyalty_card_balances", 1, "card-ada").json
    assert both["subledgerBalances"]["bonus"]["activePoints"] == Decimal("7.5")
    assert api("get_loyalty_card_balances", 1, "card-ada", subledgerId="other").json["subledgerBalances"] == {}
    assert list(api("get_loyalty_card_balances", 1, "card-ada", subledgerId=["bonus"]).json["subledgerBalances"]) == [
        "bonus"
    ]


def test_card_balances_name_their_profiles(api, emu):
    """Era ``current`` lists the linked profiles of a card, era ``seed`` does not."""
    assert [p["integrationId"] for p in api("get_loyalty_card_balances", 1, "card-ada").json["profiles"]] == ["ada"]
    emu.reset(era="seed")
    assert "profiles" not in api("get_loyalty_card_balances", 1, "card-ada").json


ADA = ("get_loyalty_balances", 2, "ada")


def test_tiers_are_there_only_if_asked_for(api):
    """IncludeTiers adds the current and the next tier, includeProjectedTier the tier at the end of the year."""

    def tier_fields(**query):
        return {name: value for name, value in api(*ADA, **query).json["balance"].items() if "ier" in name}

    api.emulator.clock(freeze="2025-06-01T00:00:00Z")
    assert tier_fields() == tier_fields(includeTiers="false") == {}
    tiers = tier_fields(includeTiers="true")
    assert tiers == {
        "currentTier": {
            "id": 201,
            "name": "Bronze",
            "expiryDate": "2026-01-01T00:00:00.000000Z",
            "downgradePolicy": "balance_based",
        },
        "pointsToNextTier": 58,
        "nextTierName": "Silver",
    }
    projected = {"projectedActivePoints": 42, "stayInTierPoints": 0, "projectedTierName": "Bronze"}
    assert tier_fields(includeProjectedTier="true") == {"projectedTier": projected}
    assert tier_fields(includeTiers="true", includeProjectedTier="true") == {**tiers, "projectedTier": projected}


def test_the_next_tier_of_the_top_tier_is_null(api, emu):
    """At the top nextTierName is null, below the lowest tier there is no current one."""
    emu.add_transactions([{"program": 2, "profile": "ada", "amount": "958"}])
    assert api(*ADA, includeTiers="true").json["balance"]["nextTierName"] is None
    lowest = api("get_loyalty_balances", 2, "chloé/ö%20", includeTiers="true").json["balance"]
    assert lowest["currentTier"] is None
    assert lowest["nextTierName"] == "Bronze"


def test_projected_tiers_leave_out_points_that_expire(api, emu):
    """Points that expire before the end of the year do not count, and stayInTierPoints says what is lacking."""
    emu.clock(freeze="2025-06-01T00:00:00Z")
    row = {"program": 2, "profile": "ada", "amount": 100, "created": "2025-01-01T00:00:00Z"}
    emu.add_transactions([{**row, "expiryDate": "2025-12-01T00:00:00Z"}])
    tier_fields = api(*ADA, includeTiers="true", includeProjectedTier="true").json["balance"]
    assert tier_fields["currentTier"]["name"] == "Silver"
    lacking = {"projectedActivePoints": 42, "stayInTierPoints": 58, "projectedTierName": "Bronze"}
    assert tier_fields["projectedTier"] == lacking


def test_tiers_are_in_inventory_program_and_export(api):
    """The inventory's ledgers, the program and the export of balances name the tiers."""
    program = api("get_customer_inventory", "ada", loyalty="true").json["loyalty"]["programs"]["2"]
    assert program["ledger"]["currentTier"]["name"] == "Bronze"
    assert [tier["name"] for tier in api("get_loyalty_program", 2).json["tiers"]] == ["Bronze", "Silver", "Gold"]
    assert api("get_loyalty_program", 1).json["tiers"] == []


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("get_loyalty_card_balances", (1, "card-none")),
        ("get_loyalty_card_balances", (9, "card-ada")),
        ("get_loyalty_card_transactions", (1, "card-none")),
        ("get_loyalty_balances", (2, "nobody")),
        ("get_loyalty_balances", (9, "ada")),
        ("get_loyalty_program_profile_transactions", (2, "nobody")),
        ("get_loyalty_card", (1, "card-none")),
        ("get_loyalty_program", (9,)),
        ("get_loyalty_program_transactions", (9,)),
        ("get_loyalty_card_transaction_logs", (1, "card-none")),
    ],
)
def test_what_is_not_there_is_not_found(api, operation, path):
    """Unknown programs, cards and profiles give 404."""
    assert api(operation, *path).status == 404


def test_profile_ledgers_of_a_card_program_are_refused(api):
    """A card-based program has no profile ledgers: 400."""
    assert api("get_loyalty_balances", 1, "ada").status == 400


def test_rows_differ_by_era(api, emu):
    """TransactionUUID exists in era ``current`` only."""
    assert "transactionUUID" in api("get_loyalty_card_transactions", 1, "card-ada").json["data"][0]
    emu.reset(era="seed")
    assert "transactionUUID" not in api("get_loyalty_card_transactions", 1, "card-ada").json["data"][0]


def test_the_four_lists_show_a_row_in_their_own_shape(api):
    """The same row carries a card, its rule, its owner or neither, depending on the operation."""

    def row(operation, *path, **query):
        return next(each for each in api(operation, *path, **query).json["data"] if each["id"] == 1)

    card = row("get_loyalty_card_transactions", 1, "card-ada")
    assert card["cardIdentifier"] == "card-ada"
    assert card["ruleName"] == "Hello"
    assert card["startDate"] == "immediate"
    log = row("get_loyalty_card_transaction_logs", 1, "card-ada")
    assert log["cardIdentifier"] == "card-ada"
    assert "ruleName" not in log
    assert row("get_loyalty_program_transactions", 1)["cardIdentifier"] == "card-ada"
    profile = api("get_loyalty_program_profile_transactions", 2, "ada").json["data"][0]
    assert not {"cardIdentifier", "customerProfileId"} & profile.keys()


def test_linking_a_card(api, emu):
    """A card is linked to an existing profile once, up to the program's limit."""
    card = api("link_loyalty_card_to_profile", 1, "card-ada", body={"integrationId": "ben"})
    assert [profile["integrationId"] for profile in card.json["profiles"]] == ["ada", "ben"]
    again = api("link_loyalty_card_to_profile", 1, "card-ada", body={"integrationId": "ben"})
    assert len(again.json["profiles"]) == 2
    assert api("link_loyalty_card_to_profile", 1, "card-ada", body={"integrationId": "nobody"}).status == 404
    emu.add("profiles", *({"integrationId": f"p{n}"} for n in range(4)))
    statuses = [
        api("link_loyalty_card_to_profile", 1, "card-ada", body={"integrationId": f"p{n}"}).status for n in range(4)
    ]
    assert statuses == [200, 200, 200, 400]


def test_listed_cards_never_show_expired_or_spent(api):
    """ExpiredBalance and spentBalance of the card list are always 0, as documented."""
    ledger = api("get_loyalty_cards", 1, identifier="card-ada").json["data"][0]["ledger"]
    assert ledger["expiredBalance"] == 0
    assert ledger["spentBalance"] == 0
    assert ledger["pendingBalance"] == 30


def test_cards_are_listed_in_pages(api):
    """The card list pages, filters by profile and sorts."""
    first = api("get_loyalty_cards", 1, pageSize=1).json
    assert first["hasMore"] is True
    assert first["data"][0]["identifier"] == "card-ada"
    assert api("get_loyalty_cards", 1, pageSize=1, sort="-identifier").json["data"][0]["identifier"] == "card-ben"
    assert [card["identifier"] for card in api("get_loyalty_cards", 1, profileId=2).json["data"]] == ["card-ben"]
    assert api("get_loyalty_cards", 1, sort="colour").status == 400


def test_programs_say_whether_they_are_card_based(api):
    """All programs come in one answer."""
    programs = api("get_loyalty_programs").json
    assert programs["totalResultSize"] == 2
    assert [each["cardBased"] for each in programs["data"]] == [True, False]
    assert api("get_loyalty_program", 2).json["name"] == "profiles"
