"""A store in the database of the source: only what differs leaves the database, and the promises of a store hold."""

from __future__ import annotations

import pytest

from talon_one_singer.shards import Shard
from talon_one_warehouse.errors import WarehouseError
from target_talon_one.errors import GuardError, SyncConfigError
from target_talon_one.sync.replay import forget_retried, retry
from target_talon_one.sync.run import SyncRun
from target_talon_one.sync.verify import Verification
from tests.examples import slow
from tests.target.source_databases import SERVERS, SourceDatabase

VIP = {
    "sink": "audience_members",
    "audience": 1,
    "mode": "mirror",
    "key": "id",
    "create_profiles": "allow",
    "max_delete_share": 1,
}
ITEMS = {
    "sink": "catalog_items",
    "catalog_id": 1,
    "mode": "mirror",
    "map": {"sku": "id", "price": "price"},
    "max_delete_share": 1,
    "max_reject_share": 1,
}
LISTS = "update_customer_profile_audiences"


@pytest.fixture(params=["duckdb", slow("postgresql"), slow("snowflake"), slow("bigquery")])
def source(request, tmp_path):
    """A database with an empty table."""
    of_server = SERVERS.get(request.param)
    url = request.getfixturevalue(of_server) if of_server else f"duckdb:///{tmp_path}/source.duckdb"
    found = SourceDatabase(url)
    found.fill_ids([])
    return found


@pytest.fixture
def audience(engine):
    """An audience with the id 1."""
    with engine.client() as client:
        assert 1 == client.create_audience_v2({"name": "VIP"})["id"]


def _prices(engine):
    return {sku: float(item["price"]) for sku, item in engine.items().items()}


def _retry_last(engine, source):
    """Send the rows again that the last run left refused."""
    with (
        engine.client() as client,
        source.store() as store,
        SyncRun(client, store, engine.options(), command="r") as run,
    ):
        of_run = store.runs.find()[1]["id"]
        replayed = retry(run, store, of_run, {})
        run.flush()
        forget_retried(store, of_run, replayed)


@pytest.mark.usefixtures("audience")
@pytest.mark.parametrize("source", ["duckdb", "postgresql", slow("snowflake")], indirect=True)
def test_only_what_differs_is_sent_and_counted(engine, source):
    """A second push adds and removes what has changed, and counts the other rows as the same."""
    source.fill_ids([f"c-{n}" for n in range(100)])
    first = source.push(engine, VIP)
    source.fill_ids([f"c-{n}" for n in range(2, 103)])
    second = source.push(engine, VIP)
    assert {f"c-{n}" for n in range(2, 103)} == engine.members()
    assert (100, 100, 0) == (first.read, first.adds, first.same)
    assert (101, 3, 2, 98, 100) == (second.read, second.adds, second.removes, second.same, second.known)


@pytest.mark.usefixtures("audience")
def test_only_what_differs_leaves_the_database(engine, source):
    """Of a hundred rows with one new row, the run stages the new row only."""
    source.fill_ids([f"c-{n}" for n in range(100)])
    source.push(engine, VIP)
    source.fill_ids([f"c-{n}" for n in range(101)])
    with (
        engine.client() as client,
        source.store() as store,
        SyncRun(client, store, engine.options(), command="t") as run,
    ):
        destination = source.read(run, store, VIP)
        assert 1 == destination.waiting
        assert 100 == destination.unchanged


@pytest.mark.usefixtures("audience")
def test_a_source_without_rows_is_stopped_by_the_guard(engine, source):
    """The guard allow_empty stops a mirror of an empty table, and the members stay."""
    source.fill_ids(["a", "b"])
    source.push(engine, VIP)
    source.fill_ids([])
    with pytest.raises(GuardError, match="the source has no rows, so the mirror would remove 2 of 2 rows"):
        source.push(engine, VIP)
    assert {"a", "b"} == engine.members()


@pytest.mark.usefixtures("audience")
def test_the_share_of_removed_rows_is_that_of_all_known_rows(engine, source):
    """The guard max_delete_share counts the rows that stay in the database, too."""
    source.fill_ids([f"c-{n}" for n in range(100)])
    source.push(engine, VIP)
    source.fill_ids([f"c-{n}" for n in range(95)])
    removed = source.push(engine, VIP | {"max_delete_share": 0.05})
    assert 5 == removed.removes
    source.fill_ids([f"c-{n}" for n in range(85)])
    with pytest.raises(GuardError, match="10 of 95 rows"):
        source.push(engine, VIP | {"max_delete_share": 0.05})


def test_changed_values_are_updates(engine, source):
    """A changed price is sent, and a price that is only written in another way is not."""
    source.fill("id varchar, price numeric(10, 2)", ["('a', 1)", "('b', 2)", "('c', 3)"])
    source.push(engine, ITEMS)
    source.fill("id varchar, price numeric(12, 4)", ["('a', 1)", "('b', 2.5)", "('c', 3)"])
    found = source.push(engine, ITEMS)
    assert {"a": 1.0, "b": 2.5, "c": 3.0} == _prices(engine)
    assert (0, 1, 0, 2) == (found.adds, found.updates, found.removes, found.same)


def test_a_changed_mapping_sends_what_it_changes_and_reads_it_once(engine, source):
    """With another column as the price, the rows whose price differs are sent, and then nothing is read again."""
    source.fill("id varchar, price int, other int", ["('a', 1, 1)", "('b', 2, 3)"])
    source.push(engine, ITEMS)
    other = ITEMS | {"map": {"sku": "id", "price": "other"}}
    found = source.push(engine, other)
    assert (1, 1) == (found.updates, found.same)
    with (
        engine.client() as client,
        source.store() as store,
        SyncRun(client, store, engine.options(), command="t") as run,
    ):
        assert 0 == source.read(run, store, other).waiting


@pytest.mark.usefixtures("audience")
def test_a_plan_changes_nothing(engine, source):
    """A plan counts what a push does, and leaves the tables as they are."""
    source.fill_ids(["a", "b"])
    source.push(engine, VIP)
    source.fill_ids(["b", "c"])
    with (
        engine.client() as client,
        source.store() as store,
        SyncRun(client, store, engine.options(), command="t") as run,
    ):
        source.read(run, store, VIP)
        (planned,) = run.plan()
    assert (1, 1, 1, 2) == (planned.adds, planned.removes, planned.same, planned.known)
    assert {"a", "b"} == source.acknowledged() == engine.members()


def test_several_rows_with_one_key_are_refused(engine, source):
    """Two different rows of one key are refused before anything is sent, also if one of them is known."""
    source.fill("id varchar, price int", ["('a', 1)", "('a', 2)"])
    with pytest.raises(SyncConfigError, match="several different rows of the source have the key 'a'"):
        source.push(engine, ITEMS)
    assert {} == engine.items()
    source.fill("id varchar, price int", ["('a', 1)", "('a', 1)", "('b', 1)"])
    source.push(engine, ITEMS)
    source.fill("id varchar, price int", ["('a', 1)", "('a', 2)", "('b', 1)"])
    for mode in ("mirror", "upsert"):
        with pytest.raises(SyncConfigError, match="several different rows of the source have the key 'a'"):
            source.push(engine, ITEMS | {"mode": mode})
    assert {"a": 1.0, "b": 1.0} == _prices(engine)


def test_an_invalid_row_keeps_its_item(engine, source):
    """A row that can no longer be mapped is refused in each push, and its item stays as it was."""
    source.fill("id varchar, price varchar", ["('a', '1')", "('b', '2')"])
    source.push(engine, ITEMS)
    source.fill("id varchar, price varchar", ["('a', '1')", "('b', 'many')"])
    for _ in range(2):
        found = source.push(engine, ITEMS)
        assert (1, 0, 1) == (found.invalid, found.removes, found.same)
    assert {"a": 1.0, "b": 2.0} == _prices(engine)
    rows = [{name.lower(): value for name, value in line["row"].items()} for line in engine.rejects()]
    assert [{"id": "b", "price": "many"}] * 2 == rows


@pytest.mark.parametrize("mode", ["mirror", "upsert"])
def test_a_refused_value_does_not_come_back(engine, source, mode):
    """A value that Talon.One refused is not sent after the source has gone back to the acknowledged row."""
    given = ITEMS | {"mode": mode, "map": ITEMS["map"] | {"attributes": ["size"]}}
    columns = "id varchar, price int, size varchar"
    source.fill(columns, ["('a', 1, NULL)", "('b', 1, NULL)"])
    engine.management = False
    source.push(engine, given)
    source.fill(columns, ["('a', 2, 'XL')", "('b', 1, NULL)"])
    assert 1 == source.push(engine, given).rejected
    source.fill(columns, ["('a', 1, NULL)", "('b', 1, NULL)"])
    engine.emu.add("attributes", {"entity": "CartItem", "name": "size", "type": "string"})
    source.push(engine, given)
    assert {"a": 1.0, "b": 1.0} == _prices(engine)


def test_a_refused_row_is_sent_by_a_retry(engine, source):
    """A retry sends the refused row, and the push after it reads that row once more and sends nothing."""
    given = ITEMS | {"map": ITEMS["map"] | {"attributes": ["size"]}}
    engine.management = False
    source.fill("id varchar, price int, size varchar", ["('a', 1, 'XL')", "('b', 1, NULL)"])
    source.push(engine, given)
    engine.emu.add("attributes", {"entity": "CartItem", "name": "size", "type": "string"})
    _retry_last(engine, source)
    assert {"a": 1.0, "b": 1.0} == _prices(engine)
    found = source.push(engine, given)
    assert (0, 0, 2) == (found.adds, found.updates, found.same)


def test_a_row_that_a_retry_has_sent_is_read_when_the_source_goes_back(engine, source):
    """After a retry, the row that was acknowledged before it differs from what Talon.One has, and is sent."""
    given = ITEMS | {"map": ITEMS["map"] | {"attributes": ["size"]}}
    columns = "id varchar, price int, size varchar"
    engine.management = False
    source.fill(columns, ["('a', 1, NULL)", "('b', 1, NULL)"])
    source.push(engine, given)
    source.fill(columns, ["('a', 2, 'XL')", "('b', 1, NULL)"])
    source.push(engine, given)
    engine.emu.add("attributes", {"entity": "CartItem", "name": "size", "type": "string"})
    _retry_last(engine, source)
    assert {"a": 2.0, "b": 1.0} == _prices(engine)
    source.fill(columns, ["('a', 1, NULL)", "('b', 1, NULL)"])
    assert 1 == source.push(engine, given).updates
    assert {"a": 1.0, "b": 1.0} == _prices(engine)


@pytest.mark.usefixtures("audience")
def test_verify_heals_what_somebody_else_has_removed(engine, source):
    """A verification reads everything, and its correction is acknowledged in the source."""
    source.fill_ids(["a", "b", "c"])
    source.push(engine, VIP)
    with engine.client() as client:
        gone = {"action": "delete", "profileIntegrationId": "b", "audienceId": 1}
        client.update_customer_profile_audiences({"data": [gone]})
    with (
        engine.client() as client,
        source.store() as store,
        SyncRun(client, store, engine.options(), command="v") as run,
    ):
        destination = source.read(run, store, VIP, everything=True)
        check = Verification(client, store, destination, lambda: None)
        assert 1 == check.find().missing
        check.forget_drift()
        run.finish()
    assert {"a", "b", "c"} == engine.members() == source.acknowledged()
    with (
        engine.client() as client,
        source.store() as store,
        SyncRun(client, store, engine.options(), command="t") as run,
    ):
        assert 0 == source.read(run, store, VIP).waiting


@pytest.mark.usefixtures("audience")
def test_a_mirror_adopts_existing_members(engine, source):
    """An adopted member that is not in the source is removed, and the others are not added again."""
    with engine.client() as client:
        rows = [{"action": "add", "profileIntegrationId": name, "audienceId": 1} for name in ("a", "b", "old")]
        client.update_customer_profile_audiences({"data": rows})
    source.fill_ids(["a", "b", "c"])
    found = source.push(engine, VIP | {"adopt": True})
    assert (1, 1, 2) == (found.adds, found.removes, found.same)
    assert {"a", "b", "c"} == engine.members()
    assert 3 == source.push(engine, VIP).same


@pytest.mark.usefixtures("audience")
def test_a_person_is_erased_from_the_source_tables(engine, source):
    """After an erasure, the tables do not hold the key."""
    source.fill_ids(["a", "b"])
    source.push(engine, VIP)
    with source.store() as store:
        assert 1 == store.erase("a")
    assert {"b"} == source.acknowledged()


@pytest.mark.usefixtures("audience")
def test_shards_together_are_the_mirror(engine, source):
    """Each row is read by one shard, and a member that leaves is removed by the shard that added it."""
    source.fill_ids([f"c-{n}" for n in range(30)])
    read = [source.push(engine, VIP, shard=Shard(number, 3)).read for number in (1, 2, 3)]
    assert 30 == sum(read)
    assert all(read)
    source.fill_ids([f"c-{n}" for n in range(5, 33)])
    for number in (1, 2, 3):
        source.push(engine, VIP, shard=Shard(number, 3))
    assert {f"c-{n}" for n in range(5, 33)} == engine.members()
    with pytest.raises(SyncConfigError, match="has 3 shards, and this push has 2"):
        source.push(engine, VIP, shard=Shard(1, 2))


@pytest.mark.usefixtures("audience")
def test_a_read_that_is_stopped_ends_with_that(engine, source):
    """A run that is stopped between two blocks of rows says so, and the next one starts again."""
    source.fill_numbers(50_000)
    blocks = iter([None])
    with (
        pytest.raises(StopIteration),
        engine.client() as client,
        source.store() as store,
        SyncRun(client, store, engine.options(), command="t") as run,
    ):
        source.read(run, store, VIP, check=lambda: next(blocks))
    assert set() == engine.members()
    assert 50_000 == source.push(engine, VIP).adds


@pytest.mark.usefixtures("audience")
def test_the_mode_remove_takes_members_from_the_tables(engine, source):
    """Rows of the mode remove are removed and no longer acknowledged, and the others stay."""
    source.fill_ids(["a", "b", "c"])
    source.push(engine, VIP)
    source.fill_ids(["b"])
    assert 1 == source.push(engine, VIP | {"mode": "remove"}).removes
    assert {"a", "c"} == engine.members() == source.acknowledged()


@pytest.mark.usefixtures("audience")
def test_rows_that_are_marked_as_deleted_are_removed(engine, source):
    """In the mode upsert a row that leaves the source stays a member, and one that is marked as deleted does not."""
    given = VIP | {"mode": "upsert"}
    source.fill("id varchar, _sdc_deleted_at varchar", ["('a', NULL)", "('b', NULL)", "('c', NULL)", "('d', NULL)"])
    source.push(engine, given)
    source.fill("id varchar, _sdc_deleted_at varchar", ["('a', NULL)", "('b', '2026-01-01')", "('d', NULL)"])
    found = source.push(engine, given)
    assert (3, 1, 2, 4) == (found.read, found.removes, found.same, found.known)
    assert {"a", "c", "d"} == engine.members() == source.acknowledged()


@pytest.mark.usefixtures("audience")
def test_what_the_database_does_not_take_is_written_by_the_next_run(engine, postgres_url):
    """A push whose acknowledged rows cannot be written fails, and the next one knows them."""
    source = SourceDatabase(postgres_url)
    source.fill_ids(["a"])
    source.push(engine, VIP)
    source.run("ALTER TABLE talon_one_sync.acknowledged_1 ADD CONSTRAINT only_a CHECK (key = 'a') NOT VALID")
    source.fill_ids(["b", "c"])
    with pytest.raises(WarehouseError, match="only_a"):
        source.push(engine, VIP)
    source.run("ALTER TABLE talon_one_sync.acknowledged_1 DROP CONSTRAINT only_a")
    source.fill_ids(["c"])
    found = source.push(engine, VIP)
    assert (0, 1, 1) == (found.adds, found.removes, found.same)
    assert {"c"} == engine.members() == source.acknowledged()
