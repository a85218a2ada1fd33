"""A plan says what a push then does, request for request."""

from __future__ import annotations

from itertools import product

import pytest

from target_talon_one.destinations import destination_from
from target_talon_one.errors import PlanMovedError
from target_talon_one.plan import check_unmoved
from target_talon_one.run import SyncRun
from target_talon_one.store import Store

MEMBERS = {
    "sink": "audience_members",
    "audience": {"name": "VIP"},
    "mode": "mirror",
    "key": "id",
    "create_profiles": "allow",
    "max_delete_share": 1,
}
ITEMS = {
    "sink": "catalog_items",
    "catalog_id": 1,
    "mode": "mirror",
    "map": {"sku": "id", "price": "n"},
    "max_delete_share": 1,
}
RESERVATIONS = {
    "sink": "coupon_reservations",
    "mode": "mirror",
    "allow_destructive": True,
    "max_delete_share": 1,
    "map": {"couponValue": "coupon", "integrationId": "id"},
}
SINKS = {"members": MEMBERS, "items": ITEMS, "reservations": RESERVATIONS}


def rows(first: int, past: int, n: int = 0) -> list[dict]:
    return [{"id": f"k-{k:05}", "n": k + n * (k % 3 == 0), "coupon": f"c-{k % 3}"} for k in range(first, past)]


def plan(engine, given: dict, source: list[dict]):
    with (
        engine.client() as client,
        Store(engine.store) as store,
        SyncRun(client, store, engine.options(), command="plan") as run,
    ):
        feed = run.open(destination_from("rows", given))
        feed.add(source, ["" for _ in source])
        feed.complete = True
        return run.plan()


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize(
    ("before", "gone", "come"),
    list(product((0, 1, 1000, 2500), (0, 1, 999), (0, 1, 1001))),
)
def test_a_push_makes_exactly_the_requests_of_its_plan(engine, sink, before, gone, come):
    """Over sizes and differences."""
    given = SINKS[sink] | {"allow_empty": True}
    if sink == "reservations":
        engine.emu.add("profiles", *({"integrationId": f"k-{k:05}"} for k in range(before + come)))
        engine.emu.add("coupons", *({"value": f"c-{n}"} for n in range(3)))
    if before:
        engine.push(given, rows(0, before))
    engine.requests()
    source = rows(min(gone, before), before + come, n=1)
    (planned,) = plan(engine, given, source)
    assert [] == [name for name in engine.requests() if not name.startswith("get_")]
    figures = engine.push(given, source)
    writes = {name: count for name, count in engine.requests().items() if not name.startswith("get_")}
    assert planned.requests == sum(writes.values()) == figures.requests
    assert (planned.adds, planned.updates, planned.removes) == (figures.adds, figures.updates, figures.removes)
    assert (come, min(gone, before)) == (planned.adds, planned.removes)


def test_a_plan_of_new_profiles_says_how_many_would_be_made(engine):
    """And that the guard would stop it."""
    engine.emu.add("profiles", *({"integrationId": f"k-{k:05}"} for k in range(5)))
    (planned,) = plan(engine, MEMBERS | {"create_profiles": "guard"}, rows(0, 8))
    assert (3, True) == (planned.new_profiles, planned.creates_audience)
    assert "3 of 8 profiles to add do not exist" in planned.guard


def test_minutes_follow_the_budget(engine):
    """Requests by the budget of the Integration API key."""
    with (
        engine.client(requests_per_second=2.0) as client,
        Store(engine.store) as store,
        SyncRun(client, store, engine.options(), command="plan") as run,
    ):
        feed = run.open(destination_from("rows", ITEMS))
        feed.add(rows(0, 60_000), ["" for _ in range(60_000)])
        (planned,) = run.plan()
    assert (60, 0.5) == (planned.requests, planned.minutes)


@pytest.mark.parametrize("moved", ["source", "store", "neither"])
def test_a_plan_is_refused_when_something_has_moved(engine, moved):
    """Another row in the source, or a push in between; the order of the rows is no move."""
    engine.push(MEMBERS, rows(0, 10))
    then = [one.as_dict() for one in plan(engine, MEMBERS, rows(0, 12))]
    if moved == "store":
        engine.push(MEMBERS, rows(0, 11))
    now = plan(engine, MEMBERS, rows(0, 12)[::-1] if moved != "source" else rows(0, 13))
    if moved == "neither":
        check_unmoved(then, now)
        return
    with pytest.raises(PlanMovedError, match="plan again"):
        check_unmoved(then, now)


def test_a_plan_shows_samples(engine):
    """Of each kind a few rows, as they would be sent."""
    engine.push(ITEMS, rows(0, 10))
    (planned,) = plan(engine, ITEMS, rows(2, 14, n=1))
    assert {"add", "update", "remove"} == set(planned.samples)
    assert {"sku": "k-00000"} in planned.samples["remove"]
    assert {"sku": "k-00010", "price": 10} in planned.samples["add"]


@pytest.mark.parametrize(("stranger", "cheapest"), [(False, "import"), (True, "deltas")])
def test_a_plan_says_where_one_import_would_do(engine, stranger, cheapest):
    """Only where all members are ours: it replaces them."""
    given = {"sink": "audience_members", "audience": 1, "mode": "mirror", "key": "id", "create_profiles": "allow"}
    with engine.client() as client:
        client.create_audience_v2({"name": "VIP"})
        if stranger:
            data = [{"action": "add", "profileIntegrationId": "stranger", "audienceId": 1}]
            client.update_customer_profile_audiences({"data": data})
    rows = [{"id": f"c-{n}"} for n in range(3000)]
    with (
        engine.client() as client,
        Store(engine.store) as store,
        SyncRun(client, store, engine.options(), command="plan") as run,
    ):
        feed = run.open(destination_from("rows", given), columns=["id"])
        feed.add(rows, ["row"] * len(rows))
        feed.complete = True
        (planned,) = run.plan()
    assert (3, cheapest) == (planned.requests, planned.cheapest)
