"""Operators for catalogs.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.operators.talon_one import TalonOneOperator, given

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class SyncCatalogOperator(TalonOneOperator):
    """Sends up to 1,000 actions of one type to a catalog. For tables use WarehouseToCatalogOperator.

    Args:
        catalog_id: id of the catalog.
        actions: actions, all of the same type.
    """

    def __init__(
        self,
        *,
        catalog_id: int | str,
        actions: list[Mapping[str, Any]],
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="sync_catalog",
            path={"catalogId": catalog_id},
            body={"actions": actions},
            **kwargs,
        )


class BestPriorPriceOperator(TalonOneOperator):
    """Reads the lowest price that products had within a number of days.

    Args:
        skus: SKUs of the products.
        timeframe: number of days.
        timeframe_end_date: end of the timeframe.
        timeframe_end_date_type: `strict`, or the end before the current `price` or `sale`.
        target: audience whose prices are read, as `targetType` and `audienceID`.
    """

    def __init__(
        self,
        *,
        skus: list[str],
        timeframe: str,
        timeframe_end_date: str | datetime,
        timeframe_end_date_type: str = "strict",
        target: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="best_prior_price",
            body=given(
                skus=skus,
                timeframe=timeframe,
                timeframeEndDate=timeframe_end_date,
                timeframeEndDateType=timeframe_end_date_type,
                target=target,
            ),
            **kwargs,
        )
