"""Load the ledgers of many cards with several workers at once. Each worker loads one shard, a stable part of the cards.

Set `rate_limit_url` in the connection (Redis) so that all workers share one rate limit. Each shard is written to its
own folder, because a warehouse file has one writer.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator, plan_shards

DESCRIPTION = "Load the ledgers of many cards with several workers at once"
HOME = os.environ.get("AIRFLOW_HOME", "/tmp")  # noqa: S108 - the worker's own folder

with DAG(
    "talon_one_sharded_load",
    description=DESCRIPTION,
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=4,
    params={
        "shards": Param(4, type="integer", minimum=1, maximum=64, title="Shards"),
        "folder": Param(f"{HOME}/lake", type="string", title="Folder of the lakes"),
    },
    tags=["talon-one"],
):

    @task
    def shards(params: dict[str, Any] | None = None) -> list[dict[str, str]]:
        """Return the arguments of the mapped tasks, one for each shard."""
        assert params is not None
        if "://" not in params["folder"]:
            Path(params["folder"]).mkdir(parents=True, exist_ok=True)
        names = plan_shards(params["shards"])
        return [{"shard": one, "warehouse_url": f"{params['folder']}/{one.replace('/', '-of-')}"} for one in names]

    TalonOneToWarehouseOperator.partial(
        task_id="load",
        streams=["loyalty_card_transactions"],
        settings={"settle_seconds": 0, "transactions_strategy": "per_entity"},
        retries=3,
        retry_delay=timedelta(minutes=1),
    ).expand_kwargs(shards())
