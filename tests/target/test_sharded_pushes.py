"""Several tasks push shards of one source, each with a separate store, and always with the same number of shards."""

from __future__ import annotations

import pytest

from talon_one_singer.shards import Shard
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.config.options import SyncOptions
from target_talon_one.errors import GuardError, SyncConfigError
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun
from tests.examples import slow

VIP = {
    "sink": "audience_members",
    "audience": 1,
    "mode": "mirror",
    "key": "id",
    "create_profiles": "allow",
    "max_delete_share": 1,
}


@pytest.fixture(params=["file", "folder", "s3", "postgresql"])
def location(request, tmp_path):
    """Return the location of an empty store, of each kind."""
    if request.param == "s3":
        request.getfixturevalue("s3")
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return {"file": f"{tmp_path}/s.duckdb", "folder": f"file://{tmp_path}/stores", "s3": "s3://bucket/stores"}[
        request.param
    ]


@pytest.fixture
def push(engine, location, tmp_path):
    """Mirror names by shards; return how many rows each shard has read."""
    options = SyncOptions(rejects_directory=str(tmp_path / "rejects"), results_directory=str(tmp_path / "results"))

    def run(names, count, **more):
        read = []
        for number in range(1, count + 1):
            shard = Shard(number, count)
            with (
                engine.client() as client,
                open_store(location, shard=shard) as store,
                SyncRun(client, store, options, command="test") as sync,
            ):
                destination = sync.open(destination_from("vip", VIP | more, where="test"), columns=["id"], shard=shard)
                destination.add([{"id": name} for name in names], [f"row {n}" for n in range(len(names))])
                destination.close_source(complete=True)
                sync.finish()
                read.append(destination.counts.read)
        return read

    return run


@pytest.fixture
def audience(engine):
    """An audience with the id 1."""
    with engine.client() as client:
        assert 1 == client.create_audience_v2({"name": "VIP"})["id"]


@pytest.mark.usefixtures("audience")
@pytest.mark.parametrize("location", ["file", slow("folder"), slow("s3"), "postgresql"], indirect=True)
def test_shards_together_are_the_mirror(engine, push):
    """Each row is read by one shard, and a member that leaves is removed by the shard that added it."""
    read = push([f"c-{n}" for n in range(30)], 3)
    assert 30 == sum(read)
    assert all(read)
    push([f"c-{n}" for n in range(5, 33)], 3)
    assert {f"c-{n}" for n in range(5, 33)} == engine.members()


@pytest.mark.usefixtures("audience")
def test_another_number_of_shards_is_refused(push):
    """A push with another number of shards is refused, because no new store would know the rows of the old ones."""
    push(["a", "b"], 2)
    for count, words in ((3, "has 2 shards, and this push has 3"), (1, "has 2 shards, and this push has 1")):
        with pytest.raises(SyncConfigError, match=words):
            push(["a"], count)


@pytest.mark.usefixtures("audience")
def test_an_unsharded_store_is_not_split_into_shards(push):
    """A store that was pushed without shards is refused when there are some."""
    push(["a", "b"], 1)
    with pytest.raises(SyncConfigError, match="has one shard, and this push has 2"):
        push(["a", "b"], 2)


@pytest.mark.parametrize("location", ["file"], indirect=True)
@pytest.mark.usefixtures("audience")
def test_a_shard_adopts_its_own_keys_only(engine, push):
    """A shard does not remove the members that belong to other shards."""
    names = [f"c-{n}" for n in range(20)]
    with engine.client() as client:
        rows = [{"action": "add", "profileIntegrationId": name, "audienceId": 1} for name in names]
        client.update_customer_profile_audiences({"data": rows})
    push(names, 2, adopt=True)
    assert set(names) == engine.members()


@pytest.mark.parametrize("location", ["file"], indirect=True)
def test_a_missing_audience_is_not_created_by_shards(push):
    """A sharded push to a missing audience is refused, because each shard would create an audience of its own."""
    with pytest.raises(SyncConfigError, match="create it first"):
        push(["a"], 2, audience={"name": "New"})


@pytest.mark.parametrize("location", ["file"], indirect=True)
@pytest.mark.usefixtures("audience")
def test_an_invalid_row_is_rejected_by_one_shard(push, tmp_path):
    """Every invalid row is in the rejects of one shard, also a row without a key."""
    push(["a", "b", None, ""], 3, max_reject_share=1)
    lines = [line for path in (tmp_path / "rejects").rglob("*.jsonl") for line in path.read_text().splitlines()]
    assert 2 == len(lines)


@pytest.mark.parametrize("location", ["file"], indirect=True)
@pytest.mark.usefixtures("audience")
def test_a_shard_without_rows_is_no_empty_source(push):
    """The guard allow_empty stops an empty source, but not an empty shard of it."""
    assert 0 in push(["a", "b"], 4)
    with pytest.raises(GuardError, match="the source has no row"):
        push([], 4)


@pytest.mark.parametrize("location", ["file", "folder", "postgresql"], indirect=True)
@pytest.mark.usefixtures("audience")
def test_files_that_only_look_like_a_store_are_ignored(engine, push, location, tmp_path):
    """Logs of killed runs, backups and foreign files do not count as stores of another number of shards."""
    for name in ("s-part-1-of-9.duckdb.wal", "s-part-2024.duckdb", "stores/part-00000.parquet"):
        (tmp_path / "stores").mkdir(exist_ok=True)
        (tmp_path / name).touch()
    if location.startswith("postgresql"):
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(location, autocommit=True) as db, db.cursor() as cursor:
            cursor.execute("CREATE TABLE talon_one_sync_store_part_1_of_9_backup ()")
    push(["a", "b"], 2)
    assert {"a", "b"} == engine.members()


def test_a_store_without_a_suffix_has_shards_too(tmp_path):
    """Each shard has a file beside those of the others, and a log there does not count as one."""
    with open_store(str(tmp_path / "store"), shard=Shard(1, 2)):
        (tmp_path / "store-part-1-of-2.wal").touch()
        open_store(str(tmp_path / "store"), shard=Shard(2, 2)).close()
    files = {path.name for path in tmp_path.iterdir()} - {"store-part-1-of-2.wal"}
    assert {"store-part-1-of-2", "store-part-2-of-2"} == files


def test_rows_that_must_not_be_in_flight_together_are_not_sharded(engine, tmp_path):
    """A sharded push of events is refused, because the events of one profile would be in several shards."""
    destination = destination_from("visits", {"sink": "events", "mode": "add"}, where="test")
    with (
        engine.client() as client,
        open_store(str(tmp_path / "store.duckdb")) as store,
        SyncRun(client, store, SyncOptions(), command="test") as sync,
        pytest.raises(SyncConfigError, match="requests with the same profileId must not be in flight at once"),
    ):
        sync.open(destination, columns=["eventId", "profileId", "type"], shard=Shard(1, 2))
