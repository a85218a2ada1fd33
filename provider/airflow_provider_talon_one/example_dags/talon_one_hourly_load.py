"""Load loyalty ledgers and balances into a warehouse every hour. Each run reads only what is new.

Works without changes with the local Talon.One of `make airflow`. For your own account, set the connection
`talon_one_default` and the parameter `warehouse_url`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_talon_one.assets import named_asset
from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator

DESCRIPTION = "Load loyalty ledgers and balances every hour, only what is new"
HOME = os.environ.get("AIRFLOW_HOME", "/tmp")  # noqa: S108 - the worker's own folder
WAREHOUSE = f"duckdb:///{HOME}/loyalty.duckdb"
LOADED = named_asset("Talon.One loyalty data in the warehouse", "x-warehouse://talon_one/loyalty")

with DAG(
    "talon_one_hourly_load",
    description=DESCRIPTION,
    doc_md=__doc__,
    schedule=timedelta(hours=1),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "warehouse_url": Param(
            WAREHOUSE,
            type="string",
            title="Warehouse URL",
            description="duckdb:///path, postgresql://user@host/database, ...",
        ),
        "requests_at_once": Param(
            8,
            type="integer",
            minimum=1,
            maximum=64,
            title="Requests in flight",
            description="Requests that wait for a response at the same time.",
        ),
    },
    tags=["talon-one"],
):
    TalonOneToWarehouseOperator(
        task_id="load",
        streams=["loyalty_card_transactions", "loyalty_card_balances"],
        warehouse_url="{{ params.warehouse_url }}",
        settings={"settle_seconds": 0, "concurrency": "{{ params.requests_at_once }}"},
        outlets=[LOADED],
        retries=3,
        retry_delay=timedelta(minutes=1),
    )
