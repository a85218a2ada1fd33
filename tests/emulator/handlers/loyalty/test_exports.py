"""CSV exports and the account lists."""

from __future__ import annotations

import pytest

CARD_LINE = "1,,card-ada,active,80.25,30.00,0.00,20.25"


def test_card_balances(api):
    """The export has the documented columns, one row per subledger, and two decimals, at any instant."""
    reply = api("export_loyalty_card_balances", 1, endDate="2025-02-01T12:00:00Z")
    assert reply.headers["Content-Type"] == "application/csv"
    assert reply.text.splitlines() == [
        "loyaltyProgramID,loyaltySubledger,cardIdentifier,cardState,currentBalance,pendingBalance,expiredBalance,spentBalance",
        "1,,card-ada,active,80.25,0.00,0.00,20.25",
        "1,bonus,card-ada,active,0.00,0.00,0.00,0.00",
        "1,,card-ben,active,0.00,0.00,0.00,0.00",
    ]
    assert api("export_loyalty_card_balances", 2).status == 400
    assert api("export_loyalty_card_balances", 9).status == 400


def test_customer_balances(api):
    """The export of profile balances has the documented columns; the program can be named by its name."""
    lines = api("export_loyalty_balances", "profiles").text.splitlines()
    assert lines == [
        "loyaltyProgramID,loyaltySubledger,profileIntegrationID,currentBalance,pendingBalance,expiredBalance,spentBalance,currentTier",
        "2,,ada,42.00,0.00,0.00,0.00,Bronze",
        "2,,chloé/ö%20,-0.20,0.00,0.00,0.30,",
    ]
    assert api("export_loyalty_balances", 1).status == 400


@pytest.mark.parametrize("era", ["current", "seed"])
def test_only_the_balances_asked_for_are_filled(api, emu, era):
    """Columns that ``balances`` does not list are empty, but for the current one; era ``seed`` knows no such filter."""
    emu.reset(era=era)
    query = {"balances": "spentBalance,pendingBalance", "endDate": "2025-03-01T00:00:00Z"}
    line = api("export_loyalty_card_balances", 1, **query).text.splitlines()[1]
    assert line == ("1,,card-ada,active,80.25,30.00,,20.25" if era == "current" else CARD_LINE)
    line = api("export_loyalty_balances", 2, **query).text.splitlines()[2]
    assert line == ("2,,chloé/ö%20,-0.20,0.00,,0.30," if era == "current" else "2,,chloé/ö%20,-0.20,0.00,0.00,0.30,")


def test_balances_that_are_not_known_are_refused(api):
    """Unknown names give 400 and the names that are known; negativeBalance is known for profiles only."""
    refused = api("export_loyalty_card_balances", 1, balances="currentBalance,negativeBalance")
    assert refused.status == 400
    assert refused.json["errors"][0]["source"] == {"parameter": "balances"}
    known = "currentBalance, pendingBalance, expiredBalance, spentBalance"
    assert refused.json["errors"][0]["details"].endswith(f"'negativeBalance' is not one of {known}")
    assert api("export_loyalty_balances", 2, balances="negativeBalance").status == 200
    assert api("export_loyalty_balances", 2, balances="other").status == 400


def test_cards(api, emu):
    """The export of cards has the documented columns, linked profiles in brackets, and dates in two formats."""
    emu.clock(freeze="2025-05-01T10:00:00Z")
    emu.add("cards", {"identifier": "card-x", "profiles": ["ada", "ben"], "batchId": "b1"})
    header, line = api("export_loyalty_cards", 1, batchId="b1").text.splitlines()
    assert (
        header
        == "identifier,created,status,userpercardlimit,customerprofileids,blockreason,generated,batchid,attributes"
    )
    assert line == "card-x,2025-05-01 10:00:00,active,5,\"['ada', 'ben']\",,,b1,{}"
    iso = api("export_loyalty_cards", 1, batchId="b1", dateFormat="ISO8601").text.splitlines()[1]
    assert iso.startswith("card-x,2025-05-01T10:00:00.000000Z,")
    assert len(api("export_loyalty_cards", 1, createdBefore="2025-05-01").text.splitlines()) == 1
    assert len(api("export_loyalty_cards", 1, createdBefore="2025-05-02").text.splitlines()) == 2


def test_attributes(api):
    """The registry is listed, filtered and paged."""
    names = [row["name"] for row in api("get_attributes", entity="CustomerProfile").json["data"]]
    assert names == ["Name", "Email", "birthday", "points_goal", "newsletter", "interests"]
    assert [row["eventType"] for row in api("get_attributes", entity="Event").json["data"]] == ["visit"]
    assert [row["name"] for row in api("get_attributes", type="number", sort="-name").json["data"]] == [
        "weight_kg",
        "points_goal",
    ]
    assert [row["name"] for row in api("get_attributes", search="COL").json["data"]] == ["colour"]
    assert api("get_attributes", kind="builtin").json == {"totalResultSize": 0, "data": []}
    page = api("get_attributes", pageSize=2, skip=1).json
    assert page["totalResultSize"] == 11
    assert [row["name"] for row in page["data"]] == ["Email", "birthday"]


def test_applications(api):
    """The list of Applications holds one, with its programs."""
    found = api("get_applications").json
    assert found["totalResultSize"] == 1
    assert len(found["data"][0]["loyaltyPrograms"]) == 2
