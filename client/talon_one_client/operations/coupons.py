"""Running campaigns, coupon reservations and referral codes: one typed method per operation.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_client.operations.typed_calls import Instant, JsonObject


class CouponOperations(Operations):
    """Running campaigns, coupon reservations and referral codes: operations of the Integration API."""

    def create_coupon_reservation(self, coupon_value: str, body: JsonObject) -> JsonObject:
        """Reserve a coupon for profiles (at most 1,000 ``integrationIDs``).

        https://docs.talon.one/integration-api#operation/createCouponReservation
        """
        return self._object(ep.CREATE_COUPON_RESERVATION, path={"couponValue": coupon_value}, body=body)

    def create_referral(self, body: JsonObject) -> JsonObject:
        """Create a referral code for an advocate.

        https://docs.talon.one/integration-api#operation/createReferral
        """
        return self._object(ep.CREATE_REFERRAL, body=body)

    def create_referrals_for_multiple_advocates(
        self, body: JsonObject, *, silent: str | None = None
    ) -> JsonObject | None:
        """Create referral codes for up to 1,000 advocates.

        With ``silent="yes"``, which is the server's default, the codes are not returned.

        https://docs.talon.one/integration-api#operation/createReferralsForMultipleAdvocates
        """
        return self._optional_object(ep.CREATE_REFERRALS_FOR_MULTIPLE_ADVOCATES, query={"silent": silent}, body=body)

    def delete_coupon_reservation(self, coupon_value: str, body: JsonObject) -> None:
        """Cancel the reservation of a coupon for profiles.

        https://docs.talon.one/integration-api#operation/deleteCouponReservation
        """
        self._nothing(ep.DELETE_COUPON_RESERVATION, path={"couponValue": coupon_value}, body=body)

    def get_reserved_customers(self, coupon_value: str) -> JsonObject:
        """Return the profiles for which a coupon is reserved.

        https://docs.talon.one/integration-api#operation/getReservedCustomers
        """
        return self._object(ep.GET_RESERVED_CUSTOMERS, path={"couponValue": coupon_value})

    def integration_get_all_campaigns(
        self,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        campaign_ids: Sequence[int | str] | None = None,
        start_after: Instant | None = None,
        start_before: Instant | None = None,
        end_after: Instant | None = None,
        end_before: Instant | None = None,
        store_id: int | None = None,
        audience_id: int | None = None,
    ) -> JsonObject:
        """Return one page of the running campaigns of the key's Application; the bounds of dates are inclusive.

        https://docs.talon.one/integration-api#operation/integrationGetAllCampaigns
        """
        return self._object(
            ep.INTEGRATION_GET_ALL_CAMPAIGNS,
            query={
                "pageSize": page_size,
                "skip": skip,
                "campaignIds": campaign_ids,
                "startAfter": start_after,
                "startBefore": start_before,
                "endAfter": end_after,
                "endBefore": end_before,
                "storeId": store_id,
                "audienceId": audience_id,
            },
        )
