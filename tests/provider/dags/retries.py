"""Tasks that are refused for good: by Talon.One, or before they begin."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_talon_one.operators.loyalty import GetLoyaltyCardBalancesOperator
from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToAudienceOperator
from talon_one_singer import ConfigError

ARGUMENTS = {"schedule": None, "start_date": datetime(2026, 1, 1, tzinfo=UTC), "catchup": False}
FOLDER = "{{ dag_run.conf['folder'] }}"


def refuse(context):  # type: ignore[no-untyped-def]
    """Raise an error that does not come from an operator of the provider."""
    raise ConfigError("it cannot be")


for name, before in (("refused_for_good", None), ("refused_before", refuse)):
    with DAG(name, default_args={"retries": 2, "pre_execute": before}, **ARGUMENTS):
        GetLoyaltyCardBalancesOperator.partial(task_id="call", loyalty_program_id=1).expand(loyalty_card_id=["a"])
        TalonOneToWarehouseOperator(
            task_id="load",
            streams=["loyalty_card_transactions", "loyalty_card_balances"],
            warehouse_url=f"duckdb:///{FOLDER}/w.duckdb",
            settings={"loyalty_program_ids": [1], "card_ids": ["a"]},
        )
        WarehouseToAudienceOperator(
            task_id="push",
            audience={"name": "VIP"},
            key="id",
            source_url=f"{FOLDER}/vip.csv",
            store=f"{FOLDER}/store.duckdb",
            rejects_directory=f"{FOLDER}/rejects",
            options={"create_profiles": "allow"},
        )
