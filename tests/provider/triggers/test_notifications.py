"""The trigger of notifications: an event at its start, one whenever rows have come, and none in between."""

from __future__ import annotations

import asyncio
import json

import pytest

from airflow_provider_talon_one.triggers.notifications import NotificationsTrigger
from tests.receiver.merged import TIERS, merge_tier


def test_an_event_comes_at_the_start_and_after_each_merge(tmp_path):
    """The first event says what is there, the next one comes with new rows; the same rows again bring none."""
    url = f"duckdb:///{tmp_path}/w.duckdb"

    async def events():
        trigger = NotificationsTrigger([TIERS.name], warehouse_url=url, poll_interval=0.01)
        found = aiter(trigger.run())
        first = asyncio.ensure_future(anext(found))  # there is no table yet
        merge_tier(url, "ada")
        payloads = [(await first).payload]
        merge_tier(url, "ada")
        merge_tier(url, "bob")
        payloads.append((await anext(found)).payload)
        await found.aclose()
        return [one["tables"][TIERS.name]["rows"] for one in payloads]

    assert [1, 2] == asyncio.run(events())


def test_the_arguments_survive_the_database_of_airflow():
    """The trigger that is made again from what Airflow stores is the same, and holds no secret."""
    made = NotificationsTrigger(["notifications_tiers"], warehouse_conn_id="warehouse", poll_interval=5)
    path, arguments = made.serialize()
    assert f"{type(made).__module__}.NotificationsTrigger" == path
    assert arguments == NotificationsTrigger(**json.loads(json.dumps(arguments))).serialize()[1]


def test_a_trigger_without_a_warehouse_or_tables_is_refused():
    """The mistakes are found when the DAG is parsed."""
    with pytest.raises(ValueError, match="warehouse_conn_id or warehouse_url"):
        NotificationsTrigger(["notifications_tiers"])
    with pytest.raises(ValueError, match="tables must be a list"):
        NotificationsTrigger("notifications_tiers", warehouse_url="duckdb:///w.duckdb")


def test_an_asset_of_airflow_3_can_be_watched(airflow_version):
    """A DAG that is scheduled by a watched asset is serialized with the trigger."""
    if airflow_version < (3, 0):
        pytest.skip("Airflow 2 has no event-driven DAGs")
    from airflow.sdk import DAG, Asset, AssetWatcher
    from airflow.serialization import serialized_objects

    trigger = NotificationsTrigger(["notifications_tiers"], warehouse_conn_id="warehouse")
    asset = Asset("tiers", watchers=[AssetWatcher(name="tiers", trigger=trigger)])
    with DAG("tiers_changed", schedule=[asset]) as dag:
        pass
    kind = getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG
    stored = json.dumps(kind.to_dict(dag))
    assert trigger.serialize()[0] in stored
