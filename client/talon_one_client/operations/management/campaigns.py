"""Campaigns with their coupons and referrals: one typed method per operation.

https://docs.talon.one/management-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_client.operations.typed_calls import Instant, JsonObject


class CampaignOperations(Operations):
    """Campaigns with their coupons and referrals: operations of the Management API."""

    def get_campaigns(
        self,
        application_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        campaign_state: str | None = None,
        name: str | None = None,
        tags: Sequence[str] | None = None,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
        start_before: Instant | None = None,
        start_after: Instant | None = None,
        end_before: Instant | None = None,
        end_after: Instant | None = None,
        campaign_group_id: int | None = None,
        template_id: int | None = None,
        store_id: int | None = None,
    ) -> JsonObject:
        """Return one page of the campaigns of an Application.

        https://docs.talon.one/management-api#operation/getCampaigns
        """
        return self._object(
            ep.GET_CAMPAIGNS,
            path={"applicationId": application_id},
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "campaignState": campaign_state,
                "name": name,
                "tags": tags,
                "createdBefore": created_before,
                "createdAfter": created_after,
                "startBefore": start_before,
                "startAfter": start_after,
                "endBefore": end_before,
                "endAfter": end_after,
                "campaignGroupId": campaign_group_id,
                "templateId": template_id,
                "storeId": store_id,
            },
        )

    def get_coupons_without_total_count(
        self,
        application_id: int,
        campaign_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        value: str | None = None,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
        valid: str | None = None,
        usable: str | None = None,
        redeemed: str | None = None,
        referral_id: int | None = None,
        recipient_integration_id: str | None = None,
        batch_id: str | None = None,
        exact_match: bool | None = None,
        expires_before: Instant | None = None,
        expires_after: Instant | None = None,
        starts_before: Instant | None = None,
        starts_after: Instant | None = None,
        values_only: bool | None = None,
    ) -> JsonObject:
        """Return one page of the coupons of a campaign.

        https://docs.talon.one/management-api#operation/getCouponsWithoutTotalCount
        """
        return self._object(
            ep.GET_COUPONS_WITHOUT_TOTAL_COUNT,
            path={"applicationId": application_id, "campaignId": campaign_id},
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "value": value,
                "createdBefore": created_before,
                "createdAfter": created_after,
                "valid": valid,
                "usable": usable,
                "redeemed": redeemed,
                "referralId": referral_id,
                "recipientIntegrationId": recipient_integration_id,
                "batchId": batch_id,
                "exactMatch": exact_match,
                "expiresBefore": expires_before,
                "expiresAfter": expires_after,
                "startsBefore": starts_before,
                "startsAfter": starts_after,
                "valuesOnly": values_only,
            },
        )

    def export_coupons(
        self,
        application_id: int,
        *,
        campaign_id: int | None = None,
        sort: str | None = None,
        value: str | None = None,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
        valid: str | None = None,
        usable: str | None = None,
        referral_id: int | None = None,
        recipient_integration_id: str | None = None,
        batch_id: str | None = None,
        exact_match: bool | None = None,
        date_format: str | None = None,
        campaign_state: str | None = None,
        values_only: bool | None = None,
        deleted_before: Instant | None = None,
        deleted_after: Instant | None = None,
    ) -> bytes:
        """Return the coupons of an Application as CSV.

        https://docs.talon.one/management-api#operation/exportCoupons
        """
        return self._bytes(
            ep.EXPORT_COUPONS,
            path={"applicationId": application_id},
            query={
                "campaignId": campaign_id,
                "sort": sort,
                "value": value,
                "createdBefore": created_before,
                "createdAfter": created_after,
                "valid": valid,
                "usable": usable,
                "referralId": referral_id,
                "recipientIntegrationId": recipient_integration_id,
                "batchId": batch_id,
                "exactMatch": exact_match,
                "dateFormat": date_format,
                "campaignState": campaign_state,
                "valuesOnly": values_only,
                "deletedBefore": deleted_before,
                "deletedAfter": deleted_after,
            },
        )

    def get_referrals_without_total_count(
        self,
        application_id: int,
        campaign_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        code: str | None = None,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
        valid: str | None = None,
        usable: str | None = None,
        advocate: str | None = None,
    ) -> JsonObject:
        """Return one page of the referrals of a campaign.

        https://docs.talon.one/management-api#operation/getReferralsWithoutTotalCount
        """
        return self._object(
            ep.GET_REFERRALS_WITHOUT_TOTAL_COUNT,
            path={"applicationId": application_id, "campaignId": campaign_id},
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "code": code,
                "createdBefore": created_before,
                "createdAfter": created_after,
                "valid": valid,
                "usable": usable,
                "advocate": advocate,
            },
        )

    def export_referrals(
        self,
        application_id: int,
        *,
        campaign_id: int | None = None,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
        valid: str | None = None,
        usable: str | None = None,
        batch_id: str | None = None,
        date_format: str | None = None,
    ) -> bytes:
        """Return the referrals of an Application as CSV.

        https://docs.talon.one/management-api#operation/exportReferrals
        """
        return self._bytes(
            ep.EXPORT_REFERRALS,
            path={"applicationId": application_id},
            query={
                "campaignId": campaign_id,
                "createdBefore": created_before,
                "createdAfter": created_after,
                "valid": valid,
                "usable": usable,
                "batchId": batch_id,
                "dateFormat": date_format,
            },
        )

    def get_campaign_analytics(
        self,
        application_id: int,
        campaign_id: int,
        *,
        range_start: Instant,
        range_end: Instant,
        granularity: str | None = None,
    ) -> JsonObject:
        """Return the figures of a campaign for each span of a range.

        https://docs.talon.one/management-api#operation/getCampaignAnalytics
        """
        return self._object(
            ep.GET_CAMPAIGN_ANALYTICS,
            path={"applicationId": application_id, "campaignId": campaign_id},
            query={"rangeStart": range_start, "rangeEnd": range_end, "granularity": granularity},
        )
