"""Achievements and advanced events, campaigns and prices: rules beyond those that the client's tests read back."""

from __future__ import annotations

import pytest


def test_attempts_expire_and_achievements_end(api, emu):
    """An attempt that has ended is expired and no longer current; an achievement that has ended is not listed."""
    emu.clock(freeze="2025-06-01T00:00:00Z")
    emu.add("achievements", {"name": "walk", "target": 3, "endDate": "2025-06-03T00:00:00Z"})
    emu.add(
        "achievement_progress",
        {"achievement": 1, "profile": "ada", "progress": 1, "endDate": "2025-06-02T00:00:00Z"},
    )
    emu.clock(advance=86_400)
    (found,) = api("get_customer_achievements", "ada").json["data"]
    assert found["currentProgress"]["status"] == "not_started"
    history = api("get_customer_achievement_history", "ada", 1, startDate="2025-06-01", endDate="2025-06-01").json
    assert [row["status"] for row in history["data"]] == ["expired"]
    assert api("get_customer_achievement_history", "ada", 1, startDate="2025-06-02").json["data"] == []
    emu.clock(advance=86_400)
    assert api("get_customer_achievements", "ada").json == {"totalResultSize": 0, "data": []}
    assert api("get_customer_achievement_history", "ada", 2).status == 404
    assert api("get_customer_achievements", "nobody").status == 404


@pytest.mark.parametrize(
    ("what", "record", "words"),
    [
        ("achievements", {"name": "walk"}, "not a number"),
        ("achievements", {"name": "walk", "target": 1, "points": 2}, "an achievement has no field 'points'"),
        ("achievement_progress", {"achievement": 9, "profile": "ada", "progress": 1}, "there is no achievement 9"),
        ("campaigns", {"name": "x", "state": "on"}, "state must be enabled, disabled or archived"),
        ("campaigns", {"name": "x", "start": "now"}, "a campaign has no field 'start'"),
    ],
)
def test_invalid_data_is_refused(emu, what, record, words):
    """An invalid achievement, progress or campaign is refused with what is wrong."""
    with pytest.raises(ValueError, match=words):
        emu.add(what, record)


def test_a_sale_ends_the_timeframe_before_its_context(api, emu):
    """A sale is the prices of one context: ``sale`` looks before all of them, ``price`` before the current one."""
    emu.clock(freeze="2025-06-01T00:00:00Z")

    def act(kind, **payload):
        actions = [{"type": kind, "payload": {"sku": "CUP", **payload}}]
        assert api("sync_catalog", 1, body={"actions": actions}).status == 200
        emu.clock(advance=86_400)

    act("ADD", price=10)
    for price in (7, 6):
        adjustment = {"priceType": "sale", "referenceId": f"r{price}", "price": price, "contextId": "summer"}
        act("ADD_PRICE_ADJUSTMENT", adjustments=[adjustment])
    body = {"skus": ["CUP"], "timeframeEndDate": "2025-06-04T00:00:00Z", "timeframe": "30"}
    found = {
        kind: api("best_prior_price", body={**body, "timeframeEndDateType": kind}).json
        for kind in ("strict", "price", "sale")
    }
    assert {kind: [row["price"] for row in rows] for kind, rows in found.items()} == {
        "strict": [6], "price": [7], "sale": [10],
    }  # fmt: skip
    assert found["strict"][0]["contextIds"] == ["summer"]
    assert found["strict"][0]["metadata"]["adjustmentDetails"] == {
        "referenceId": "r6", "selectedPriceType": "sale", "value": 6,
    }  # fmt: skip
    audience = {**body, "timeframeEndDateType": "strict", "target": {"targetType": "AUDIENCE", "audienceID": 1}}
    assert api("best_prior_price", body=audience).json == []


@pytest.mark.parametrize("change", [{"timeframe": "30D"}, {"timeframeEndDate": "now"}, {"skus": []}])
def test_an_invalid_timeframe_is_refused(api, change):
    """A timeframe that is no number of days, an end that is no instant, and no SKU at all give 400."""
    body = {
        "skus": ["A"],
        "timeframeEndDate": "2025-06-04T00:00:00Z",
        "timeframe": "30",
        "timeframeEndDateType": "price",
    }
    assert api("best_prior_price", body={**body, **change}).status == 400


def test_an_event_of_an_unknown_session_is_refused(api, emu):
    """An advanced event that refers to a session which does not exist gives 400, and is not stored."""
    body = {"integrationId": "e", "profileId": "ada", "type": "visit", "connectedSessionId": "none"}
    assert api("track_event_v3", body=body).pointers == ["/connectedSessionId"]
    assert api("track_event_v3", body={**body, "attributes": {"nope": 1}}).pointers == ["/attributes/nope"]
    assert emu.state("events")["events"] == []


def test_an_item_of_an_array_that_is_not_known_is_refused(api):
    """Each item of an array with an enumeration is checked, whether it is separated by commas or repeated."""
    assert api("get_customer_achievements", "ada", achievementStatus="active,scheduled").status == 200
    for status in ("active,nope", ["active", "nope"]):
        reply = api("get_customer_achievements", "ada", achievementStatus=status)
        assert reply.json["errors"][0]["details"] == "achievementStatus: must be one of active, scheduled"
