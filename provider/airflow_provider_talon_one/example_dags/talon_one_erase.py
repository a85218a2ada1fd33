"""Delete customers at Talon.One, one task per customer.

Name the customers in the form when you trigger the DAG. **This cannot be undone.**
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_talon_one.operators.customers import DeleteCustomerDataOperator

DESCRIPTION = "Delete customers at Talon.One. This cannot be undone"

with DAG(
    "talon_one_erase",
    description=DESCRIPTION,
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    params={
        "customers": Param(
            [],
            type="array",
            title="Integration ids of the customers to delete",
            description="All data of these customers is deleted, in every Application. This cannot be undone.",
            items={"type": "string"},
        ),
    },
    tags=["talon-one", "irreversible"],
):

    @task
    def customers(params: dict[str, Any] | None = None) -> list[str]:
        """Return the customers to delete, without duplicates."""
        return list(dict.fromkeys(params["customers"])) if params else []

    DeleteCustomerDataOperator.partial(task_id="erase").expand(integration_id=customers())
