"""Plans and pushes say what they do not know, and check what they can before anything is sent."""

from __future__ import annotations

import logging

import pytest

from target_talon_one.config.destination_reader import destination_from
from target_talon_one.errors import DestinationMissingError, SyncConfigError
from target_talon_one.sinks.table import SINKS
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun

MEMBERS = {"sink": "audience_members", "mode": "mirror", "key": "id", "create_profiles": "allow"}
NAMES = ("ada", "ben", "cleo")  # ada has a profile
EVENT = {"type": "visit"}
WRITING = {
    "audience_members": ({"mode": "upsert", "create_profiles": "allow", "audience": {"name": "VIP"}}, {}),
    "customer_profiles": ({"mode": "upsert", "map": {"attributes": []}}, {}),
    "customer_profile": ({"mode": "upsert"}, {}),
    "events": ({"mode": "add"}, EVENT | {"eventId": "e-{}"}),
    "advanced_events": ({"mode": "add"}, EVENT | {"integrationId": "e-{}"}),
    "customer_sessions": ({"mode": "upsert"}, {"customerSessionId": "s-{}", "state": "open"}),
    "loyalty_points_import": (
        {"mode": "add", "loyalty_program_id": 2, "create_profiles": "allow"},
        {"pointsId": "p-{}", "amount": 1},
    ),
    "loyalty_program_members": ({"mode": "add", "loyalty_program_id": 2}, {}),
}
"""Settings and rows of each sink that creates profiles."""


@pytest.fixture
def run(engine):
    """Run in the store, with some destinations and the rows of each."""

    def run(work, *given, management=True):
        engine.management = management
        with (
            engine.client() as client,
            open_store(engine.store) as store,
            SyncRun(client, store, engine.options(), command="test") as sync,
        ):
            for number, (settings, rows) in enumerate(given):
                destination = sync.open(destination_from(f"sync-{number}", settings), columns=list(rows[0]))
                destination.add(rows, ["" for _ in rows])
                destination.close_source(complete=True)
            return work(sync)

    return run


def test_every_sink_that_creates_profiles_has_a_case():
    """The number of new profiles is tested for each of them."""
    assert {one.name for one in SINKS.values() if one.creates_profiles or one.writes_profiles} == set(WRITING)


@pytest.mark.parametrize("sink", WRITING)
def test_the_plan_of_any_sink_has_the_number_of_profiles_that_it_creates(engine, run, sink):
    """It is the number of those that are there after the push, and unknown for more than a hundred."""
    settings, more = WRITING[sink]
    engine.emu.add("profiles", {"integrationId": "ada"})
    field = SINKS[sink].profile_field or SINKS[sink].key_names[0]
    given = {"sink": sink, **settings}

    def rows(names):
        filled = {name: [str(value).format(who) for who in names] for name, value in more.items()}
        return [{field: who, **{name: filled[name][n] for name in more}} for n, who in enumerate(names)]

    (planned,) = run(lambda sync: sync.plan(), (given, rows(NAMES)))
    assert (2, None) == (planned.new_profiles, planned.guard)
    many = rows([f"new-{n}" for n in range(101)])
    assert [None] == [one.new_profiles for one in run(lambda sync: sync.plan(), (given, many))]
    engine.push(given, rows(NAMES))
    assert set(NAMES) == {one["integration_id"] for one in engine.emu.state("profiles")["profiles"]}


def test_a_push_checks_every_id_before_it_sends_or_warns(engine, run, caplog):
    """One id of nothing stops the other destination of the run too, before the store is called new."""
    given = [
        ({"sink": "catalog_items", "catalog_id": 1, "mode": "upsert"}, [{"sku": "a", "price": 1}]),
        (MEMBERS | {"audience": 999}, [{"id": "ada"}]),
    ]
    with pytest.raises(DestinationMissingError, match=r"^sync-1: the audience 999 does not exist at "):
        run(lambda sync: sync.finish(), *given)
    assert {} == engine.items()
    assert "is new" not in caplog.text


def test_a_plan_without_a_management_key_says_what_it_does_not_know(engine, run, caplog):
    """It does not claim that it creates an audience, which may exist, and names the ids that it cannot check."""
    caplog.set_level(logging.INFO)
    named = MEMBERS | {"audience": {"name": "VIP"}}
    for exists in (False, True):
        (planned,) = run(lambda sync: sync.plan(), (named, [{"id": "ada"}]), management=False)
        assert planned.creates_audience is None, exists
        with engine.client() as client:
            exists or client.create_audience_v2({"name": "VIP"})
    assert "creates the audience 'VIP'" not in caplog.text
    assert "whether the audience 'VIP' exists is not known without management_key: set management_key" in caplog.text
    uncreated = named | {"audience": {"name": "VIP", "create": False}}
    with pytest.raises(SyncConfigError, match="whether the audience 'VIP' exists is not known without management_key"):
        run(lambda sync: sync.plan(), (uncreated, [{"id": "ada"}]), management=False)
    run(lambda sync: sync.plan(), (MEMBERS | {"audience": 999}, [{"id": "ada"}]), management=False)
    assert "sync-0: whether the audience 999 exists is not known without management_key" in caplog.text


def test_rows_that_are_sent_before_the_source_ends_wait_for_the_check_too(engine, run):
    """A target that sends while it reads sends to no destination if one of them does not exist."""
    items = {"sink": "catalog_items", "mode": "upsert", "catalog_id": 999, "key": "sku"}
    engine.requests()
    with pytest.raises(DestinationMissingError, match="the catalog 999 does not exist"):
        run(
            lambda sync: sync.start_flush(),
            ({"sink": "customer_profiles", "mode": "upsert", "key": "id", "map": {"attributes": []}}, [{"id": "ada"}]),
            (items, [{"sku": "tea"}]),
        )
    assert [] == engine.emu.state("profiles")["profiles"]
