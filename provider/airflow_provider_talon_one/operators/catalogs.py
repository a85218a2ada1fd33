"""Operators for catalogs.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.operators.talon_one import TalonOneOperator

if TYPE_CHECKING:
    from collections.abc import Mapping


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
