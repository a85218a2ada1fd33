"""A push that the live tests end early."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToAudienceOperator


def note_process(context: dict[str, Any]) -> None:
    """Write the id of the process that a test signals."""
    (Path(context["dag_run"].conf["folder"]) / "pid").write_text(str(os.getpid()))


with DAG("push_slowly", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False):
    WarehouseToAudienceOperator(
        task_id="push",
        audience={"name": "Everybody"},
        key="id",
        source_url="duckdb:///{{ dag_run.conf['folder'] }}/w.duckdb",
        table="vip",
        store="{{ dag_run.conf['store'] }}",
        rejects_directory="{{ dag_run.conf['folder'] }}/rejects",
        options={"create_profiles": "allow"},
        settings={"concurrency": 1},
        retries=1,
        retry_delay=timedelta(seconds=1),
        pre_execute=note_process,
    )
