"""Catalogs, their items and the history of prices: one typed method per operation.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_client.operations.typed_calls import JsonObject


class CatalogOperations(Operations):
    """Catalogs, their items and the history of prices: operations of the Integration API and the Management API."""

    def best_prior_price(self, body: JsonObject) -> list[JsonObject]:
        """Return the lowest price that each SKU had within a timeframe; a SKU without a price is left out.

        https://docs.talon.one/integration-api#operation/bestPriorPrice
        """
        return self._list(ep.BEST_PRIOR_PRICE, body=body)

    def sync_catalog(self, catalog_id: int, body: JsonObject) -> JsonObject:
        """Change up to 1,000 items of a catalog, never two requests at a time for one catalog.

        Era current: one action type and no SKU twice in a request.

        https://docs.talon.one/integration-api#operation/syncCatalog
        """
        return self._object(ep.SYNC_CATALOG, path={"catalogId": catalog_id}, body=body)

    def list_catalog_items(
        self,
        catalog_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        with_total_result_size: bool | None = None,
        sku: Sequence[str] | None = None,
        product_names: Sequence[str] | None = None,
    ) -> JsonObject:
        """Return one page of the items of a catalog; attributes come as a list, unlike in a sync.

        https://docs.talon.one/management-api#operation/listCatalogItems
        """
        return self._object(
            ep.LIST_CATALOG_ITEMS,
            path={"catalogId": catalog_id},
            query={
                "pageSize": page_size,
                "skip": skip,
                "withTotalResultSize": with_total_result_size,
                "sku": sku,
                "productNames": product_names,
            },
        )
