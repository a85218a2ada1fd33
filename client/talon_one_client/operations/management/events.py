"""Events, effects and sessions of an Application: one typed method per operation.

https://docs.talon.one/management-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from talon_one_client.operations.typed_calls import Instant, JsonObject


class EventOperations(Operations):
    """Events, effects and sessions of an Application: operations of the Management API."""

    def get_application_events_without_total_count(
        self,
        application_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        attribute_type: str | None = None,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
        session: str | None = None,
        profile: str | None = None,
        customer_name: str | None = None,
        customer_email: str | None = None,
        coupon_code: str | None = None,
        referral_code: str | None = None,
        rule_query: str | None = None,
        campaign_query: str | None = None,
        effect_type: str | None = None,
    ) -> JsonObject:
        """Return one page of the events of an Application, each with its effects.

        https://docs.talon.one/management-api#operation/getApplicationEventsWithoutTotalCount
        """
        return self._object(
            ep.GET_APPLICATION_EVENTS_WITHOUT_TOTAL_COUNT,
            path={"applicationId": application_id},
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "type": attribute_type,
                "createdBefore": created_before,
                "createdAfter": created_after,
                "session": session,
                "profile": profile,
                "customerName": customer_name,
                "customerEmail": customer_email,
                "couponCode": coupon_code,
                "referralCode": referral_code,
                "ruleQuery": rule_query,
                "campaignQuery": campaign_query,
                "effectType": effect_type,
            },
        )

    def export_effects(
        self,
        application_id: int,
        *,
        campaign_id: int | None = None,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
        date_format: str | None = None,
    ) -> bytes:
        """Return the effects of an Application as CSV.

        https://docs.talon.one/management-api#operation/exportEffects
        """
        return self._bytes(
            ep.EXPORT_EFFECTS,
            path={"applicationId": application_id},
            query={
                "campaignId": campaign_id,
                "createdBefore": created_before,
                "createdAfter": created_after,
                "dateFormat": date_format,
            },
        )

    def get_event_types(
        self,
        *,
        name: str | None = None,
        include_old_versions: bool | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
    ) -> JsonObject:
        """Return one page of the event types of the account.

        https://docs.talon.one/management-api#operation/getEventTypes
        """
        return self._object(
            ep.GET_EVENT_TYPES,
            query={
                "name": name,
                "includeOldVersions": include_old_versions,
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
            },
        )

    def export_customer_sessions(
        self,
        application_id: int,
        *,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
        updated_before: Instant | None = None,
        updated_after: Instant | None = None,
        profile_integration_id: str | None = None,
        date_format: str | None = None,
        customer_session_state: str | None = None,
    ) -> bytes:
        """Return the sessions of an Application as CSV.

        https://docs.talon.one/management-api#operation/exportCustomerSessions
        """
        return self._bytes(
            ep.EXPORT_CUSTOMER_SESSIONS,
            path={"applicationId": application_id},
            query={
                "createdBefore": created_before,
                "createdAfter": created_after,
                "updatedBefore": updated_before,
                "updatedAfter": updated_after,
                "profileIntegrationId": profile_integration_id,
                "dateFormat": date_format,
                "customerSessionState": customer_session_state,
            },
        )
