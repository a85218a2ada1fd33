"""Path and query parameters are checked against the endpoint table."""

from __future__ import annotations

import re

import pytest

from talon_one_client import endpoints
from talon_one_emulator.api.params import query_values
from talon_one_emulator.control.switches import Switches

CARD = "get_loyalty_card_transactions"
PROFILE = "get_loyalty_program_profile_transactions"


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("pageSize", "0"),
        ("pageSize", "-1"),
        ("pageSize", "ten"),
        ("pageSize", "1001"),
        ("skip", "-1"),
        ("skip", "1.5"),
        ("startDate", "yesterday"),
        ("startDate", "2024-01-01T00:00:00 07:00"),
        ("endDate", "2024-13-01"),
        ("loyaltyTransactionType", "other"),
        ("awaitsActivation", "false"),
        ("awaitsActivation", "maybe"),
    ],
)
def test_bad_query_parameters_are_named(api, parameter, value):
    """A bad query parameter gives 400 and its name."""
    reply = api(CARD, 1, "card-ada", **{parameter: value})
    assert reply.status == 400
    assert reply.json["errors"][0]["source"] == {"parameter": parameter}


def test_an_unencoded_plus_is_a_space(api):
    """A + that is not percent-encoded arrives as a space, as on any server."""
    path = "/v1/loyalty_programs/1/cards/card-ada/transactions?startDate=2024-01-01T00:00:00+07:00"
    assert api.send("GET", path, headers=api.key("integration")).status == 400
    assert api.send("GET", path.replace("+", "%2B"), headers=api.key("integration")).status == 200


@pytest.mark.parametrize(
    "text", ["2025-01-10", "2025-01-10T00:00:00", "2025-01-10T02:00:00+02:00", "2025-01-10T00:00:00.0Z"]
)
def test_query_dates_may_leave_out_time_and_zone(api, text):
    """The time of a query date defaults to midnight, and its zone to UTC."""
    rows = api(CARD, 1, "card-ada", startDate=text, endDate="2025-01-11").json["data"]
    assert [row["id"] for row in rows] == [1]


@pytest.mark.parametrize(("identifier", "status"), [("abc", 400), ("x" * 109, 400), ("x" * 108, 404)])
def test_card_identifiers_are_bounded(api, identifier, status):
    """A card identifier has 4 to 108 characters in era ``current``."""
    assert api("get_loyalty_card_balances", 1, identifier).status == status


def test_card_identifiers_had_no_minimum(api, seed_era):
    """Era ``seed`` knows no minimum length."""
    assert api("get_loyalty_card_balances", 1, "abc").status == 404


def test_an_id_that_is_no_integer_is_refused(api):
    """A program id must be an integer."""
    assert api("get_loyalty_card_balances", "one", "card-ada").status == 400


@pytest.fixture
def many_rows(emu):
    """Insert 1,050 rows on a card and on a profile."""
    emu.reset("synthetic", cards=1, transactions=1050, profile_transactions=1050)


@pytest.mark.parametrize(
    ("era", "operation", "owner", "query", "rows"),
    [
        ("seed", CARD, "card-000001", {}, 1000),
        ("current", CARD, "card-000001", {}, 50),
        ("current", CARD, "card-000001", {"pageSize": 1000}, 1000),
        ("seed", PROFILE, "profile-000001", {}, 50),
        ("current", PROFILE, "profile-000001", {}, 50),
        ("current", PROFILE, "profile-000001", {"pageSize": 1000}, 1000),
    ],
)
def test_page_sizes_follow_the_era(api, emu, many_rows, *, era, operation, owner, query, rows):
    """Default and largest page differ between the eras."""
    emu.reset(era=era)
    program = 1 if operation == CARD else 2
    reply = api(operation, program, owner, **query)
    assert len(reply.json["data"]) == rows
    assert reply.json["hasMore"] is True


def test_the_profile_list_was_capped_at_50(api, emu, many_rows):
    """Era ``seed`` refuses more than 50 on profile transactions."""
    emu.reset(era="seed")
    assert api(PROFILE, 2, "profile-000001", pageSize=51).status == 400


def test_parameters_of_the_current_era_are_ignored_before(api, seed_era):
    """Era ``seed`` does not know awaitsActivation, so it cannot refuse it."""
    assert api(CARD, 1, "card-ada", awaitsActivation="false", loyaltyTransactionType="x").status == 200


def test_pages_cover_every_row_once(api, emu, many_rows):
    """Skip and pageSize walk through the whole list in one consistent order."""
    seen = []
    more = True
    while more:
        page = api(CARD, 1, "card-000001", pageSize=100, skip=len(seen)).json
        seen += [row["id"] for row in page["data"]]
        more = page["hasMore"]
    assert len(seen) == 1050 == len(set(seen))


def test_without_parameters_the_most_recent_rows_come(api, emu, many_rows):
    """As documented, a request without filters returns the last 50 rows."""
    rows = api(CARD, 1, "card-000001").json["data"]
    everything = sorted(row["created"] for row in api(CARD, 1, "card-000001", pageSize=1000, skip=50).json["data"])
    assert sorted(row["created"] for row in rows)[0] > everything[900]


def test_filters_select_rows(api):
    """Subledger, kind, session, UUID and awaitsActivation each select their rows."""

    def ids(**query):
        return sorted(row["id"] for row in api(CARD, 1, "card-ada", **query).json["data"])

    uuid = api(CARD, 1, "card-ada", subledgerId="bonus").json["data"][0]["transactionUUID"]
    assert ids(subledgerId="bonus") == [4]
    assert ids(subledgerId=["bonus", ""]) == [1, 2, 3, 4]
    assert ids(subledgerId="") == [1, 2, 3]
    assert ids(loyaltyTransactionType="import") == [4]
    assert ids(customerSessionIDs="order-1") == [1]
    assert ids(transactionUUIDs=[uuid]) == [4]
    assert [row["id"] for row in api(CARD, 1, "card-ben", awaitsActivation="true").json["data"]] == [6]


NEW = [endpoint for endpoint in endpoints.ALL if endpoint.since == "current"]


@pytest.mark.parametrize("endpoint", NEW, ids=lambda each: each.name)
def test_operations_of_the_current_era_were_not_there_before(api, emu, endpoint):
    """Era ``seed`` answers 404 to an operation that came later, as to any path it does not know."""
    path = re.sub(r"\{\w+\}", "1", endpoint.path)
    values = {"audienceIds": "1", "rangeStart": "2025-01-01", "rangeEnd": "2025-02-01"}
    params = {param.name: values[param.name] for param in endpoint.query if param.required}
    options = {"headers": api.key(endpoint.api), "params": params}
    now = api.send(endpoint.method, path, **options)
    assert now.status in (200, 400, 404)
    assert "no such path" not in now.text
    emu.reset(era="seed")
    before = api.send(endpoint.method, path, **options)
    assert before.status in (404, 405)  # 405: a path that era seed has, with another method


def test_operations_that_came_later():
    """Fourteen operations of the Management API and 13 of the Integration API are missing in the documents of 2023."""
    assert 13 == sum(endpoint.api == "integration" for endpoint in NEW)
    assert {
        "exportLoyaltyCards",
        "getAudiencesAnalytics",
        "getAudienceMemberships",
        "exportAudiencesMemberships",
        "importAudiencesMemberships",
        "exportCustomersTiers",
        "exportLoyaltyJoinDates",
        "exportAchievementV2",
        "exportPoolGiveaways",
        "getDashboardStatistics",
        "listAchievementsV2",
        "listStores",
        "importLoyaltyCustomersTiers",
        "importLoyaltyJoinDates",
    } == {endpoint.operation_id for endpoint in NEW if endpoint.api == "management"}


BOOLEANS = [(each, param) for each in endpoints.ALL for param in each.query if param.type == "boolean"]
INSTANTS = [(each, param) for each in endpoints.ALL for param in each.query if param.format == "date-time"]


@pytest.mark.parametrize("text", ["true", "True", "1"])
@pytest.mark.parametrize(("endpoint", "param"), BOOLEANS, ids=lambda each: each.name)
def test_every_boolean_takes_the_spelling_of_the_vendors_sdks(endpoint, param, text):
    """The vendor's Python SDKs up to 9.0.0 send True and False, capitalized, in queries."""
    query = f"audienceIds=1&{param.name}={text}".encode()
    assert query_values(endpoint.name, query, "current", Switches())[param.name] is True


@pytest.mark.parametrize("zone", ["Z", "%2B00:00", "%2B0000", "-0130", ""])
@pytest.mark.parametrize(("endpoint", "param"), INSTANTS, ids=lambda each: each.name)
def test_every_instant_takes_the_spelling_of_the_vendors_sdks(endpoint, param, zone):
    """The vendor's Python SDK 26.2 sends aware instants with a zone without colon."""
    others = "".join(f"&{each.name}=2024-01-01" for each in endpoint.query if each.required and each != param)
    query = f"{param.name}=2024-01-02T00:00:00.000000{zone}{others}".encode()
    late = 90 * 60 * 1_000_000 if zone == "-0130" else 0
    assert query_values(endpoint.name, query, "current", Switches())[param.name] == 1_704_153_600_000_000 + late
