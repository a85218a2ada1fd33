"""DAGs whose memory the tests measure."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToAudienceOperator

ARGUMENTS = {"schedule": None, "start_date": datetime(2026, 1, 1, tzinfo=UTC), "catchup": False}

with DAG("empty", **ARGUMENTS):

    @task
    def nothing() -> None:
        """Do nothing."""

    nothing()

with DAG("million_members", **ARGUMENTS):
    WarehouseToAudienceOperator(
        task_id="push",
        audience={"name": "Everybody"},
        key="id",
        source_url="{{ dag_run.conf['warehouse'] }}",
        table="vip",
        store="{{ dag_run.conf['folder'] }}/store.duckdb",
        rejects_directory="{{ dag_run.conf['folder'] }}/rejects",
        options={"create_profiles": "allow"},
    )

with DAG("million_rows", **ARGUMENTS):
    TalonOneToWarehouseOperator(
        task_id="load",
        streams=["loyalty_card_transactions"],
        warehouse_url="{{ dag_run.conf['warehouse'] }}",
        settings={"settle_seconds": 0, "transactions_strategy": "per_entity"},
    )
