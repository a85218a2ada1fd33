"""Achievements, stores, collections, giveaways and the audit log: one typed method per operation.

https://docs.talon.one/management-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from talon_one_client.operations.typed_calls import Instant, JsonObject


class AccountListOperations(Operations):
    """Achievements, stores, collections, giveaways and the audit log: operations of the Management API."""

    def list_achievements_v2(
        self,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        title: str | None = None,
        application_id: int | None = None,
    ) -> JsonObject:
        """Return one page of the achievements of the account.

        https://docs.talon.one/management-api#operation/listAchievementsV2
        """
        return self._object(
            ep.LIST_ACHIEVEMENTS_V2,
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "title": title,
                "applicationId": application_id,
            },
        )

    def export_achievement_v2(self, achievement_id: int) -> bytes:
        """Return the progress of all profiles in an achievement as CSV.

        https://docs.talon.one/management-api#operation/exportAchievementV2
        """
        return self._bytes(ep.EXPORT_ACHIEVEMENT_V2, path={"achievementId": achievement_id})

    def list_stores(
        self,
        application_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        with_total_result_size: bool | None = None,
        campaign_id: int | None = None,
        name: str | None = None,
        integration_id: str | None = None,
        query: str | None = None,
    ) -> JsonObject:
        """Return one page of the stores of an Application.

        https://docs.talon.one/management-api#operation/listStores
        """
        return self._object(
            ep.LIST_STORES,
            path={"applicationId": application_id},
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "withTotalResultSize": with_total_result_size,
                "campaignId": campaign_id,
                "name": name,
                "integrationId": integration_id,
                "query": query,
            },
        )

    def list_account_collections(
        self,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        with_total_result_size: bool | None = None,
        name: str | None = None,
    ) -> JsonObject:
        """Return one page of the collections of the account.

        https://docs.talon.one/management-api#operation/listAccountCollections
        """
        return self._object(
            ep.LIST_ACCOUNT_COLLECTIONS,
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "withTotalResultSize": with_total_result_size,
                "name": name,
            },
        )

    def list_collections_in_application(
        self,
        application_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        with_total_result_size: bool | None = None,
        name: str | None = None,
    ) -> JsonObject:
        """Return one page of the collections of an Application.

        https://docs.talon.one/management-api#operation/listCollectionsInApplication
        """
        return self._object(
            ep.LIST_COLLECTIONS_IN_APPLICATION,
            path={"applicationId": application_id},
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "withTotalResultSize": with_total_result_size,
                "name": name,
            },
        )

    def get_collection_items(
        self,
        collection_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
    ) -> JsonObject:
        """Return one page of the items of a collection.

        https://docs.talon.one/management-api#operation/getCollectionItems
        """
        return self._object(
            ep.GET_COLLECTION_ITEMS, path={"collectionId": collection_id}, query={"pageSize": page_size, "skip": skip}
        )

    def export_pool_giveaways(
        self,
        pool_id: int,
        *,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
    ) -> bytes:
        """Return the giveaways of a pool as CSV.

        https://docs.talon.one/management-api#operation/exportPoolGiveaways
        """
        return self._bytes(
            ep.EXPORT_POOL_GIVEAWAYS,
            path={"poolId": pool_id},
            query={"createdBefore": created_before, "createdAfter": created_after},
        )

    def get_changes(
        self,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        application_id: int | None = None,
        entity_path: str | None = None,
        user_id: int | None = None,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
        with_total_result_size: bool | None = None,
        management_key_id: int | None = None,
        include_old: bool | None = None,
    ) -> JsonObject:
        """Return one page of the audit log.

        https://docs.talon.one/management-api#operation/getChanges
        """
        return self._object(
            ep.GET_CHANGES,
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "applicationId": application_id,
                "entityPath": entity_path,
                "userId": user_id,
                "createdBefore": created_before,
                "createdAfter": created_after,
                "withTotalResultSize": with_total_result_size,
                "managementKeyId": management_key_id,
                "includeOld": include_old,
            },
        )
