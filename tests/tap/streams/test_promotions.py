"""Campaigns, events, effects, coupons, referrals, tiers and join dates: the rows are what the emulator holds."""

import json

import pytest
from jsonschema import Draft202012Validator

from talon_one_client import ClientConfig, Secret, TalonOneClient
from tap_talon_one.streams import STREAM_GROUPS

NAMES = {
    "applications",
    "application_events",
    "campaign_budgets",
    "campaigns",
    "coupons",
    "effects",
    "event_types",
    "loyalty_join_dates",
    "loyalty_tiers",
    "referrals",
}  # tests/tap/streams/test_figures_and_lists.py has the others
NEW = {stream.name: stream for group in STREAM_GROUPS for stream in group.streams if stream.name in NAMES}
STRATEGIES = ("per_entity", "csv_export")


@pytest.fixture
def filled(emu):
    """An account with two campaigns, coupons of which one is deleted, referrals, events with effects, and a member."""
    emu.add("campaigns", {"name": "B", "budgets": [{"action": "setDiscount", "limit": 50, "counter": 2.5}]})
    emu.add(
        "coupons",
        {"value": "WELCOME", "usageLimit": 3},
        {"value": 'TEN",off\nü', "campaignId": 2, "expiryDate": "2030-01-01T00:00:00Z", "attributes": {"a": [1.10]}},
        {"value": "GONE", "deleted": "2026-01-01T00:00:00Z"},
    )
    emu.add("events", *map(event, range(1, 8)))
    config = ClientConfig(base_url=emu.url, api_key=Secret(emu.api_key))
    with TalonOneClient(config) as client:
        client.create_referral({"campaignId": 2, "advocateProfileIntegrationId": "profile-000001"})
        client.update_customer_session_v2("order-1", {"customerSession": {"profileId": "profile-000002"}})
        client.join_loyalty_program(2, "profile-000001")
    return emu


def event(number):
    """An event of which every third has no effect."""
    redeemed = {"effectType": "acceptCoupon", "triggeredByCoupon": 1, "props": {"value": "WELCOME"}}
    discount = {
        "campaignId": 2,
        "rulesetId": 7,
        "ruleIndex": 1,
        "ruleName": "Ten off",
        "effectType": "setDiscount",
        "props": {"name": "ten", "value": 10.5},
    }
    return {
        "type": "visit" if number % 2 else "order",
        "profile": "profile-000001",
        "session": "order-1",
        "created": f"2026-02-0{number}T10:00:00Z",
        "effects": [redeemed, discount, discount] if number % 3 else [],
    }


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_row_fits_its_schema_and_has_its_key(filled, read, strategy):
    """Each stream has rows; they validate, have unique keys, and say what the Application is."""
    result = read(*NEW, exports_strategy=strategy)
    assert None is result.error
    assert set(NEW) == {name for name, _ in result.raw}
    for name, stream in NEW.items():
        validator, rows = Draft202012Validator(result.schemas[name]), result.rows(name)
        assert [] == [error.message for row in rows for error in validator.iter_errors(row)]
        keys = [tuple(row[field] for field in stream.key) for row in rows]
        assert len(keys) == len(set(keys))
        assert not any(None in key for key in keys)
    for group in STREAM_GROUPS:
        if group.per_application:
            rows = [row for stream in group.streams for row in result.rows(stream.name)]
            assert {1} >= {row["applicationId"] for row in rows}


@pytest.mark.parametrize("switches", [{}, {"date_bounds": "inclusive"}, {"export_columns": "text"}], ids=str)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_effects_are_those_of_the_journal(filled, read, strategy, switches):
    """Each effect has its own row with its campaign, ruleset, rule, type and properties, and its event."""
    filled.switch(**switches)
    held = filled.state("effects", "events")
    created = {row["id"]: row["created"] for row in held["events"]}
    rows = read("effects", exports_strategy=strategy, page_size=10).rows("effects")
    expected = sorted(
        (e["event"], e["campaign"], e["ruleset"], e["rule_index"], e["type"], json.dumps(e["props"], default=str))
        for e in held["effects"]
    )
    fields = ("eventId", "campaignId", "rulesetId", "ruleIndex", "effectType")
    assert expected == sorted((*(row[name] for name in fields), json.dumps(row["props"], default=str)) for row in rows)
    assert len(created) == 7
    assert {row["source"] for row in rows} == {"csv_export" if strategy == "csv_export" else "per_application"}
    by_event = {}
    for row in rows:
        by_event.setdefault(row["eventId"], []).append(row["position"])
    assert {(0, 1, 2)} == {tuple(sorted(positions)) for positions in by_event.values()}


def test_the_export_gives_the_rows_of_the_lists(filled, read):
    """Coupons, referrals and effects are the same either way in all fields that the export has; the others are null."""
    for stream in ("coupons", "referrals", "effects", "customer_sessions"):
        one, bulk = (
            {tuple(row[f] for f in key_of(stream)): row for row in read(stream, **how).rows(stream)}
            for how in ({"exports_strategy": name, "application_id": 1, "settle_seconds": 0} for name in STRATEGIES)
        )
        assert one
        assert one.keys() == bulk.keys()
        for key, row in bulk.items():
            known = {name: plain(value) for name, value in one[key].items() if name in row and name != "source"}
            shared = {name: value for name, value in known.items() if row[name] is not None}
            assert shared == {name: plain(row[name]) for name in shared}
            assert "csv_export" == row["source"]


def key_of(stream):
    """The key of a stream."""
    return next(one.key for group in STREAM_GROUPS for one in group.streams if one.name == stream)


def plain(value):
    """A value in which instants and empty texts are spelled one way."""
    return value.replace(".000000Z", "Z") if isinstance(value, str) else value


def test_a_deleted_coupon_is_in_no_way_a_row(filled, read):
    """The export of coupons has deleted ones for a few days; they are left out, as in the lists."""
    for strategy in STRATEGIES:
        values = {row["value"] for row in read("coupons", exports_strategy=strategy).rows("coupons")}
        assert {"WELCOME", 'TEN",off\nü'} == values


def test_counters_follow_from_the_journal(filled, read):
    """A coupon was redeemed as often as the journal says, and an event says who caused it."""
    for strategy in STRATEGIES:
        rows = {row["id"]: row for row in read("coupons", exports_strategy=strategy).rows("coupons")}
        assert [5, 0] == [rows[1]["usageCounter"], rows[2]["usageCounter"]]
    events = read("application_events").rows("application_events")
    assert {("visit", 1), ("order", 1)} == {(row["type"], row["profileId"]) for row in events}
    assert [2, 2] == [len(read(name).rows(name)) for name in ("event_types", "campaigns")]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_effects_go_on_where_they_ended(filled, read, strategy):
    """A second run reads nothing, a third only what is new; the bookmark is that of the Application."""
    given = {"exports_strategy": strategy, "settle_seconds": 0}
    first = read("effects", **given)
    assert ["1"] == list(first.state["bookmarks"]["effects"]["programs"])
    assert [] == read("effects", state=first.state, **given).raw
    (number,) = filled.add("events", event(1) | {"created": None})
    found = read("effects", state=first.state, **given).rows("effects")
    assert {(number, 0), (number, 1), (number, 2)} == {(row["eventId"], row["position"]) for row in found}


def test_sessions_go_on_where_they_ended(filled, read):
    """The export of sessions reads those that were updated since the last run, and every session at first."""
    given = {"exports_strategy": "csv_export", "settle_seconds": 0, "application_id": 1}
    config = ClientConfig(base_url=filled.url, api_key=Secret(filled.api_key))
    first = read("customer_sessions", **given)
    assert ["order-1"] == [row["integrationId"] for row in first.rows("customer_sessions")]
    assert [] == read("customer_sessions", state=first.state, **given).raw
    with TalonOneClient(config) as client:
        client.update_customer_session_v2("order-2", {"customerSession": {"profileId": "profile-000002"}})
        client.update_customer_session_v2("order-1", {"customerSession": {"state": "closed"}})
    rows = read("customer_sessions", state=first.state, **given).rows("customer_sessions")
    assert [("order-1", "closed"), ("order-2", "open")] == sorted((r["integrationId"], r["state"]) for r in rows)


def test_tiers_are_those_of_the_balances(filled, read):
    """The export of tiers agrees with the balances of each profile and subledger."""
    balances = read("loyalty_profile_balances").rows("loyalty_profile_balances")
    expected = {
        (row["programId"], row["subledgerId"], row["integrationId"]): row["currentTier"]["name"]
        for row in balances
        if row["currentTier"]
    }
    rows = read("loyalty_tiers").rows("loyalty_tiers")
    assert expected
    assert expected == {(r["programId"], r["subledgerId"], r["integrationId"]): r["tierName"] for r in rows}
    joined = read("loyalty_join_dates").rows("loyalty_join_dates")
    assert [(2, "profile-000001")] == [(row["programId"], row["integrationId"]) for row in joined]
    assert joined[0]["joined_at"] == joined[0]["joinDate"]


def test_a_complete_read_says_what_is_gone(filled, read):
    """Streams that are read whole are complete, all of them or those of the Application that is named."""
    whole = {"campaigns", "campaign_budgets", "coupons", "referrals", "loyalty_tiers", "loyalty_join_dates"}
    for strategy in STRATEGIES:
        assert {name: {} for name in whole} == read(*whole, exports_strategy=strategy).complete
    named = read("coupons", "effects", application_id=1)
    assert {"coupons": {"applicationId": [1]}} == named.complete


@pytest.mark.parametrize("stream", ["coupons", "referrals"])
@pytest.mark.parametrize("times", [1, 9])
def test_an_export_with_fewer_rows_than_the_lists_is_not_used(filled, between, read, caplog, stream, times):
    """An export that was cut off at the end of a line is requested again, and then the lists are read."""
    left = [times]

    def change(exchange):
        if "export" not in exchange.path or not left[0]:
            return None
        left[0] -= 1
        status, headers, body = exchange.send()
        return status, headers, body[: body.index(b"\n") + 1]

    expected = {row["id"] for row in read(stream, exports_strategy="per_entity").rows(stream)}
    result = read(stream, base_url=between(filled.url, change))
    assert None is result.error
    assert expected == {row["id"] for row in result.rows(stream)}
    assert {stream: {}} == result.complete
    assert {"csv_export" if times == 1 else "per_campaign"} == {row["source"] for row in result.rows(stream)}
    assert "exporting again" in caplog.text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"2026-02-01T10:00:00.000000Z", b"2026-02-01 10:00:00", "is not an instant with time zone"),
        (b',"{""value"":""WELCOME""}"', b",value", "is not a JSON object"),
        (b"eventid", b"event", "no column eventid"),
        (b"order-1", b"order-1,", "values for"),
    ],
)
def test_a_value_of_another_kind_fails_the_stream(filled, between, read, old, new, message):
    """A value that is not of its kind, or a missing column, is an error that names it; no row is written."""

    def change(exchange):
        if "export_effects" not in exchange.path:
            return None
        status, headers, body = exchange.send()
        return status, headers, body.replace(old, new)

    result = read("effects", base_url=between(filled.url, change), exports_strategy="csv_export")
    assert message in str(result.error)
    assert [] == result.raw


def test_profiles_are_read_by_pages_if_nothing_else_of_the_inventory_is(filled, read):
    """The list of profiles gives the rows of the inventory, in fewer calls; with another stream it is not used."""
    one = read("customer_profiles", profiles_strategy="per_entity").rows("customer_profiles")
    filled.clear_requests()
    bulk = read("customer_profiles", api_key=None)
    assert {"get_customer_profiles": 1, "get_loyalty_programs": 1} == {
        name: count["requests"] for name, count in filled.counters().items()
    }
    assert {"profile_list"} == {row["source"] for row in bulk.rows("customer_profiles")}
    assert {"customer_profiles": {}} == bulk.complete

    def without_source(rows):
        return sorted(({k: v for k, v in row.items() if k != "source"} for row in rows), key=lambda row: row["id"])

    assert without_source(one) == without_source(bulk.rows("customer_profiles"))
    both = read("customer_profiles", "customer_coupons")
    assert {"per_profile"} == {row["source"] for row in both.rows("customer_profiles")}
    named = read("customer_profiles", "customer_coupons", profiles_strategy="profile_list")
    assert "it gives only customer_profiles" in str(named.error)
