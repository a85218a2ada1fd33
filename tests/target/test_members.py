"""Audiences that mirror a segment."""

from __future__ import annotations

import pytest

from target_talon_one.errors import GuardError, IncompleteError, SyncConfigError
from tests.examples import slow

VIP = {
    "sink": "audience_members",
    "audience": {"name": "VIP", "integration": "warehouse", "integration_id": "vip"},
    "mode": "mirror",
    "key": "customer_id",
    "create_profiles": "allow",
}

LISTS = "update_customer_profile_audiences"


def rows(*names: object) -> list[dict]:
    return [{"customer_id": f"c-{name}"} for name in names]


@pytest.mark.parametrize("thousands", [10, slow(100)])
def test_a_mirror_sends_only_the_difference(engine, thousands):
    """1,000 members leave and 500 join in exactly 2 requests; members added by someone else stay."""
    engine.push(VIP, rows(*range(1000 * thousands)))
    assert {
        "get_audiences": 1,
        "create_audience_v2": 1,
        "update_customer_profile_audiences": thousands,
    } == engine.requests()
    with engine.client() as client:
        foreign_members = [{"action": "add", "profileIntegrationId": f"s-{n}", "audienceId": 1} for n in range(7)]
        client.update_customer_profile_audiences({"data": foreign_members})
    engine.requests()
    wanted = range(1000, 1000 * thousands + 500)
    figures = engine.push(VIP, rows(*wanted))
    assert 2 == engine.requests()["update_customer_profile_audiences"]
    assert 500 == figures.adds
    assert 1000 == figures.removes
    assert 1000 * thousands - 1000 == figures.same
    assert 1500 == figures.sent
    assert {f"c-{n}" for n in wanted} | {f"s-{n}" for n in range(7)} == engine.members()


def test_an_audience_is_found_by_integration_id_and_made_once(engine):
    """A second store finds the audience that the first one created."""
    engine.push(VIP, rows(1, 2))
    engine.folder = engine.folder / "other"
    engine.push(VIP | {"mode": "add"}, rows(3))
    assert [1] == [row["id"] for row in engine.emu.state("audiences")["audiences"]]
    assert {"c-1", "c-2", "c-3"} == engine.members()


def test_without_a_management_key_the_id_of_a_made_audience_is_remembered(engine):
    """The store keeps the id of a created audience; an audience of the same name that it did not create is an error."""
    engine.management = False
    engine.push(VIP, rows(1))
    engine.push(VIP, rows(1, 2))
    assert {"c-1", "c-2"} == engine.members()
    engine.folder = engine.folder / "other"
    with pytest.raises(SyncConfigError, match=r"exists, but its id is not known; set audience\.id"):
        engine.push(VIP, rows(1))


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_mirror_removes_nobody_for_whom_no_request_began(engine, concurrency):
    """After a push whose first requests are refused, members of other requests that somebody else adds stay."""
    with engine.client() as client:
        client.create_audience_v2({"name": "VIP", "integration": "warehouse", "integrationId": "vip"})
    engine.emu.fault(LISTS, "403", count=0)
    with pytest.raises(IncompleteError, match="403"):
        engine.push(VIP, rows(*range(25_000)), concurrency=concurrency)
    engine.emu.clear_faults()
    begun = 1000 * engine.requests()[LISTS]
    added = [f"c-{n}" for n in (begun, 9999, 10_000, 24_999)]
    with engine.client() as client:
        changes = [{"action": "add", "audienceId": 1, "profileIntegrationId": name} for name in added]
        client.update_customer_profile_audiences({"data": changes})
    segment = [row for row in rows(*range(25_000)) if row["customer_id"] not in added]
    figures = engine.push(VIP, segment)
    assert begun == figures.known
    assert 0 == figures.removes
    assert {f"c-{n}" for n in range(25_000)} == engine.members()


def test_an_input_that_broke_off_removes_nobody(engine):
    """An input that breaks off adds its members and removes none."""
    engine.push(VIP, rows(*range(100)))
    figures = engine.push(VIP, rows(5, 200), complete=False)
    assert 0 == figures.removes
    assert 1 == figures.adds
    assert figures.complete is False
    assert {f"c-{n}" for n in (*range(100), 200)} == engine.members()


@pytest.mark.parametrize(
    ("changes", "wanted", "guard"),
    [
        ({}, [], "allow_empty"),
        ({}, range(89), "max_delete_share"),
        ({"max_deletes": 4}, range(95), "max_deletes"),
        ({"create_profiles": "guard"}, range(103), "create_profiles"),
        ({"expect_environment": "sandbox"}, range(100), "expect_environment"),
    ],
)
def test_a_guard_stops_before_the_first_write(engine, changes, wanted, guard):
    """The error holds the name of the guard and its figures."""
    engine.push(VIP, rows(*range(100)))
    engine.requests()
    with pytest.raises(GuardError) as stopped:
        engine.push(VIP | changes, rows(*wanted))
    assert guard == stopped.value.guard
    assert 3 == stopped.value.exit_code
    assert [] == [name for name in engine.requests() if not name.startswith("get_")]
    assert 100 == len(engine.members())


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [({"allow_empty": True, "max_delete_share": 1}, []), ({"max_delete_share": 0.11}, range(89))],
)
def test_a_guard_lets_pass_what_its_setting_allows(engine, changes, wanted):
    """A guard does not stop a run that its setting allows."""
    engine.push(VIP, rows(*range(100)))
    engine.push(VIP | changes, rows(*wanted))
    assert {f"c-{n}" for n in wanted} == engine.members()


@pytest.mark.parametrize(("policy", "left_out", "invalid"), [("skip", 2, 0), ("reject", 0, 2)])
def test_profiles_that_do_not_exist_are_not_made(engine, policy, left_out, invalid):
    """Rows of profiles that do not exist are left out, or written to the rejects."""
    engine.emu.add("profiles", *({"integrationId": f"c-{n}"} for n in range(200)))
    figures = engine.push(
        VIP | {"create_profiles": policy, "max_reject_share": 1}, rows(*range(200), "ghost-1", "ghost-2")
    )
    assert 200 == figures.sent
    assert left_out == figures.left_out
    assert invalid == figures.invalid
    assert ["c-ghost-1", "c-ghost-2"][: len(engine.rejects())] == [line["key"] for line in engine.rejects()]
    assert 200 == len(engine.emu.state("profiles")["profiles"])


def test_adopt_takes_over_who_is_there(engine):
    """With ``adopt``, members that someone else added are removed if the segment lacks them."""
    engine.push(VIP, rows(1, 2))
    with engine.client() as client:
        adds = [{"action": "add", "profileIntegrationId": name, "audienceId": 1} for name in ("c-3", "foreign")]
        client.update_customer_profile_audiences({"data": adds})
    engine.push(VIP | {"adopt": True, "max_delete_share": 1}, rows(1, 2, 3))
    assert {"c-1", "c-2", "c-3"} == engine.members()


def test_of_rows_with_one_key_the_last_one_is_sent(engine):
    """Earlier rows of the key are counted as duplicates."""
    figures = engine.push(VIP, rows(1, 2, 1, 1))
    assert 4 == figures.read
    assert 2 == figures.duplicates
    assert 2 == figures.sent


def test_two_streams_into_one_audience_are_refused(engine):
    """Two streams into one audience are refused, because each would remove what the other one adds."""
    from target_talon_one.config.destination_reader import destination_from
    from target_talon_one.store.opening import open_store
    from target_talon_one.sync.run import SyncRun

    engine.push(VIP, rows(1))
    with (
        engine.client() as client,
        open_store(engine.store) as store,
        SyncRun(client, store, engine.options(), command="test") as run,
    ):
        run.open(destination_from("one", VIP))
        with pytest.raises(SyncConfigError, match="two and one write to the same audience_members"):
            run.open(destination_from("two", VIP | {"audience": 1}))
