"""Which reads are complete, so that rows that they did not find are gone at Talon.One."""

from __future__ import annotations

import signal

import pytest

from talon_one_client import ClientConfig, Secret, TalonOneClient
from talon_one_singer import Stopped
from tap_talon_one.streams import READ_WHOLE

MEMBERS, CARDS, PROFILES = "audience_memberships", "loyalty_cards", "customer_profiles"


def emu_client(emu):
    """Return a client that changes the data of the emulator."""
    return TalonOneClient(ClientConfig(base_url=emu.url, api_key=Secret(emu.api_key)))


@pytest.fixture
def audiences(emu):
    """Ids of three audiences with two members each."""
    with emu_client(emu) as client:
        ids = [client.create_audience_v2({"name": f"audience {n}"})["id"] for n in range(3)]
        rows = [
            {"action": "add", "profileIntegrationId": f"profile-00000{n}", "audienceId": audience}
            for audience in ids
            for n in (1, 2)
        ]
        client.update_customer_profile_audiences({"data": rows})
    return ids


def test_a_read_of_everything_is_complete(emu, audiences, read):
    """Every stream that is read whole is complete after a read without limits, and no other stream is."""
    emu.add("giveaways", {"code": "G-1"})
    result = read(*READ_WHOLE, "loyalty_card_balances", catalog_ids=[1], giveaway_pool_ids=[1])
    assert None is result.error
    assert {name: name in READ_WHOLE for name in result.schemas} == result.whole
    expected = {name: {} for name in READ_WHOLE}
    expected |= {"catalog_items": {"catalogid": [1]}, "giveaways": {"poolId": [1]}}
    assert expected == result.complete


@pytest.mark.parametrize(
    ("stream", "given"),
    [
        (MEMBERS, {"shard": "1/2"}),
        (MEMBERS, {"audience_ids": [1]}),
        (MEMBERS, {"deleted_rows": "keep"}),
        (CARDS, {"loyalty_program_ids": [1]}),
        (CARDS, {"shard": "1/1"}),
        (PROFILES, {"profile_ids": ["profile-000001"]}),
        (PROFILES, {"application_id": 1}),
        (PROFILES, {"sandbox": True}),
        ("catalog_items", {"catalog_ids": [1], "shard": "1/2"}),
    ],
    ids=str,
)
def test_a_read_of_some_rows_is_not_complete(audiences, read, stream, given):
    """Settings that select some of the rows say so before the first row."""
    result = read(stream, **given)
    assert ({stream: False}, {}) == (result.whole, result.complete)


def test_a_program_that_fails_leaves_the_read_incomplete(emu, read, caplog):
    """The cards of the other programs are read, and none is taken for deleted."""
    emu.add("programs", {"name": "second", "cardBased": True})
    emu.fault("get_loyalty_cards", 500, after=1, count=100)
    result = read(CARDS, retry_budget_seconds=0.2)
    assert (CARDS, {}) == (next(iter(result.whole)), result.complete)
    assert "was not complete" in caplog.text


def test_an_unknown_id_leaves_the_read_incomplete(emu, read):
    """A profile that the list has and the inventory does not know shows that the account changed in the meantime."""
    deleted = []

    def stop():
        if not deleted:  # the first page of the list was read
            deleted.append(True)
            with emu_client(emu) as client:
                client.delete_customer_data("profile-000002")

    one_by_one = {"profiles_strategy": "per_entity"}
    result = read(PROFILES, stop=stop, **one_by_one)
    assert None is result.error
    assert {} == result.complete
    assert {PROFILES: {}} == read(PROFILES, **one_by_one).complete


@pytest.mark.parametrize(
    ("stream", "path", "first", "other"),
    [
        ("audiences", "/v1/audiences?", b'{"data":[{"id":1}],"totalResultSize":9}', b'{"data":[],"totalResultSize":9}'),
        (MEMBERS, "/v1/audiences?", b'{"data":[{"id":1}],"totalResultSize":9}', b'{"data":[],"totalResultSize":9}'),
        (PROFILES, "/v1/customer_profiles/", b'{"profile":null}', b'{"profile":null}'),
    ],
)
def test_an_answer_with_less_than_there_is_leaves_the_read_incomplete(
    emu, audiences, between, read, stream, path, first, other
):
    """A list that ends before its total, of rows or of ids, and an inventory without its profile show nothing."""

    def change(exchange):
        if not exchange.path.startswith(path):
            return None
        return 200, {"Content-Type": "application/json"}, first if "skip=0" in exchange.path else other

    result = read(stream, base_url=between(emu.url, change), profiles_strategy="per_entity")
    assert None is result.error
    assert {} == result.complete


@pytest.mark.parametrize("after", [0, 2, 4, 6])
def test_a_run_that_resumes_is_complete_only_if_no_id_was_done(audiences, read, after):
    """A run that was stopped is not complete, nor is the one that resumes it, and the next one is."""
    calls = 0

    def stop():
        nonlocal calls
        calls += 1
        if calls > after:
            raise Stopped(signal.SIGTERM)

    stopped = read(MEMBERS, stop=stop, concurrency=1)
    assert isinstance(stopped.error, Stopped)
    assert {} == stopped.complete
    resumed = read(MEMBERS, state=stopped.state)
    expected = sorted((audience, name) for audience in audiences for name in ("profile-000001", "profile-000002"))
    found = sorted((row["audienceId"], row["integrationId"]) for row in resumed.rows(MEMBERS))
    assert (found == expected) is (resumed.complete == {MEMBERS: {}})
    assert (after > 0) is (resumed.complete == {})
    assert {MEMBERS: {}} == read(MEMBERS, state=resumed.state).complete


def test_records_have_a_version_that_ends_with_the_read(audiences, sync):
    """Rows of a complete read have a version, which ACTIVATE_VERSION makes the only one, before the last STATE."""
    run = sync(MEMBERS, "loyalty_card_transactions")
    assert 0 == run.code, run.stderr
    records = [m for m in run.messages if m["type"] == "RECORD"]
    (version,) = {m["version"] for m in records if m["stream"] == MEMBERS}
    assert {None} == {m.get("version") for m in records if m["stream"] != MEMBERS}
    activated = [m for m in run.messages if m["type"] == "ACTIVATE_VERSION"]
    assert [{"type": "ACTIVATE_VERSION", "stream": MEMBERS, "version": version}] == activated
    assert "STATE" == run.messages[-1]["type"]


@pytest.mark.parametrize("given", [{"audience_ids": [1]}, {"shard": "1/2"}], ids=str)
def test_records_of_an_incomplete_read_have_a_version_too(audiences, sync, given):
    """A later complete read can then remove them; this one activates nothing."""
    run = sync(MEMBERS, **given)
    assert 0 == run.code, run.stderr
    assert all("version" in m for m in run.messages if m["type"] == "RECORD")
    assert [] == [m for m in run.messages if m["type"] == "ACTIVATE_VERSION"]


def test_with_keep_there_are_no_versions(audiences, sync):
    """With ``deleted_rows: keep`` the messages are those of a tap without versions."""
    run = sync(MEMBERS, deleted_rows="keep")
    assert 0 == run.code, run.stderr
    assert {False} == {"version" in m for m in run.messages if m["type"] == "RECORD"}
    assert {"SCHEMA", "RECORD", "STATE"} == {m["type"] for m in run.messages}


def test_batches_end_without_a_version(audiences, sync, tmp_path):
    """Rows in files have no version, so that no target may remove the others."""
    run = sync(MEMBERS, batch="jsonl", batch_directory=str(tmp_path))
    assert 0 == run.code, run.stderr
    assert {"SCHEMA", "BATCH", "STATE"} == {m["type"] for m in run.messages}
