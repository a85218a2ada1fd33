"""Writing, erasing and listing customer profiles."""

from __future__ import annotations

import pytest

ONE = "update_customer_profile_v2"
MANY = "update_customer_profiles_v2"


def attributes_of(api, name):
    """A profile's stored attributes."""
    return api("get_customer_inventory", name, profile="true").json["profile"]["attributes"]


def test_attributes_are_merged_and_null_removes(api):
    """An update keeps what it does not name, and a null takes an attribute away."""
    assert api(ONE, "ada", body={"attributes": {"Email": "a@example.test", "newsletter": None}}).status == 200
    assert attributes_of(api, "ada") == {"Name": "Ada", "points_goal": 500, "Email": "a@example.test"}


@pytest.mark.parametrize(
    ("attributes", "pointer"),
    [
        ({"colour": "red"}, "/attributes/colour"),
        ({"Name": 5}, "/attributes/Name"),
        ({"points_goal": "5"}, "/attributes/points_goal"),
        ({"points_goal": True}, "/attributes/points_goal"),
        ({"newsletter": "yes"}, "/attributes/newsletter"),
        ({"birthday": "soon"}, "/attributes/birthday"),
        ({"interests": ["tea", 5]}, "/attributes/interests"),
        ({"a/b~c": 1}, "/attributes/a~1b~0c"),
    ],
)
def test_unknown_and_mistyped_attributes_are_refused(api, attributes, pointer):
    """An attribute the account does not have, or of the wrong type, gives 400 and a pointer; nothing is written."""
    reply = api(ONE, "new", body={"attributes": attributes})
    assert reply.status == 400
    assert reply.pointers == [pointer]
    assert api("get_customer_inventory", "new").status == 404


def test_audience_changes_of_a_profile(api):
    """Adds and deletes take effect; an unknown audience is refused with its place."""
    assert api(ONE, "ada", body={"audiencesChanges": {"adds": [], "deletes": [1]}}).status == 200
    assert api("get_audiences_analytics", audienceIds="1").json["data"] == [{"audienceId": 1, "membersCount": 1}]
    reply = api(ONE, "ada", body={"audiencesChanges": {"adds": [1, 99], "deletes": []}})
    assert reply.status == 400
    assert reply.pointers == ["/audiencesChanges/adds/1"]


@pytest.mark.parametrize(("engine", "name"), [("true", "Ada"), ("false", "Dry")])
def test_dry_works_only_with_the_rule_engine(api, engine, name):
    """dry=true persists nothing with runRuleEngine=true, and is ignored without."""
    assert api(ONE, "ada", body={"attributes": {"Name": "Dry"}}, dry="true", runRuleEngine=engine).status == 200
    assert attributes_of(api, "ada")["Name"] == name


def test_response_content_works_only_with_the_rule_engine(api):
    """The profile comes back if asked for with runRuleEngine=true; effects are empty."""
    body = {"attributes": {"Name": "A"}, "responseContent": ["customerProfile", "loyalty", "triggeredCampaigns"]}
    assert "customerProfile" not in api(ONE, "ada", body=body).json
    answer = api(ONE, "ada", body=body, runRuleEngine="true").json
    assert answer["customerProfile"]["attributes"]["Name"] == "A"
    assert answer["effects"] == []
    assert answer["loyalty"]["cards"][0]["identifier"] == "card-ada"


def test_many_profiles_are_silent_by_default(api):
    """The answer is 204 without a body, or with silent=no 200 with every profile."""
    body = {"customerProfiles": [{"integrationId": "x", "attributes": {"Name": "X"}}, {"integrationId": "ada"}]}
    assert api(MANY, body=body).status == 204
    assert api(MANY, body=body).text == ""
    states = api(MANY, body=body, silent="no").json["integrationStates"]
    assert [state["customerProfile"]["integrationId"] for state in states] == ["x", "ada"]


def test_a_profile_named_twice_gets_both_writes(api):
    """The later row of one request wins."""
    rows = [
        {"integrationId": "x", "attributes": {"Name": "1", "Email": "e"}},
        {"integrationId": "x", "attributes": {"Name": "2"}},
    ]
    api(MANY, body={"customerProfiles": rows})
    assert attributes_of(api, "x") == {"Name": "2", "Email": "e"}


@pytest.mark.parametrize(("count", "status"), [(1000, 204), (1001, 400)])
def test_a_request_holds_a_thousand_profiles(api, count, status):
    """A request with 1,000 items is accepted, one with 1,001 is refused."""
    rows = [{"integrationId": f"p{n}"} for n in range(count)]
    assert api(MANY, body={"customerProfiles": rows}).status == status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"nope",
        b'{"customerProfiles": 5}',
        b'{"customerProfiles": [{"attributes": {}}]}',
        b'{"customerProfiles": [{"integrationId": 5}]}',
        b'{"customerProfiles": [{"integrationId": "a", "attributes": {"points_goal": NaN}}]}',
        b'{"customerProfiles": [{"integrationId": "\xff"}]}',
    ],
)
def test_broken_bodies_are_refused(api, body):
    """A body that is not JSON or breaks the schema gets 400."""
    assert api(MANY, data=body).status == 400


def test_erasing_a_customer(api, emu):
    """Erasing deletes the profile and all attributes; its history stays without a name; a repetition gets 404."""
    session = {"profileId": "ada", "attributes": {"channel": "web"}}
    api("update_customer_session_v2", "s", body={"customerSession": session})
    api("track_event_v2", body={"profileId": "ada", "type": "visit", "attributes": {"page": "home"}})
    api("create_referral", body={"campaignId": 1, "advocateProfileIntegrationId": "ada"})
    assert api("delete_customer_data", "ada").status == 204
    state = emu.state("profiles", "memberships", "card_profiles", "ledger", "sessions", "events", "referrals")
    assert [profile["integration_id"] for profile in state["profiles"]] == ["ben", "chloé/ö%20"]
    assert [row["profile"] for row in state["memberships"] + state["card_profiles"]] == [2, 2]
    assert [row["profile"] for row in state["ledger"] if row["program"] == 2] == [-1, 3, 3]
    assert [(row["profile"], "attributes" in row["body"]) for row in state["sessions"]] == [("", False)]
    assert [(row["profile"], row["attributes"]) for row in state["events"]] == [("", {})]
    assert [row["advocate"] for row in state["referrals"]] == [""]
    assert api("delete_customer_data", "ada").status == 404


def test_a_customer_erased_and_made_again_starts_from_nothing(api, emu):
    """Rows of an erased profile stay in its program without its name; a new profile does not inherit them."""
    before = api("get_loyalty_program_transactions", 2, pageSize=50).json["data"]
    assert api("delete_customer_data", "chloé/ö%20").status == 204
    after = api("get_loyalty_program_transactions", 2, pageSize=50).json["data"]
    assert [row["id"] for row in before] == [row["id"] for row in after]
    assert {row.get("customerProfileId") for row in after} == {"ada", None}
    api("update_customer_profile_v2", "chloé/ö%20", body={})
    assert api("get_loyalty_balances", 2, "chloé/ö%20").json["balance"]["spentPoints"] == 0


def test_an_erased_customer_may_stay_as_an_empty_profile(api, emu):
    """With switch deleted_profile=empty the profile stays, without attributes."""
    emu.switch(deleted_profile="empty")
    assert api("delete_customer_data", "ada").status == 204
    assert api("get_customer_inventory", "ada", profile="true").json["profile"]["attributes"] == {}


def test_inventory_parts_are_opt_in(api):
    """Without flags the inventory is an empty object; each flag adds its part."""
    assert api("get_customer_inventory", "ada").json == {}
    flags = dict.fromkeys(("profile", "loyalty", "referrals", "coupons", "giveaways", "achievements"), "true")
    inventory = api("get_customer_inventory", "ada", **flags).json
    assert inventory.keys() == flags.keys()
    assert inventory["loyalty"]["programs"]["2"]["ledger"]["currentBalance"] == 42
    assert api("get_customer_inventory", "nobody").status == 404


def test_profiles_are_listed(api):
    """Profiles are listed in pages, for the account and per Application."""
    page = api("get_customer_profiles", pageSize=2).json
    assert [row["integrationId"] for row in page["data"]] == ["ada", "ben"]
    assert page["hasMore"] is True
    assert api("get_customer_profiles", sandbox="true").json["data"] == []
    assert [row["id"] for row in api("get_application_customers", 1, integrationId="ben").json["data"]] == [2]
    assert api("get_application_customers", 9).status == 404


def test_totals_are_reported_as_the_era_documents(api, emu):
    """withTotalResultSize: era ``current`` gives the total if true; era ``seed`` if false, and 0 or false otherwise."""
    assert "totalResultSize" not in api("get_application_customers", 1, pageSize=1).json
    assert api("get_application_customers", 1, pageSize=1, withTotalResultSize="true").json["totalResultSize"] == 3
    emu.reset(era="seed")
    with_flag = api("get_application_customers", 1, pageSize=1, withTotalResultSize="true").json
    assert with_flag["hasMore"] is True
    assert with_flag["totalResultSize"] == 0
    without = api("get_application_customers", 1, pageSize=1, withTotalResultSize="false").json
    assert without["hasMore"] is False
    assert without["totalResultSize"] == 3
