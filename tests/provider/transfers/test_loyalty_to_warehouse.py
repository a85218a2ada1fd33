"""The earlier name of the load."""

from __future__ import annotations

import importlib
import sys

import pytest
from airflow.exceptions import AirflowProviderDeprecationWarning

from airflow_provider_talon_one.transfers import talon_one_to_warehouse

NAME = "airflow_provider_talon_one.transfers.loyalty_to_warehouse"


def test_the_earlier_name_is_the_same_operator_and_its_import_warns():
    """A DAG with the earlier module and class works, and Airflow shows a deprecation note with the new name."""
    sys.modules.pop(NAME, None)
    with pytest.warns(AirflowProviderDeprecationWarning, match="import TalonOneToWarehouseOperator from"):
        module = importlib.import_module(NAME)
    assert talon_one_to_warehouse.TalonOneToWarehouseOperator is module.LoyaltyToWarehouseOperator
    assert talon_one_to_warehouse.plan_shards is module.plan_shards
