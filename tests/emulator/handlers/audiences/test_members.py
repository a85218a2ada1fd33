"""Audiences and their members."""

from __future__ import annotations

import pytest

MEMBERS = "update_customer_profile_audiences"


def members(api, audience=1):
    """Return the integration ids of an audience's members."""
    return [row["integrationId"] for row in api("get_audience_memberships", audience).json["data"]]


def change(action, profile, audience=1):
    """Return one membership action."""
    return {"action": action, "profileIntegrationId": profile, "audienceId": audience}


def test_an_audience_lives_and_dies(api):
    """An audience can be created, renamed, listed and deleted, and is not found afterward."""
    made = api("create_audience_v2", body={"name": "New", "integration": "crm", "integrationId": "new"})
    assert made.status == 201
    assert made.json["name"] == "New"
    assert made.json["integrationId"] == "new"
    audience = made.json["id"]
    assert api("update_audience_v2", audience, body={"name": "Newer"}).json["name"] == "Newer"
    assert [row["name"] for row in api("get_audiences", sort="-id").json["data"]] == ["Newer", "VIP"]
    assert api("delete_audience_v2", audience).status == 204
    assert api("delete_audience_v2", audience).status == 404
    assert api("update_audience_v2", audience, body={"name": "x"}).status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"integration": "crm", "integrationId": "vip"}, 409),
        ({"integration": "other", "integrationId": "vip"}, 201),
        ({"integrationId": "vip"}, 201),
        ({}, 201),
    ],
)
def test_an_integration_id_is_unique_within_its_integration(api, body, status):
    """The same integration and integrationId gives 409; without one there is no natural key."""
    assert api("create_audience_v2", body={"name": "VIP", **body}).status == status


def test_memberships_change(api):
    """Adds and deletes of one request apply; doing it again changes nothing."""
    body = {"data": [change("add", "chloé/ö%20"), change("delete", "ada"), change("delete", "nobody")]}
    for _ in range(2):
        assert api(MEMBERS, body=body).status == 204
        assert members(api) == ["ben", "chloé/ö%20"]


def test_an_add_creates_a_profile_that_stays_hidden(api, emu):
    """The missing profile is in the audience at once, in the lists only after a write of its own."""
    assert api(MEMBERS, body={"data": [change("add", "ghost")]}).status == 204
    assert "ghost" in members(api)
    assert api("get_application_customers", 1, integrationId="ghost").json["data"] == []
    api("update_customer_profile_v2", "ghost", body={})
    assert len(api("get_application_customers", 1, integrationId="ghost").json["data"]) == 1
    emu.reset(era="seed")
    api(MEMBERS, body={"data": [change("add", "ghost")]})
    assert len(api("get_application_customers", 1, integrationId="ghost").json["data"]) == 1


def test_a_delete_creates_nothing(api, emu):
    """Removing an unknown profile from an audience creates no profile."""
    api(MEMBERS, body={"data": [change("delete", "ghost")]})
    assert len(emu.state("profiles")["profiles"]) == 3


def test_an_unknown_audience_is_not_found(api, emu):
    """An unknown audience gets 404, and with the default switch nothing of the request is applied."""
    assert api(MEMBERS, body={"data": [change("delete", "ada"), change("add", "ada", 99)]}).status == 404
    assert members(api) == ["ada", "ben"]


@pytest.mark.parametrize(("count", "status"), [(1000, 204), (1001, 400)])
def test_a_request_holds_a_thousand_actions(api, count, status):
    """A request with 1,000 actions is accepted, and one with 1,001 is refused."""
    assert api(MEMBERS, body={"data": [change("add", f"p{n}") for n in range(count)]}).status == status


def test_remove_is_not_an_action(api):
    """The actions are add and delete; remove, which the vendor's text mentions, is refused."""
    assert api(MEMBERS, body={"data": [change("remove", "ada")]}).status == 400


def test_attributes_of_all_members_are_set(api):
    """The body is the bare map; members get it, others do not."""
    assert api("update_audience_customers_attributes", 1, body={"points_goal": 7}).status == 204
    goals = [row["attributes"].get("points_goal") for row in api("get_customer_profiles").json["data"]]
    assert goals == [7, 7, None]
    assert api("update_audience_customers_attributes", 1, body={"nope": 7}).pointers == ["/nope"]
    assert api("update_audience_customers_attributes", 99, body={}).status == 404


def test_an_audience_is_emptied(api):
    """deleteAudienceMembershipsV2 removes every member and keeps the audience."""
    assert api("delete_audience_memberships_v2", 1).status == 204
    assert members(api) == []
    assert api("delete_audience_memberships_v2", 99).status == 404


def test_memberships_are_exported_and_imported(api):
    """The export has one documented column; an import replaces the members and creates missing profiles."""
    export = api("export_audiences_memberships", 1)
    assert export.text == "profileintegrationid\nada\nben\n"
    assert export.headers["Content-Type"] == "application/csv"
    upload = {"upFile": ("members.csv", "profileintegrationid\nben\nnew one\n")}
    reply = api("import_audiences_memberships", 1, files=upload)
    assert reply.status == 200
    assert reply.json["amount"] == 2
    assert members(api) == ["ben", "new one"]


@pytest.mark.parametrize("content", ["", "other\nben\n", b"profileintegrationid\n\xff\n"])
def test_a_broken_import_is_refused(api, content):
    """A file without the column, or not in UTF-8, gives 400 and changes nothing."""
    assert api("import_audiences_memberships", 1, files={"upFile": ("members.csv", content)}).status == 400
    assert members(api) == ["ada", "ben"]


def test_an_import_wants_a_file(api):
    """A body that is not multipart gives 400."""
    assert api("import_audiences_memberships", 1, data=b"profileintegrationid\n").status == 400


def test_member_counts(api):
    """The counts of the requested audiences are returned; an invalid audienceIds gets 400."""
    assert api("get_audiences_analytics", audienceIds="1,99").json["data"] == [{"audienceId": 1, "membersCount": 2}]
    assert api("get_audiences_analytics", audienceIds="one").status == 400
    assert api("get_audiences_analytics").status == 400
    assert api("get_audiences_analytics", audienceIds=",".join(["1"] * 1001)).status == 400


def test_memberships_are_paged_and_searched(api):
    """Memberships can be paged, sorted in descending order, and searched by a part of the integration id."""
    page = api("get_audience_memberships", 1, pageSize=1).json
    assert [row["integrationId"] for row in page["data"]] == ["ada"]
    assert page["hasMore"] is True
    assert api("get_audience_memberships", 1, sort="-id").json["data"][0]["integrationId"] == "ben"
    assert [row["integrationId"] for row in api("get_audience_memberships", 1, profileQuery="e").json["data"]] == [
        "ben"
    ]
    assert api("get_audience_memberships", 99).status == 404
