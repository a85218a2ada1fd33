"""Pushes that the tests run, set by the run's conf."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_talon_one.assets import talon_one_asset
from airflow_provider_talon_one.notifications import RejectsNotifier
from airflow_provider_talon_one.transfers.talon_one_to_warehouse import plan_shards
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import (
    WarehouseToAudienceOperator,
    WarehouseToProfilesOperator,
)

ARGUMENTS = {"schedule": None, "start_date": datetime(2026, 1, 1, tzinfo=UTC), "catchup": False}
STORE = "{{ dag_run.conf['store'] }}"

with DAG("push_vip", **ARGUMENTS):
    WarehouseToAudienceOperator(
        task_id="push",
        audience={"name": "VIP"},
        key="id",
        source_conn_id="{{ dag_run.conf['conn'] }}",
        sql="{{ dag_run.conf['sql'] }}",
        store=STORE,
        rejects_directory="{{ dag_run.conf['store'] }}-rejects",
        options={"create_profiles": "allow"},
        outlets=[talon_one_asset("http://127.0.0.1", "audiences", 1)],
        retries=2,
        retry_delay=timedelta(seconds=1),
    )


def said(text: str) -> None:
    """Write what a notifier says to a file."""
    Path(os.environ["TEST_SAID"]).write_text(text)


with DAG("push_profiles", **ARGUMENTS):
    WarehouseToProfilesOperator(
        task_id="push",
        key="id",
        map={"attributes": ["tier"]},
        source_conn_id="{{ dag_run.conf['conn'] }}",
        table="profiles",
        store=STORE,
        rejects_directory="{{ dag_run.conf['store'] }}-rejects",
        max_rejects=0,
        on_failure_callback=RejectsNotifier(said),
    )

with DAG("push_parts", **ARGUMENTS):

    @task
    def parts(dag_run=None) -> list[str]:  # type: ignore[no-untyped-def]
        """Return descriptors, never rows."""
        return plan_shards(dag_run.conf["parts"])

    WarehouseToAudienceOperator.partial(
        task_id="push",
        audience=1,
        key="id",
        source_conn_id="{{ dag_run.conf['conn'] }}",
        table="vip",
        store=STORE,
        store_in_source="{{ dag_run.conf.get('in_source') }}",
        rejects_directory="{{ dag_run.conf['store'] }}-rejects",
        options={"create_profiles": "allow", "max_delete_share": 1},
    ).expand(shard=parts())
