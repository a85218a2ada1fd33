"""A load and a push whose locations come from the conf of the run."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToAudienceOperator

ARGUMENTS = {"schedule": None, "start_date": datetime(2026, 1, 1, tzinfo=UTC), "catchup": False}

with DAG("load_and_push_at_locations", **ARGUMENTS):
    TalonOneToWarehouseOperator(
        task_id="load",
        streams=["loyalty_card_transactions"],
        warehouse_url="{{ dag_run.conf['lake'] }}",
        settings={"loyalty_program_ids": [1]},
    ) >> WarehouseToAudienceOperator(
        task_id="push",
        audience={"name": "VIP"},
        key="id",
        source_url="{{ dag_run.conf['segment'] }}",
        store_conn_id="{{ dag_run.conf['store_conn_id'] }}",
        rejects_directory="{{ dag_run.conf['folder'] }}/rejects",
        results_directory="{{ dag_run.conf['folder'] }}/results",
        options={"create_profiles": "allow"},
    )
