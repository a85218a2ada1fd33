"""Achievements, stores, collections, giveaways, unused points, figures and the audit log are the emulator's."""

from datetime import datetime
from decimal import Decimal

import pytest
from jsonschema import Draft202012Validator

from tap_talon_one.streams import STREAM_GROUPS

NAMES = {
    "achievements",
    "achievement_progress",
    "campaign_analytics",
    "campaign_collection_items",
    "campaign_collections",
    "changes",
    "collection_items",
    "collections",
    "giveaways",
    "loyalty_card_points",
    "loyalty_profile_points",
    "program_dashboard",
    "stores",
}
STREAMS = {stream.name: stream for group in STREAM_GROUPS for stream in group.streams if stream.name in NAMES}
WHOLE = NAMES - {"campaign_analytics", "changes", "program_dashboard"}


@pytest.fixture
def filled(emu):
    """An account with something in every list."""
    emu.clock(freeze="2024-01-05T12:00:00Z")
    emu.add("achievements", {"name": "Ten", "target": 10}, {"name": "Late", "target": 5})
    progress = {"achievement": 1, "profile": "profile-000001"}
    emu.add("achievement_progress", progress | {"progress": 10}, progress | {"progress": 2.50})
    emu.add("stores", {"name": "Lisbon", "integrationId": "lx", "linkedCampaignIds": [1], "attributes": {"a": 1}})
    emu.add(
        "collections",
        {"name": "Teas", "items": [f"tea {n}" for n in range(25)]},
        {"name": "Mugs", "campaignId": 1, "items": ["mug, blue", "tea 1"]},
    )
    emu.add("giveaways", {"pool": 3, "code": "G1"}, {"pool": 3, "code": "G2", "profile": "profile-000002"})
    emu.add("changes", *({"entity": "campaign", "new": {"n": n}, "created": f"2024-01-0{n}"} for n in range(1, 5)))
    redeemed = [{"effectType": "acceptCoupon"}, {"effectType": "setDiscount", "props": {"value": 1.25}}]
    emu.add("events", *({"type": "order", "created": f"2024-01-0{n % 2 + 1}", "effects": redeemed} for n in range(4)))
    yield emu
    emu.clock(reset=True)


@pytest.fixture
def result(filled, read):
    """A read of all these streams."""
    found = read(*STREAMS, giveaway_pool_ids=[3], page_size=10, settle_seconds=0)
    assert None is found.error
    return found


def test_every_row_fits_its_schema_and_has_its_key(result):
    """Each stream has rows; they validate, have unique keys, and a whole read says what is gone."""
    assert set(STREAMS) == NAMES == {name for name, _ in result.raw}
    for name, stream in STREAMS.items():
        validator, rows = Draft202012Validator(result.schemas[name]), result.rows(name)
        assert [] == [error.message for row in rows for error in validator.iter_errors(row)]
        keys = [tuple(row[field] for field in stream.key) for row in rows]
        assert len(keys) == len(set(keys))
        assert not any(None in key for key in keys)
    assert {name: {"poolId": [3]} if name == "giveaways" else {} for name in WHOLE} == result.complete


def test_lists_are_those_of_the_account(result):
    """Achievements with their progress, stores, collections with their items, giveaways and changes are complete."""
    assert [("Ten", 10), ("Late", 5)] == [(row["name"], row["target"]) for row in result.rows("achievements")]
    progress = [(r["position"], r["progress"], r["status"]) for r in result.rows("achievement_progress")]
    assert [(0, 10, "completed"), (1, Decimal("2.50"), "inprogress")] == progress
    assert {1} == {row["achievementId"] for row in result.rows("achievement_progress")}
    assert [("lx", [1])] == [(row["integrationId"], row["linkedCampaignIds"]) for row in result.rows("stores")]
    assert [1] == [row["id"] for row in result.rows("collections")]
    assert [(2, 1)] == [(row["id"], row["campaignId"]) for row in result.rows("campaign_collections")]
    assert sorted(f"tea {n}" for n in range(25)) == [row["item"] for row in result.rows("collection_items")]
    items = [(row["collectionId"], row["item"]) for row in result.rows("campaign_collection_items")]
    assert [(2, "mug, blue"), (2, "tea 1")] == items
    giveaways = [(row["code"], row["used"], row["integrationId"]) for row in result.rows("giveaways")]
    assert [("G1", False, None), ("G2", True, "profile-000002")] == giveaways
    assert [{"n": n} for n in range(1, 5)] == [r["new"] for r in sorted(result.rows("changes"), key=lambda r: r["id"])]


@pytest.mark.parametrize(
    ("stream", "program", "owner"),
    [("loyalty_card_points", 1, "cardIdentifier"), ("loyalty_profile_points", 2, "integrationId")],
)
def test_unused_points_are_those_of_the_balances(filled, result, stream, program, owner):
    """The unused points of each owner, ledger and status add up to its balance."""
    truth = filled.truth(program, "2024-01-05T12:00:00Z")["balances"]
    expected = {
        (name, ledger, status): amount
        for name, ledger, active, pending, _, expired, _ in truth
        for status, amount in (("active", active), ("pending", pending), ("expired", expired))
        if amount
    }
    found = {}
    for row in result.rows(stream):
        key = row[owner], row["subledgerId"], row["status"]
        found[key] = found.get(key, 0) + row["amount"]
    assert expected == found
    assert all(row["expiry_at"] or row["expiryDate"] == "unlimited" for row in result.rows(stream))


def test_figures_are_those_of_the_journal_and_of_the_ledger(filled, result):
    """A campaign's days have its redemptions and costs, a program's days its points and members."""
    days = sorted(result.rows("campaign_analytics"), key=lambda row: row["date"])
    assert [(2, Decimal("2.50"), 2), (2, Decimal("2.50"), 4)] == [
        (row["couponRedemptions"], row["campaignDiscountCosts"], row["totalCouponRedemptions"]) for row in days
    ]
    dashboard = [row for row in result.rows("program_dashboard") if row["programId"] == 1]
    assert ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"] == sorted(row["date"][:10] for row in dashboard)
    last = max(dashboard, key=lambda row: datetime.fromisoformat(row["date"]))
    truth = filled.truth(1, "2024-01-04T23:59:59Z")
    assert sum(row[2] for row in truth["balances"]) == last["totalActivePoints"]
    assert 3 == last["totalMembers"]
    assert truth["additions"]["sum"] == sum(row["earnedPoints"]["createdViaRuleEngine"] for row in dashboard)


def test_the_audit_log_goes_on_where_it_ended(filled, read):
    """A second run reads nothing, a third the new change."""
    first = read("changes", settle_seconds=0)
    filled.clock(advance=60)
    assert [] == read("changes", state=first.state, settle_seconds=0).raw
    filled.clock(advance=60)
    (change,) = filled.add("changes", {"entity": "coupon"})
    filled.clock(advance=60)
    assert [change] == read("changes", state=first.state, settle_seconds=0).ids("changes")


def test_figures_begin_at_the_start_date(filled, read):
    """``start_date`` limits the days; without it all are read."""
    found = read("campaign_analytics", "program_dashboard", start_date="2024-01-02", settle_seconds=0)
    assert {"2024-01-02"} == {row["date"][:10] for row in found.rows("campaign_analytics")}
    assert "2024-01-02" == min(row["date"][:10] for row in found.rows("program_dashboard"))
