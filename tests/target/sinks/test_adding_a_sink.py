"""A sink is added by a row of the sink table alone: these sinks exist only in this file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from talon_one_client import endpoints as ep
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.errors import GuardError
from target_talon_one.sinks import payloads
from target_talon_one.sinks.audience_sinks import AUDIENCE_MEMBERS
from target_talon_one.sinks.sink_type import Action, Field, SinkType, key_field
from target_talon_one.sinks.table import SINKS
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun
from target_talon_one.sync.verify import Verification

_PUT = Action(
    ep.UPDATE_CUSTOMER_PROFILE_V2,
    body=payloads.only("attributes"),
    path=(("integrationId", "person"),),
)
PROFILES_BY_CALL = SinkType(
    "profiles_by_call",
    "Attributes of profiles, one request per profile.",
    (key_field("person", personal=True), Field("attributes", "attributes", required=True)),
    {"upsert": {"add": _PUT, "update": _PUT}},
    entity="CustomerProfile",
    collects_attributes=True,
    results=True,
)
CLUB = replace(AUDIENCE_MEMBERS, name="club_members")
CLUB_SYNC = {"sink": "club_members", "mode": "mirror", "audience": 1, "key": "id"}


@pytest.fixture(autouse=True)
def more_sinks(monkeypatch):
    """Add two sinks to the table."""
    for sink in (PROFILES_BY_CALL, CLUB):
        monkeypatch.setitem(SINKS, sink.name, sink)


@pytest.fixture
def shop(engine):
    """Create the attribute that the rows have."""
    engine.emu.add("attributes", {"entity": "CustomerProfile", "name": "Name", "type": "string"})
    return engine


@pytest.fixture
def club(engine):
    """Create the audience and two of its members, whom someone else has added."""
    with engine.client() as client:
        client.create_audience_v2({"name": "Club"})
        members = [{"action": "add", "profileIntegrationId": name, "audienceId": 1} for name in ("ann", "bob")]
        client.update_customer_profile_audiences({"data": members})
    engine.emu.clear_requests()
    return engine


def test_a_new_sink_sends_rows_and_then_only_what_changed(shop):
    """The first push sends each row, and the second one only the row that differs."""
    given = {"sink": "profiles_by_call", "key": "person"}
    shop.push(given, [{"person": "ann", "Name": "Ann"}, {"person": "bob", "Name": "Bob"}])
    counts = shop.push(given, [{"person": "ann", "Name": "Ann"}, {"person": "bob", "Name": "Robert"}])
    profiles = {one["integration_id"]: one["attributes"] for one in shop.emu.state("profiles")["profiles"]}
    assert {"ann": {"Name": "Ann"}, "bob": {"Name": "Robert"}} == profiles
    assert 1 == counts.updates
    assert 1 == counts.requests


def test_a_new_sink_keeps_answers_and_rejects(shop):
    """Answers are written to the results file, and a row without its key to the rejects."""
    rows = [{"person": "ann", "Name": "Ann"}, {"person": None, "Name": "Nobody"}]
    counts = shop.push({"sink": "profiles_by_call", "key": "person", "max_reject_share": 1}, rows)
    assert ["ann"] == [one["key"] for one in shop.results()]
    assert 1 == counts.invalid
    assert "invalid" == shop.rejects()[0]["kind"]


def test_the_guard_for_new_profiles_follows_the_attribute_of_the_sink(club):
    """A sink with creates_profiles stops before it creates a profile, whatever its name is."""
    with pytest.raises(GuardError) as stopped:
        club.push(CLUB_SYNC, [{"id": "new"}])
    assert "create_profiles" == stopped.value.guard


def test_adopt_and_mirror_follow_the_listing_of_the_sink(club):
    """A sink with a listing adopts the existing members, and removes those that its source does not have."""
    counts = club.push(CLUB_SYNC | {"adopt": True, "max_delete_share": 1}, [{"id": "ann"}])
    assert {"ann"} == club.members()
    assert 1 == counts.same
    assert 1 == counts.removes


def test_verify_follows_the_listing_of_the_sink(club):
    """A member that someone else removed is drift, but one that they added is not."""
    club.push(CLUB_SYNC | {"create_profiles": "allow"}, [{"id": "cleo"}])
    with (
        club.client() as client,
        open_store(club.store) as store,
        SyncRun(client, store, club.options(), command="verify") as run,
    ):
        destination = run.open(destination_from("rows", CLUB_SYNC), columns=["id"])
        destination.add([{"id": "cleo"}, {"id": "dan"}], ["row 1", "row 2"])
        destination.close_source(complete=True)
        finding = Verification(client, store, destination, lambda: None).find()
    assert "drift" == finding.verdict
    assert 1 == finding.missing
    assert 2 == finding.foreign_members
