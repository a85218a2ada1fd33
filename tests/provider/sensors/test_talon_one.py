"""Sensors, on the worker and deferred."""

from __future__ import annotations

import asyncio

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_talon_one.sensors.talon_one import AudienceSizeSensor, TalonOneSensor
from airflow_provider_talon_one.triggers.talon_one import TalonOneTrigger
from talon_one_client.client import TalonOneClient
from talon_one_client.connection.config import ClientConfig
from talon_one_client.errors import RateLimitedError, ServerError
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


def poked(task):
    """Check once on the worker."""
    task.poke({})


def triggered(task):
    """Check once in the triggerer, and resume with its event."""
    trigger = TalonOneTrigger(task.condition, task.arguments, "talon_one_default", poll_interval=0, deadline=0)
    task.resume({}, asyncio.run(anext(trigger.run())).payload)


@pytest.mark.parametrize("check", [poked, triggered])
def test_an_answer_that_does_not_come_is_left_to_retries(emu, connection, check):
    """A transient error keeps its class, on the worker and in the triggerer; a key without rights fails the sensor."""
    connection(retry_budget_seconds=0)
    for fault, kind in (("500", ServerError), ("429", RateLimitedError), ("403", AirflowFailException)):
        emu.clear_faults()
        emu.fault("get_audiences_analytics", fault, count=0)
        with pytest.raises(kind, match=fault):
            check(AudienceSizeSensor(task_id="t", audience_id=1, at_least=1))


def test_a_sensor_for_nothing_is_reported_when_the_dag_is_parsed():
    """The error lists the conditions that exist."""
    with pytest.raises(ValueError, match="must be one of transactions_since"):
        TalonOneSensor(task_id="t", condition="the_moon", arguments={})


def test_look_is_an_alias_of_condition():
    """The earlier name of the parameter still selects the condition."""
    arguments = {"audience_id": 1, "at_least": 2}
    assert "audience_of_size" == TalonOneSensor(task_id="t", look="audience_of_size", arguments=arguments).condition
