"""Sensors, the decorator, Singer processes and the notifier."""

from __future__ import annotations

import json

import pytest

from airflow_provider_talon_one.assets import talon_one_asset, to_openlineage_dataset
from airflow_provider_talon_one.notifications import RejectsNotifier
from airflow_provider_talon_one.sensors.talon_one import TalonOneSensor
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToAudienceOperator
from talon_one_client.client import TalonOneClient
from talon_one_client.connection.config import ClientConfig
from talon_one_singer.settings.secret import Secret

pytestmark = pytest.mark.usefixtures("database", "connection")


@pytest.fixture
def account(emu):
    """An audience of two, a catalog of version 2, a card with a row."""
    with TalonOneClient(ClientConfig(base_url=emu.url, api_key=Secret(emu.api_key))) as client:
        client.create_audience_v2({"name": "VIP"})
        data = [{"action": "add", "profileIntegrationId": name, "audienceId": 1} for name in ("a", "b")]
        client.update_customer_profile_audiences({"data": data})
        for sku in ("a", "b"):
            client.sync_catalog(1, {"actions": [{"type": "ADD", "payload": {"sku": sku}}]})
    emu.add("cards", {"program": 1, "identifier": "card-1"})
    emu.add_transactions([{"program": 1, "card": "card-1", "amount": "1", "created": "2026-02-01T00:00:00Z"}])
    return emu


@pytest.mark.parametrize("kind", ["waiting", "deferred"])
def test_sensors_find_what_they_wait_for(account, run_dag, kind):
    """Sensors succeed on the worker and in the triggerer, and write nothing."""
    account.clear_requests()
    run = run_dag(f"sensors_{kind}")
    assert {"audience": "success", "catalog": "success", "rows": "success"} == run.states()
    assert {"audience_id": 1, "members": 2} == run.xcom("audience")
    assert not [one for one in account.requests() if one["method"] != "GET"]


@pytest.mark.parametrize("kind", ["waiting", "deferred"])
def test_a_sensor_gives_up_at_its_deadline(account, run_dag, kind):
    """A sensor fails at its timeout, also while it is deferred."""
    assert "failed" == run_dag(f"sensor_late_{kind}").state


def test_a_sensor_for_nothing_is_reported_when_the_dag_is_parsed():
    """The error lists the conditions that exist."""
    with pytest.raises(ValueError, match="must be one of transactions_since"):
        TalonOneSensor(task_id="t", condition="the_moon", arguments={})


def test_a_decorated_function_gets_a_client(emu, run_dag):
    """The function receives a client of the connection."""
    assert 2 == run_dag("decorated").xcom("programs")


def test_openlineage_receives_what_a_push_read_and_wrote():
    """The facets have the datasets and the number of rows, and no password."""
    task = WarehouseToAudienceOperator(task_id="t", audience=7, key="id", source_url="x", table="vip")
    task.record_push("postgresql://u:planted@host/db", "vip", "https://shop.talon.one", "audiences/7", 3)
    facets = task.get_openlineage_facets_on_complete(None)
    assert [("postgresql://host/db", "vip")] == [(one.namespace, one.name) for one in facets.inputs]
    (output,) = facets.outputs
    assert "talonone://shop.talon.one" == output.namespace
    assert "audiences/7" == output.name
    assert 3 == output.outputFacets["outputStatistics"].rowCount
    asset = to_openlineage_dataset(talon_one_asset("https://shop.talon.one", "audiences", 7), None)
    assert output.namespace == asset.namespace
    assert output.name == asset.name


def test_singer_processes_keep_their_state_between_runs(emu, run_dag, tmp_path):
    """The second run starts from the state of the first, and the key reaches the processes by their environment."""
    for names in ("a,b", "b,c"):
        run = run_dag("singer", names=names, base_url=emu.url, folder=str(tmp_path))
        assert "success" == run.state
        assert {"states": 1} == run.xcom("sync")
    assert {"runs": 2} == json.loads((tmp_path / "state.json").read_text())
    assert 3 == len(emu.state("memberships")["memberships"])


@pytest.mark.parametrize(("refused", "told"), [(0, []), (3, ["d.t: 3 rows were refused in run r; see rejects/r"])])
def test_the_notifier_tells_of_refused_rows_only(refused, told):
    """The notifier sends a text with the folder of the rejects, and none if no row was refused."""
    said = []

    class Task:
        dag_id, task_id = "d", "t"

        def xcom_pull(self, **_options):
            return {"refused": refused, "run": "r", "rejects": "rejects/r"}

    RejectsNotifier(said.append).notify({"ti": Task()})
    assert told == said
