"""A plan predicts what a push does, request by request."""

from __future__ import annotations

import hashlib
from itertools import product

import pytest

from talon_one_client import endpoints
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.errors import DestinationError, PlanMovedError
from target_talon_one.store.opening import open_store
from target_talon_one.sync.plan import check_unmoved
from target_talon_one.sync.run import SyncRun
from tests.examples import mostly_slow

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
        open_store(engine.store) as store,
        SyncRun(client, store, engine.options(), command="plan") as run,
    ):
        destination = run.open(destination_from("rows", given))
        destination.add(source, ["" for _ in source])
        destination.close_source(complete=True)
        return run.plan()


SIZES = list(product((0, 1, 1000, 2500), (0, 1, 999), (0, 1, 1001)))
# Each two of the three numbers that go with each other do so here.
QUICK = {(0, 0, 0), (0, 1, 1), (0, 999, 1001), (1, 0, 1), (1, 1, 1001), (1, 999, 0), (1000, 0, 1001), (1000, 1, 0)}
QUICK |= {(1000, 999, 1), (2500, 0, 1), (2500, 1, 1001), (2500, 999, 0)}


def writes(requests):
    """Return the numbers of the requests that write."""
    return [count for name, count in requests.items() if endpoints.BY_NAME[name].method != "GET"]


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize(("before", "gone", "come"), mostly_slow(SIZES, QUICK))
def test_a_push_makes_exactly_the_requests_of_its_plan(engine, sink, before, gone, come):
    """For many sizes and differences, a push makes exactly the planned requests."""
    given = SINKS[sink] | {"allow_empty": True}
    if sink == "reservations":
        engine.emu.add("profiles", *({"integrationId": f"k-{k:05}"} for k in range(before + come)))
        engine.emu.add("coupons", *({"value": f"c-{n}"} for n in range(3)))
    if before:
        engine.push(given, rows(0, before))
    engine.requests()
    source = rows(min(gone, before), before + come, n=1)
    (planned,) = plan(engine, given, source)
    assert [] == writes(engine.requests())
    figures = engine.push(given, source)
    assert planned.requests == sum(writes(engine.requests())) == figures.requests
    assert planned.adds == figures.adds
    assert planned.updates == figures.updates
    assert planned.removes == figures.removes
    assert come == planned.adds
    assert min(gone, before) == planned.removes


def test_a_plan_of_new_profiles_says_how_many_would_be_made(engine):
    """A plan shows how many profiles would be created, and that the guard would stop the push."""
    engine.emu.add("profiles", *({"integrationId": f"k-{k:05}"} for k in range(5)))
    (planned,) = plan(engine, MEMBERS | {"create_profiles": "guard"}, rows(0, 8))
    assert 3 == planned.new_profiles
    assert planned.creates_audience is True
    assert "3 of 8 profiles to add do not exist" in planned.guard


def test_minutes_follow_the_budget(engine):
    """The minutes of a plan follow from its requests and the rate limit of the Integration API key."""
    with (
        engine.client(requests_per_second=2.0) as client,
        open_store(engine.store) as store,
        SyncRun(client, store, engine.options(), command="plan") as run,
    ):
        destination = run.open(destination_from("rows", ITEMS))
        destination.add(rows(0, 60_000), ["" for _ in range(60_000)])
        (planned,) = run.plan()
    assert 60 == planned.requests
    assert 0.5 == planned.minutes


@pytest.mark.parametrize("moved", ["source", "store", "neither"])
def test_a_plan_is_refused_when_something_has_moved(engine, moved):
    """A plan is refused after a changed row or another push, but not if only the order of the rows has changed."""
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


def test_a_plan_finds_a_destination_that_does_not_exist(engine):
    """The error names the audience or the catalog, as far as a management key may see it."""
    for given in (MEMBERS | {"audience": 999}, ITEMS | {"catalog_id": 999}):
        words = "audience" if "audience" in given else "catalog"
        with pytest.raises(DestinationError, match=f"rows: the {words} 999 does not exist at Talon.One; check"):
            plan(engine, given, rows(0, 3))


def test_rows_that_were_solved_for_do_not_pass_for_those_of_the_plan(engine):
    """Two lists of changes whose MD5s have the same XOR have different digests, since sums and XORs can be forged."""
    pairs = [(f"a-{n}", f"b-{n}") for n in range(200)]
    swap = _same_xor(pairs)
    assert len(swap) > 0
    good = [{"id": one} for one, _ in pairs]
    forged = [{"id": pair[n in swap]} for n, pair in enumerate(pairs)]
    then = [one.as_dict() for one in plan(engine, MEMBERS, good)]
    now = plan(engine, MEMBERS, forged)
    with pytest.raises(PlanMovedError, match="the rows of the source have changed since the plan was made"):
        check_unmoved(then, now)


def _same_xor(pairs):
    """Return which of the pairs to swap so that the XOR of all MD5s stays the same (Gauss over GF(2))."""
    basis = {}
    for place, pair in enumerate(pairs):
        first, second = (int.from_bytes(hashlib.md5(f"{name}\0".encode()).digest()) for name in pair)
        value, mask = first ^ second, 1 << place
        while value:
            top = value.bit_length()
            if top not in basis:
                basis[top] = (value, mask)
                break
            value, mask = value ^ basis[top][0], mask ^ basis[top][1]
        else:
            return {n for n in range(len(pairs)) if mask >> n & 1}
    return set()


@pytest.mark.parametrize("change", [{"max_delete_share": 0.5}, {"create_profiles": "guard"}, {"mode": "upsert"}])
def test_other_settings_are_another_plan(engine, change):
    """A plan is refused if a setting that decides what is done has changed, even if the rows are the same."""
    then = [one.as_dict() for one in plan(engine, MEMBERS, rows(0, 5))]
    now = plan(engine, MEMBERS | change, rows(0, 5))
    with pytest.raises(PlanMovedError, match="plan again"):
        check_unmoved(then, now)


def test_the_digest_tells_keys_and_fields_apart(engine):
    """Different changes are never joined to the same text, so that their digests differ."""
    sources = ([("a", 12)], [("a1", 2)], [("a", 1), ("b", 2)], [("a", 2), ("b", 1)])
    digests = set()
    for source in sources:
        (planned,) = plan(engine, ITEMS, [{"id": key, "n": n} for key, n in source])
        digests.add(planned.digest)
    assert len(sources) == len(digests)


def test_a_plan_shows_samples(engine):
    """A plan shows a few rows of each op as they would be sent."""
    engine.push(ITEMS, rows(0, 10))
    (planned,) = plan(engine, ITEMS, rows(2, 14, n=1))
    assert {"add", "update", "remove"} == set(planned.samples)
    assert {"sku": "k-00000"} in planned.samples["remove"]
    assert {"sku": "k-00010", "price": 10} in planned.samples["add"]
