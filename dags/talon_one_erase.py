"""Erases customers' data at Talon.One: one task a customer, given when the DAG is triggered. Nothing brings it back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_talon_one.operators.customers import DeleteCustomerDataOperator

with DAG(
    "talon_one_erase",
    description=__doc__,
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    params={"customers": Param([], type="array", title="Integration ids", items={"type": "string"})},
    tags=["talon-one"],
):

    @task
    def customers(params: dict[str, Any] | None = None) -> list[str]:
        """Who asked for it; no name twice."""
        return list(dict.fromkeys(params["customers"])) if params else []

    DeleteCustomerDataOperator.partial(task_id="erase").expand(integration_id=customers())
