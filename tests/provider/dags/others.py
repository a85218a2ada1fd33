"""Sensors, a decorated task, Singer processes and a notifier, for the tests."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_talon_one.sensors.talon_one import (
    AudienceSizeSensor,
    CatalogVersionSensor,
    LoyaltyTransactionsSensor,
)
from airflow_provider_talon_one.transfers.singer import SingerOperator

ARGUMENTS = {"schedule": None, "start_date": datetime(2026, 1, 1, tzinfo=UTC), "catchup": False}

for kind, deferrable in (("waiting", False), ("deferred", True)):
    with DAG(f"sensors_{kind}", **ARGUMENTS):
        options = {"poke_interval": 0.2, "timeout": 20, "deferrable": deferrable}
        AudienceSizeSensor(task_id="audience", audience_id=1, at_least=2, **options)
        CatalogVersionSensor(task_id="catalog", catalog_id=1, at_least=2, **options)
        LoyaltyTransactionsSensor(task_id="rows", loyalty_program_id=1, since="2026-01-01T00:00:00Z", **options)

    with DAG(f"sensor_late_{kind}", **ARGUMENTS):
        AudienceSizeSensor(
            task_id="audience", audience_id=1, at_least=99, poke_interval=0.2, timeout=1, deferrable=deferrable
        )

with DAG("decorated", **ARGUMENTS):

    @task.talon_one
    def programs(client) -> int:  # type: ignore[no-untyped-def]
        """Return the number of loyalty programs."""
        return len(client.get_loyalty_programs()["data"])

    programs()

with DAG("singer", **ARGUMENTS):
    SingerOperator(
        task_id="sync",
        tap=[sys.executable, str(Path(__file__).with_name("a_tap.py"))],
        target=[sys.executable, "-m", "target_talon_one", "--config=ENV"],
        tap_config={"names": "{{ dag_run.conf['names'] }}"},
        target_config={
            "base_url": "{{ dag_run.conf['base_url'] }}",
            "store": "{{ dag_run.conf['folder'] }}/store.duckdb",
            "rejects_directory": "{{ dag_run.conf['folder'] }}/rejects",
            "streams": {
                "vip": {
                    "sink": "audience_members",
                    "audience": {"name": "VIP"},
                    "key": "id",
                    "mode": "upsert",
                    "create_profiles": "allow",
                }
            },
        },
        env={"TARGET_TALON_ONE_API_KEY": "{{ conn.talon_one_default.password }}"},
        state_path="file://{{ dag_run.conf['folder'] }}/state.json",
    )
