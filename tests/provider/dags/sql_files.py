"""A push and a load whose queries are files, among names that only look like files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToAudienceOperator

FOLDER = "{{ dag_run.conf['folder'] }}"

with DAG(
    "sql_files",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    template_searchpath=[str(Path(__file__).parent)],
    params={"table": "vip"},
):
    arguments = {
        "key": "id",
        "rejects_directory": f"{FOLDER}/rejects.sql",
        "options": {"create_profiles": "allow"},
    }
    WarehouseToAudienceOperator(
        task_id="query",
        audience={"name": "query.sql"},
        source_url=f"duckdb:///{FOLDER}/w.duckdb",
        sql="vip.sql",
        store=f"{FOLDER}/query.sql",
        **arguments,
    )
    WarehouseToAudienceOperator(
        task_id="table",
        audience={"name": "table.sql"},
        source_url=f"duckdb:///{FOLDER}/w.duckdb",
        table="more.sql",
        store=f"{FOLDER}/table.sql",
        **arguments,
    )
    TalonOneToWarehouseOperator.partial(
        task_id="load",
        streams=["loyalty_card_balances"],
        warehouse_url=f"{FOLDER}/lake.sql",
        settings={"loyalty_program_ids": [1]},
        ids_conn_id="ids",
    ).expand(card_ids_sql=["vip.sql"])
