"""A push and a load whose worker the tests kill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToAudienceOperator

ARGUMENTS = {"schedule": None, "start_date": datetime(2026, 1, 1, tzinfo=UTC), "catchup": False}
RETRIES = {"retries": 20, "retry_delay": timedelta(seconds=1)}

with DAG("killed_push", **ARGUMENTS):
    WarehouseToAudienceOperator(
        task_id="work",
        audience={"name": "VIP"},
        key="id",
        source_url="{{ dag_run.conf['warehouse'] }}",
        sql="SELECT id FROM segment",
        store="{{ dag_run.conf['store'] }}",
        options={"create_profiles": "allow"},
        settings={"concurrency": 2},
        talon_one_conn_id="recorded",
        **RETRIES,
    )

with DAG("killed_load", **ARGUMENTS):
    TalonOneToWarehouseOperator(
        task_id="work",
        streams=["loyalty_card_transactions"],
        warehouse_url="{{ dag_run.conf['warehouse'] }}",
        settings={"settle_seconds": 0, "transactions_strategy": "per_entity"},
        talon_one_conn_id="recorded",
        **RETRIES,
    )
