"""Switches for undocumented behavior: every value of every switch."""

from __future__ import annotations

import pytest

from talon_one_emulator.control.switches import choices

MANY = "update_customer_profiles_v2"
CARD = "get_loyalty_card_transactions"
BAD = {
    "customerProfiles": [
        {"integrationId": "good-1"},
        {"integrationId": "bad-1", "attributes": {"nope": 1}},
        {"integrationId": "good-2"},
        {"integrationId": "bad-2", "attributes": {"Name": 2}},
    ]
}


def names(emu):
    """Return the integration ids of the profiles that a test created."""
    return [row["integration_id"] for row in emu.state("profiles")["profiles"]][3:]


def test_the_defaults_are_the_harsher_values(emu):
    """The first value of each switch is the stricter one."""
    assert (
        {name: values[0] for name, values in choices().items()}
        == emu.switch()
        == {
            "batch": "all_or_nothing",
            "errors": "first",
            "pointers": "no",
            "date_bounds": "exclusive",
            "order": "shuffled",
            "page_size_above_max": "reject",
            "idempotency_reuse": "reject",
            "catalog_version": "match",
            "balance_bound": "inclusive",
            "negative_column": "absent",
            "deleted_profile": "gone",
            "exported_cards": "all",
            "export_columns": "sample",
            "repeated_event": "conflict",
            "repeated_unlink": "reject",
            "unreachable_receiver": "resend",
            "collection_import": "replace",
        }
    )


@pytest.mark.parametrize(("value", "written"), [("all_or_nothing", []), ("partial", ["good-1", "good-2"])])
def test_batch(api, emu, value, written):
    """One bad row rolls back the request, or only itself; both answers are 400."""
    emu.switch(batch=value)
    assert api(MANY, body=BAD).status == 400
    assert names(emu) == written


@pytest.mark.parametrize(("value", "written"), [("all_or_nothing", []), ("partial", ["good"])])
def test_batch_with_a_row_that_breaks_the_schema(api, emu, value, written):
    """A row of the wrong shape is a bad row like any other."""
    emu.switch(batch=value, pointers="yes", errors="all")
    body = {"customerProfiles": [{"integrationId": 5}, {"integrationId": "good"}]}
    reply = api(MANY, body=body)
    assert reply.status == 400
    assert reply.pointers == ["/customerProfiles/0/integrationId"]
    assert names(emu) == written


@pytest.mark.parametrize(("value", "members"), [("all_or_nothing", 2), ("partial", 3)])
def test_batch_of_memberships(api, emu, value, members):
    """An unknown audience rolls back the request, or only its row; both answers are 404."""
    emu.switch(batch=value)
    rows = [{"action": "add", "profileIntegrationId": "x", "audienceId": audience} for audience in (1, 99)]
    assert api("update_customer_profile_audiences", body={"data": rows}).status == 404
    assert len(emu.state("memberships")["memberships"]) == members


@pytest.mark.parametrize(("value", "skus"), [("all_or_nothing", []), ("partial", ["A", "B"])])
def test_batch_of_catalog_actions(api, emu, value, skus):
    """A refused action rolls back the request and the version, or only itself."""
    emu.switch(batch=value)
    actions = [{"type": "ADD", "payload": {"sku": sku}} for sku in ("A", "MUG-1", "B")]
    assert api("sync_catalog", 1, body={"actions": actions}).status == 400
    state = emu.state("items", "catalogs")
    assert [row["sku"] for row in state["items"]][3:] == skus
    assert state["catalogs"][0]["version"] == (2 if skus else 1)


@pytest.mark.parametrize(("value", "reserved"), [("all_or_nothing", 0), ("partial", 1)])
def test_batch_of_reservations(api, emu, value, reserved):
    """An unknown profile rolls back the request, or only itself."""
    emu.switch(batch=value)
    assert api("create_coupon_reservation", "WELCOME", body={"integrationIDs": ["nobody", "ada"]}).status == 400
    assert len(emu.state("reservations")["reservations"]) == reserved


@pytest.mark.parametrize(("value", "made"), [("all_or_nothing", 0), ("partial", 1)])
def test_batch_of_referrals(api, emu, value, made):
    """An unknown advocate rolls back the request, or only itself."""
    emu.switch(batch=value)
    body = {"campaignId": 1, "usageLimit": 1, "advocateProfileIntegrationIds": ["nobody", "ada"]}
    assert api("create_referrals_for_multiple_advocates", body=body).status == 400
    assert len(emu.state("referrals")["referrals"]) == made


@pytest.mark.parametrize(("value", "count"), [("first", 1), ("all", 2)])
def test_errors(api, emu, value, count):
    """An answer lists the first error, or all errors."""
    emu.switch(errors=value)
    assert len(api(MANY, body=BAD).json["errors"]) == count


@pytest.mark.parametrize(
    ("value", "pointers"),
    [("no", [None, None]), ("yes", ["/customerProfiles/1/attributes/nope", "/customerProfiles/3/attributes/Name"])],
)
def test_pointers(api, emu, value, pointers):
    """The errors of a batch have pointers, or have none."""
    emu.switch(pointers=value, errors="all")
    assert api(MANY, body=BAD).pointers == pointers


def test_pointers_of_a_single_object_are_always_there(api, emu):
    """Pointers of a single object are documented, so the switch does not change them."""
    emu.switch(pointers="no")
    assert api("update_customer_profile_v2", "x", body={"attributes": {"nope": 1}}).pointers == ["/attributes/nope"]


@pytest.mark.parametrize(("value", "found"), [("exclusive", [5]), ("inclusive", [4, 5, 6]), ("half_open", [4, 5])])
def test_date_bounds(api, emu, value, found):
    """The switch decides whether a row created at exactly startDate or endDate is listed."""
    emu.switch(date_bounds=value)
    emu.add("cards", {"identifier": "card-x"})
    rows = emu.add_transactions(
        {"card": "card-x", "amount": 1, "created": f"2025-01-01T00:00:00.00000{n}Z"} for n in range(10)
    )
    query = {"startDate": "2025-01-01T00:00:00.000004Z", "endDate": "2025-01-01T00:00:00.000006Z"}
    listed = api(CARD, 1, "card-x", **query).json["data"]
    assert sorted(row["id"] - rows[0] for row in listed) == found


@pytest.mark.parametrize("value", ["newest", "oldest", "shuffled"])
def test_order(api, emu, value):
    """Rows are listed with the newest first, the oldest first, or in an arbitrary order that never changes."""
    emu.reset("synthetic", cards=1, transactions=40)
    emu.switch(order=value)
    dates = [row["created"] for row in api(CARD, 1, "card-000001", pageSize=40).json["data"]]
    pages = [api(CARD, 1, "card-000001", pageSize=10, skip=skip).json["data"] for skip in range(0, 40, 10)]
    assert dates == [row["created"] for page in pages for row in page]
    if value == "shuffled":
        assert dates not in (sorted(dates), sorted(dates, reverse=True))
    else:
        assert dates == sorted(dates, reverse=value == "newest")


def test_page_size_above_max(api, emu):
    """A pageSize above the maximum is refused, or cut to it."""
    emu.reset("synthetic", cards=1, transactions=1010)
    assert api(CARD, 1, "card-000001", pageSize=5000).status == 400
    emu.switch(page_size_above_max="clamp")
    assert len(api(CARD, 1, "card-000001", pageSize=5000).json["data"]) == 1000


@pytest.mark.parametrize(("value", "status", "version"), [("match", 400, 1), ("ignore", 200, 2)])
def test_catalog_version(api, emu, value, status, version):
    """A version other than the catalog's is refused, or ignored."""
    emu.switch(catalog_version=value)
    body = {"version": 5, "actions": [{"type": "REMOVE", "payload": {"sku": "MUG-1"}}]}
    assert api("sync_catalog", 1, body=body).status == status
    assert emu.state("catalogs")["catalogs"][0]["version"] == version


@pytest.mark.parametrize("values", [{"ordr": "newest"}, {"order": "random"}])
def test_unknown_switches_are_refused(emu, values):
    """An unknown switch or value is an error and is not ignored."""
    with pytest.raises(ValueError, match="switch"):
        emu.switch(**values)
