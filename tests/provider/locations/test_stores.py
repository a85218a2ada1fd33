"""The stores of pushes: their names, those in the source, and warnings."""

from __future__ import annotations

import duckdb
import pytest

from airflow_provider_talon_one.locations.client_connections import ClientConnection
from airflow_provider_talon_one.locations.stores import StoreChoice, default_name, opened_source_store
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.store.in_source.source_store import open_source_store

pytestmark = pytest.mark.usefixtures("database", "connection")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"sink": "audience_members", "audience": 7}, "dag.audience_members.7"),
        ({"sink": "audience_members", "audience": {"name": "VIP"}}, "dag.audience_members.VIP"),
        (
            {"sink": "audience_members", "audience": {"name": "VIP", "integration": "i", "integration_id": "v"}},
            "dag.audience_members.v",
        ),
        ({"sink": "catalog_items", "catalog_id": "3"}, "dag.catalog_items.3"),
        ({"sink": "collection_items", "collection_id": 5}, "dag.collection_items.5"),
        (
            {"sink": "campaign_collection_items", "application_id": 1, "campaign_id": 2, "collection_id": 6},
            "dag.campaign_collection_items.6",
        ),
        ({"sink": "customer_profiles"}, "dag.customer_profiles"),
    ],
)
def test_the_default_name_is_that_of_dag_and_destination(given, expected):
    """Plan, push and verification of one destination share a store; mapped tasks of other destinations do not."""
    mode = "upsert" if given["sink"] == "customer_profiles" else "mirror"
    assert expected == default_name("dag", destination_from("task", {**given, "mode": mode}))


def note(store, text=None):
    """Return the text that a store had, and save another one if it is given."""
    with store:
        found = store.values.get("note")
        if text is not None:
            store.values.set("note", text)
        return found


def test_stores_in_a_source_share_a_schema_at_the_same_moment(postgres_url):
    """Each name has a lock and a store of its own in one schema."""
    database = ClientConnection(postgres_url, {})
    with (
        opened_source_store(database, "s", StoreChoice("a", True)) as a,
        opened_source_store(database, "s", StoreChoice("b", False)) as b,
    ):
        a.values.set("note", "of a")
        b.values.set("note", "of b")
    assert ["of a", "of b"] == [note(opened_source_store(database, "s", StoreChoice(name, True))) for name in "ab"]


def test_a_store_in_the_source_of_an_earlier_version_is_used(tmp_path):
    """A default name goes on with the store of the schema, and a chosen one is refused instead of forgetting rows."""
    from talon_one_warehouse.in_source.tables import SourceTables

    url = f"duckdb:///{tmp_path}/w.duckdb"
    duckdb.connect(str(tmp_path / "w.duckdb")).close()
    note(open_source_store(SourceTables(url, "s")), "old")
    assert "old" == note(opened_source_store(ClientConnection(url, {}), "s", StoreChoice("a", True)))
    with pytest.raises(ValueError, match="has a store without a name"):
        opened_source_store(ClientConnection(url, {}), "s", StoreChoice("a", False))


@pytest.fixture
def segment(tmp_path):
    """Return the URL of a file with one member."""
    (tmp_path / "vip.csv").write_text("id\na\n")
    return str(tmp_path / "vip.csv")


def test_a_mirror_in_the_default_file_of_a_worker_warns(emu, push_members, segment, tmp_path, monkeypatch, caplog):
    """Another worker would not know the rows of this one, so the log says what to set; with a store it does not."""
    monkeypatch.chdir(tmp_path)
    push_members(source_url=segment)
    assert "keeps its store in the file talon-one-store.duckdb of this worker" in caplog.text
    caplog.clear()
    push_members(source_url=segment, mode="upsert")
    assert "of this worker" not in caplog.text
    assert 1 == len(emu.state("memberships")["memberships"])


def test_a_mirror_with_a_new_store_warns_once(push_members, segment, tmp_path, caplog):
    """A store that knows nothing, for example because the DAG was renamed, is named in the log of plan and push."""
    push_members(source_url=segment, store=str(tmp_path / "first.duckdb"))
    assert "this mirror removes no row" not in caplog.text
    given = {"source_url": segment, "store": f"file://{tmp_path}/stores"}
    for options in ({"plan_only": True}, {}):
        push_members(**given, **options)
        assert f"The store {tmp_path}/stores/dag.audience_members.VIP is new for task: this mirror" in caplog.text
        caplog.clear()
    push_members(**given)
    assert "is new" not in caplog.text


def test_a_plan_names_the_audience_that_it_creates(push_members, segment, tmp_path, caplog):
    """A mistyped name is shown with the one that may be meant."""
    push_members(source_url=segment, store=str(tmp_path / "s"))
    push_members(source_url=segment, store=str(tmp_path / "s"), audience={"name": "VIPP"}, plan_only=True)
    assert "task: creates the audience 'VIPP'; did you mean 'VIP'?" in caplog.text


def test_a_plan_reads_the_store_of_the_push(push_members, segment, tmp_path):
    """Plan and push of a destination share the store without a word about it."""
    options = {"source_url": segment, "store": f"file://{tmp_path}/stores"}
    assert 1 == push_members(**options, plan_only=True).returned["adds"]
    push_members(**options)
    plan = push_members(**options, plan_only=True).returned
    assert (0, 1) == (plan["adds"], plan["same"])
