"""Several tasks push parts of one source: each with a store of its own, and always as many."""

from __future__ import annotations

import pytest

from talon_one_singer.shards import Shard
from target_talon_one.config.destinations import destination_from
from target_talon_one.config.options import SyncOptions
from target_talon_one.errors import GuardError, SyncConfigError
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun

VIP = {
    "sink": "audience_members",
    "audience": 1,
    "mode": "mirror",
    "key": "id",
    "create_profiles": "allow",
    "max_delete_share": 1,
}


@pytest.fixture(params=["file", "folder", "s3", "postgresql"])
def place(request, tmp_path):
    """Where a store can be."""
    if request.param == "s3":
        request.getfixturevalue("s3")
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return {"file": f"{tmp_path}/s.duckdb", "folder": f"file://{tmp_path}/home", "s3": "s3://bucket/home"}[
        request.param
    ]


@pytest.fixture
def push(engine, place, tmp_path):
    """Mirrors names by parts; what each part has read."""
    options = SyncOptions(rejects_directory=str(tmp_path / "rejects"), results_directory=str(tmp_path / "results"))

    def run(names, count, **more):
        read = []
        for number in range(1, count + 1):
            shard = Shard(number, count)
            with (
                engine.client() as client,
                open_store(place, shard=shard) as store,
                SyncRun(client, store, options, command="test") as sync,
            ):
                feed = sync.open(destination_from("vip", VIP | more, where="test"), columns=["id"], shard=shard)
                feed.add([{"id": name} for name in names], [f"row {n}" for n in range(len(names))])
                feed.complete = True
                sync.finish()
                read.append(feed.figures.read)
        return read

    return run


@pytest.fixture
def audience(engine):
    """An audience with the id 1."""
    with engine.client() as client:
        assert 1 == client.create_audience_v2({"name": "VIP"})["id"]


@pytest.mark.usefixtures("audience")
def test_parts_together_are_the_mirror(engine, push):
    """A row is read by one part; who leaves is removed by the part that put it there."""
    read = push([f"c-{n}" for n in range(30)], 3)
    assert (30, 3) == (sum(read), sum(map(bool, read)))
    push([f"c-{n}" for n in range(5, 33)], 3)
    assert {f"c-{n}" for n in range(5, 33)} == engine.members()


@pytest.mark.usefixtures("audience")
def test_another_number_of_parts_is_refused(push):
    """As each would begin anew, and nobody would remove what only the old stores know of."""
    push(["a", "b"], 2)
    for count, words in ((3, "is in 2 parts, and this push has 3"), (1, "is in 2 parts, and this push has 1")):
        with pytest.raises(SyncConfigError, match=words):
            push(["a"], count)


@pytest.mark.usefixtures("audience")
def test_a_store_of_the_whole_is_not_cut_into_parts(push):
    """For the same reason."""
    push(["a", "b"], 1)
    with pytest.raises(SyncConfigError, match="is in one part, and this push has 2"):
        push(["a", "b"], 2)


@pytest.mark.parametrize("place", ["file"], indirect=True)
@pytest.mark.usefixtures("audience")
def test_a_part_adopts_its_own_keys_only(engine, push):
    """Members that others will keep are not removed by it."""
    names = [f"c-{n}" for n in range(20)]
    with engine.client() as client:
        rows = [{"action": "add", "profileIntegrationId": name, "audienceId": 1} for name in names]
        client.update_customer_profile_audiences({"data": rows})
    push(names, 2, adopt=True)
    assert set(names) == engine.members()


@pytest.mark.parametrize("place", ["file"], indirect=True)
def test_an_audience_that_is_not_there_is_not_made_by_parts(push):
    """Each would make one."""
    with pytest.raises(SyncConfigError, match="make it first"):
        push(["a"], 2, audience={"name": "New"})


@pytest.mark.parametrize("place", ["file"], indirect=True)
@pytest.mark.usefixtures("audience")
def test_a_row_that_is_invalid_is_told_by_one_part(push, tmp_path):
    """Also one without a key."""
    push(["a", "b", None, ""], 3, max_reject_share=1)
    lines = [line for path in (tmp_path / "rejects").rglob("*.jsonl") for line in path.read_text().splitlines()]
    assert 2 == len(lines)


@pytest.mark.parametrize("place", ["file"], indirect=True)
@pytest.mark.usefixtures("audience")
def test_a_part_without_rows_is_no_empty_source(push):
    """The guard looks at the source, not at the part."""
    assert 0 in push(["a", "b"], 4)
    with pytest.raises(GuardError, match="the source has no row"):
        push([], 4)


@pytest.mark.parametrize("place", ["file", "folder", "postgresql"], indirect=True)
@pytest.mark.usefixtures("audience")
def test_what_only_looks_like_a_store_is_none(engine, push, place, tmp_path):
    """A log that a killed run has left, a backup of a table, a file of somebody else."""
    for name in ("s-part-1-of-9.duckdb.wal", "s-part-2024.duckdb", "home/part-00000.parquet"):
        (tmp_path / "home").mkdir(exist_ok=True)
        (tmp_path / name).touch()
    if place.startswith("postgresql"):
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(place, autocommit=True) as db, db.cursor() as cursor:
            cursor.execute("CREATE TABLE talon_one_sync_store_part_1_of_9_backup ()")
    push(["a", "b"], 2)
    assert {"a", "b"} == engine.members()


def test_a_store_without_a_suffix_has_parts_too(tmp_path):
    """Its log beside it is none of them."""
    with open_store(str(tmp_path / "store"), shard=Shard(1, 2)):
        (tmp_path / "store-part-1-of-2.wal").touch()
        open_store(str(tmp_path / "store"), shard=Shard(2, 2)).close()


def test_rows_that_must_not_be_in_flight_together_are_not_parted(engine):
    """Events of one profile would be in all parts."""
    destination = destination_from("visits", {"sink": "events", "mode": "add"}, where="test")
    with (
        engine.client() as client,
        open_store(":memory:") as store,
        SyncRun(client, store, SyncOptions(), command="test") as sync,
        pytest.raises(SyncConfigError, match="no two requests for one profileId may be in flight"),
    ):
        sync.open(destination, columns=["eventId", "profileId", "type"], shard=Shard(1, 2))
