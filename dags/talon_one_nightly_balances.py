"""Balances of every card at midnight, one snapshot a day; backfill past days by running it for them.

The snapshot's instant is the end of the run's interval, so that a backfill asks Talon.One for the balances of then.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_talon_one.transfers.loyalty_to_warehouse import LoyaltyToWarehouseOperator

HOME = os.environ.get("AIRFLOW_HOME", "/tmp")  # noqa: S108 - the worker's own folder

with DAG(
    "talon_one_nightly_balances",
    description=__doc__,
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "warehouse_url": Param(f"duckdb:///{HOME}/talon_one_balances.duckdb", type="string", title="Warehouse"),
        "as_of": Param(
            None, type=["null", "string"], title="As of", description="An instant; without it the end of the interval."
        ),
    },
    tags=["talon-one"],
):
    LoyaltyToWarehouseOperator(
        task_id="snapshot",
        streams=["loyalty_card_balances"],
        warehouse_url="{{ params.warehouse_url }}",
        settings={"as_of": "{{ params.as_of or data_interval_end or run_after }}", "balances_strategy": "per_entity"},
        retries=3,
        retry_delay=timedelta(minutes=5),
    )
