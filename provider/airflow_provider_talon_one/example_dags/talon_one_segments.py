"""Push a segment of the loaded data into an audience: plan, wait for approval, push, verify.

Runs after each hourly load, which updates the asset of the schedule. The approval (Airflow 3.1 and later) shows the
numbers of the plan and waits for a user; turn it off with the parameter `needs_approval`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_talon_one.assets import named_asset
from airflow_provider_talon_one.transfers.verify import VerifySyncOperator
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToAudienceOperator

try:  # Airflow 3.1
    from airflow.providers.standard.operators.hitl import ApprovalOperator
except Exception:  # noqa: BLE001 - before 3.1 the module raises its own error
    ApprovalOperator = None  # type: ignore[assignment, misc]

DESCRIPTION = "Push a segment into an audience: plan, approval, push, verify"
HOME = os.environ.get("AIRFLOW_HOME", "/tmp")  # noqa: S108 - the worker's own folder
LOADED = named_asset("Talon.One loyalty data in the warehouse", "x-warehouse://talon_one/loyalty")
SEGMENT: dict[str, Any] = {
    "source_url": "{{ params.warehouse_url }}",
    "sql": """
        SELECT card_identifier AS customer_id FROM talon_one.loyalty_card_transactions
        WHERE type = 'addition' GROUP BY card_identifier HAVING sum(amount) >= {{ params.points }}
    """,
    "audience": {"name": "Top spenders", "integration": "airflow", "integration_id": "top-spenders"},
    "key": "customer_id",
    "store": "{{ params.store }}",
    "create_profiles": "allow",
    "max_delete_share": 0.5,
    "retries": 3,  # a DuckDB file cannot be read while the load writes into it
    "retry_delay": timedelta(minutes=1),
}

with DAG(
    "talon_one_segments",
    description=DESCRIPTION,
    doc_md=__doc__,
    schedule=[LOADED],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "warehouse_url": Param(
            f"duckdb:///{HOME}/loyalty.duckdb",
            type="string",
            title="Warehouse URL",
            description="The warehouse that talon_one_hourly_load writes to.",
        ),
        "store": Param(
            f"{HOME}/talon-one-store.duckdb",
            type="string",
            title="Store",
            description="A file, or a URL of PostgreSQL or S3.",
        ),
        "points": Param(100, type="number", minimum=0, title="Minimum points of a top spender"),
        "needs_approval": Param(True, type="boolean", title="Wait for approval before the push"),
    },
    tags=["talon-one"],
):
    plan = WarehouseToAudienceOperator(task_id="plan", plan_only=True, **SEGMENT)
    push = WarehouseToAudienceOperator(task_id="push", trigger_rule="none_failed_min_one_success", **SEGMENT)
    verify = VerifySyncOperator(task_id="verify", **SEGMENT)
    push >> verify
    if ApprovalOperator is None:
        plan >> push
    else:
        approve = ApprovalOperator(
            task_id="approve",
            subject="Push the segment Top spenders?",
            body="""{% set p = ti.xcom_pull(task_ids='plan') %}
{{ p.adds }} to add, {{ p.removes }} to remove, {{ p.same }} as they are, {{ p.requests }} requests.""",
        )

        @task.branch
        def ask(params: dict[str, Any] | None = None) -> str:
            """Return the next task: the approval, or the push."""
            return "approve" if params and params["needs_approval"] else "push"

        asked = ask()
        plan >> asked
        asked >> [approve, push]
        approve >> push
