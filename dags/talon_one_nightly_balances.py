"""Load the balances of every card at midnight, one snapshot per day. Backfill the DAG to load past days.

The instant of a snapshot is the end of the data interval, so a backfill loads the balances of that day.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator

HOME = os.environ.get("AIRFLOW_HOME", "/tmp")  # noqa: S108 - the worker's own folder

with DAG(
    "talon_one_nightly_balances",
    description=__doc__,
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "warehouse_url": Param(f"duckdb:///{HOME}/talon_one_balances.duckdb", type="string", title="Warehouse URL"),
        "as_of": Param(
            None,
            type=["null", "string"],
            title="As of",
            description="Default: the end of the data interval.",
        ),
    },
    tags=["talon-one"],
):
    TalonOneToWarehouseOperator(
        task_id="snapshot",
        streams=["loyalty_card_balances"],
        warehouse_url="{{ params.warehouse_url }}",
        settings={"as_of": "{{ params.as_of or data_interval_end or run_after }}", "balances_strategy": "per_entity"},
        retries=3,
        retry_delay=timedelta(minutes=5),
    )
