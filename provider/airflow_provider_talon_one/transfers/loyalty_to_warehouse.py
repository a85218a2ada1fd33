"""Earlier name of ``talon_one_to_warehouse``; it still works, and its import warns."""

from __future__ import annotations

import warnings

from airflow.exceptions import AirflowProviderDeprecationWarning

from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator, plan_shards

__all__ = ["LoyaltyToWarehouseOperator", "plan_shards"]

LoyaltyToWarehouseOperator = TalonOneToWarehouseOperator

warnings.warn(
    f"{__name__} and its LoyaltyToWarehouseOperator are earlier names; import TalonOneToWarehouseOperator from "
    "airflow_provider_talon_one.transfers.talon_one_to_warehouse",
    AirflowProviderDeprecationWarning,
    stacklevel=2,
)
