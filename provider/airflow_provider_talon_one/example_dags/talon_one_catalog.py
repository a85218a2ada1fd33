"""Push a table of products into a catalog. If the table does not exist, the DAG creates a small example first."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToCatalogOperator

DESCRIPTION = "Push a table of products into a catalog"
HOME = os.environ.get("AIRFLOW_HOME", "/tmp")  # noqa: S108 - the worker's own folder

with DAG(
    "talon_one_catalog",
    description=DESCRIPTION,
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "file": Param(f"{HOME}/products.duckdb", type="string", title="DuckDB file with the table `products`"),
        "store": Param(f"{HOME}/talon-one-catalog.duckdb", type="string", title="Store"),
        "catalog_id": Param(1, type="integer", title="Catalog id"),
    },
    tags=["talon-one"],
):

    @task
    def example_products(params: dict[str, Any] | None = None) -> int:
        """Create a table of 2,500 products if it does not exist, and return the number of products."""
        import duckdb

        assert params is not None
        with duckdb.connect(params["file"]) as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS products AS "
                "SELECT 'sku-' || n AS sku, (n % 500) / 10.0 AS price FROM range(2500) AS t (n)"
            )
            return int(db.execute("SELECT count(*) FROM products").fetchall()[0][0])

    example_products() >> WarehouseToCatalogOperator(
        task_id="push",
        source_url="duckdb:///{{ params.file }}",
        table="products",
        catalog_id="{{ params.catalog_id }}",
        map={"sku": "sku", "price": "price"},
        store="{{ params.store }}",
    )
