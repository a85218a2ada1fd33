"""Load the balances of every card at midnight, one snapshot per day. Backfill the DAG to load past days.

The instant of a snapshot is the end of the data interval, so a backfill loads the balances of that day. A run without
a data interval, triggered by a person or the REST API without a logical date, loads the balances of now.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator

DESCRIPTION = "Load the balances of every card at midnight"
HOME = os.environ.get("AIRFLOW_HOME", "/tmp")  # noqa: S108 - the worker's own folder
AS_OF = "{{ params.as_of or (data_interval_end | default(dag_run.run_after, true)) }}"

with DAG(
    "talon_one_nightly_balances",
    description=DESCRIPTION,
    doc_md=__doc__,
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
        settings={"as_of": AS_OF, "balances_strategy": "per_entity"},
        retries=3,
        retry_delay=timedelta(minutes=5),
    )
