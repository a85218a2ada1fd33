"""Airflow 3 only calls ``on_kill`` of a killed task and waits, so that the task itself has to end."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress

import pytest

from airflow_provider_talon_one.airflow_compat.on_kill import EndsRequestsOnKill
from airflow_provider_talon_one.decorators import TalonOneDecoratedOperator
from airflow_provider_talon_one.operators.talon_one import TalonOneOperator
from airflow_provider_talon_one.reports.report import ReportOperator
from airflow_provider_talon_one.sensors.talon_one import TalonOneSensor
from airflow_provider_talon_one.transfers.push_operator import PushOperator
from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator
from talon_one_singer.errors import Stopped


@pytest.fixture
def silent(monkeypatch):
    """Run a server that never answers behind the default connection; the value is set when a request has arrived."""
    asked, over = threading.Event(), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with suppress(OSError):  # nobody has come
            connection, _ = listener.accept()
            connection.recv(65536)
            asked.set()
            over.wait(60)
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    extra = {"management_api_key": "k3y-two-1234", "stop_grace_seconds": 0.3}
    host = f"http://127.0.0.1:{listener.getsockname()[1]}"
    connection = {"conn_type": "talon_one", "host": host, "password": "k3y-one-1234", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_TALON_ONE_DEFAULT", json.dumps(connection))
    yield asked
    over.set()
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    listener.close()


@pytest.mark.usefixtures("database")
def test_a_killed_task_cuts_its_request_off(silent):
    """The request of a killed task ends after the grace time, and the task with it."""
    operator = TalonOneOperator(task_id="t", operation="get_loyalty_programs")

    def kill():
        if silent.wait(60):
            operator.on_kill()

    killing = threading.Thread(target=kill)
    killing.start()
    with pytest.raises(Stopped) as stopped:
        operator.execute({})
    killing.join()
    assert 143 == stopped.value.exit_code


@pytest.mark.parametrize(
    "kind",
    [
        TalonOneOperator,
        TalonOneSensor,
        TalonOneDecoratedOperator,
        TalonOneToWarehouseOperator,
        PushOperator,
        ReportOperator,
    ],
)
def test_every_task_that_calls_talon_one_ends_when_it_is_killed(kind):
    """Each kind of task has an ``on_kill`` of its own, before that of Airflow, which does nothing."""
    owner = next(each for each in kind.__mro__ if "on_kill" in vars(each))
    assert owner in (kind, EndsRequestsOnKill, PushOperator)
