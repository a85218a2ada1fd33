"""Load the ledger day by day: each run loads the transactions of its data interval, past days too.

With `catchup`, Airflow runs every day since `start_date`. A day that was loaded before is read and merged again by
clearing its run or by a backfill, in any order: the bookmark of the load never moves back. A run without a data
interval (the REST API without a logical date) or with an empty one (an event, in Airflow 2) loads what is new, like
`talon_one_hourly_load`.

A data interval needs a timetable that has one: in Airflow 3, `@daily` alone gives runs whose interval is empty.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, Param
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator

DESCRIPTION = "Load the ledger day by day, past days too"
HOME = os.environ.get("AIRFLOW_HOME", "/tmp")  # noqa: S108 - the worker's own folder
IF_NOT_EMPTY = "if data_interval_start | default(none) != data_interval_end | default(none) else none"

with DAG(
    "talon_one_daily_ledger",
    description=DESCRIPTION,
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime(2026, 11, 1, tzinfo=UTC),
    catchup=True,
    max_active_runs=1,
    params={
        "warehouse_url": Param(f"duckdb:///{HOME}/talon_one_ledger.duckdb", type="string", title="Warehouse URL"),
    },
    tags=["talon-one"],
):
    TalonOneToWarehouseOperator(
        task_id="load",
        streams=["loyalty_card_transactions"],
        warehouse_url="{{ params.warehouse_url }}",
        settings={
            "start_date": "{{ data_interval_start " + IF_NOT_EMPTY + " }}",
            "end_date": "{{ data_interval_end " + IF_NOT_EMPTY + " }}",
        },
        retries=3,
        retry_delay=timedelta(minutes=5),
    )
