"""Customer sessions and events: one typed method per operation.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from talon_one_client.operations.typed_calls import Instant, JsonObject


class SessionOperations(Operations):
    """Customer sessions and events: operations of the Integration API and the Management API."""

    def get_customer_session(self, customer_session_id: str) -> JsonObject:
        """Return a customer session with its cart.

        https://docs.talon.one/integration-api#operation/getCustomerSession
        """
        return self._object(ep.GET_CUSTOMER_SESSION, path={"customerSessionId": customer_session_id})

    def reopen_customer_session(self, customer_session_id: str, *, idempotency_key: str | None = None) -> JsonObject:
        """Reopen a closed session.

        https://docs.talon.one/integration-api#operation/reopenCustomerSession
        """
        return self._object(
            ep.REOPEN_CUSTOMER_SESSION, path={"customerSessionId": customer_session_id}, idempotency_key=idempotency_key
        )

    def return_cart_items(
        self,
        customer_session_id: str,
        body: JsonObject,
        *,
        dry: bool | None = None,
        run_rule_engine: bool | None = None,
        idempotency_key: str | None = None,
    ) -> JsonObject:
        """Return items of a closed session.

        https://docs.talon.one/integration-api#operation/returnCartItems
        """
        return self._object(
            ep.RETURN_CART_ITEMS,
            path={"customerSessionId": customer_session_id},
            query={"dry": dry, "runRuleEngine": run_rule_engine},
            body=body,
            idempotency_key=idempotency_key,
        )

    def track_event_v2(
        self,
        body: JsonObject,
        *,
        silent: str | None = None,
        dry: bool | None = None,
        force_complete_evaluation: bool | None = None,
        idempotency_key: str | None = None,
    ) -> JsonObject | None:
        """Track a custom event of a profile.

        https://docs.talon.one/integration-api#operation/trackEventV2
        """
        return self._optional_object(
            ep.TRACK_EVENT_V2,
            query={"silent": silent, "dry": dry, "forceCompleteEvaluation": force_complete_evaluation},
            body=body,
            idempotency_key=idempotency_key,
        )

    def track_event_v3(
        self,
        body: JsonObject,
        *,
        silent: str | None = None,
        dry: bool | None = None,
        force_complete_evaluation: bool | None = None,
    ) -> JsonObject | None:
        """Track an advanced event, which its own ``integrationId`` identifies; it may refer to a closed session.

        AlreadyExistsError if there is an event with this id. After a retry that may be the event of an earlier attempt:
        ``get_event_v3`` returns it.

        https://docs.talon.one/integration-api#operation/trackEventV3
        """
        return self._optional_object(
            ep.TRACK_EVENT_V3,
            query={"silent": silent, "dry": dry, "forceCompleteEvaluation": force_complete_evaluation},
            body=body,
        )

    def get_event_v3(self, integration_id: str) -> JsonObject:
        """Return an advanced event.

        https://docs.talon.one/integration-api#operation/getEventV3
        """
        return self._object(ep.GET_EVENT_V3, path={"integrationId": integration_id})

    def update_customer_session_v2(
        self,
        customer_session_id: str,
        body: JsonObject,
        *,
        dry: bool | None = None,
        now: Instant | None = None,
        idempotency_key: str | None = None,
    ) -> JsonObject:
        """Create or update a session: cart, state, coupons.

        https://docs.talon.one/integration-api#operation/updateCustomerSessionV2
        """
        return self._object(
            ep.UPDATE_CUSTOMER_SESSION_V2,
            path={"customerSessionId": customer_session_id},
            query={"dry": dry, "now": now},
            body=body,
            idempotency_key=idempotency_key,
        )

    def get_application_sessions(
        self,
        application_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        partial_match: bool | None = None,
        profile: str | None = None,
        state: str | None = None,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
        coupon: str | None = None,
        referral: str | None = None,
        integration_id: str | None = None,
        store_integration_id: str | None = None,
    ) -> JsonObject:
        """Return one page of the sessions of an Application.

        https://docs.talon.one/management-api#operation/getApplicationSessions
        """
        return self._object(
            ep.GET_APPLICATION_SESSIONS,
            path={"applicationId": application_id},
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "partialMatch": partial_match,
                "profile": profile,
                "state": state,
                "createdBefore": created_before,
                "createdAfter": created_after,
                "coupon": coupon,
                "referral": referral,
                "integrationId": integration_id,
                "storeIntegrationId": store_integration_id,
            },
        )
