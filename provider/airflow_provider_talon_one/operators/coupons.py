"""Operators for coupons and running campaigns.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import Any

from airflow_provider_talon_one.operators.talon_one import TalonOneOperator


class CreateCouponReservationOperator(TalonOneOperator):
    """Reserves a coupon for profiles.

    Args:
        coupon_value: code of the coupon.
        integration_ids: integration ids of the profiles.
    """

    def __init__(
        self,
        *,
        coupon_value: str,
        integration_ids: list[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="create_coupon_reservation",
            path={"couponValue": coupon_value},
            body={"integrationIDs": integration_ids},
            **kwargs,
        )


class DeleteCouponReservationOperator(TalonOneOperator):
    """Removes the reservation of a coupon for profiles.

    Args:
        coupon_value: code of the coupon.
        integration_ids: integration ids of the profiles.
    """

    def __init__(
        self,
        *,
        coupon_value: str,
        integration_ids: list[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="delete_coupon_reservation",
            path={"couponValue": coupon_value},
            body={"integrationIDs": integration_ids},
            **kwargs,
        )


class GetReservedCustomersOperator(TalonOneOperator):
    """Lists the profiles for which a coupon is reserved.

    Args:
        coupon_value: code of the coupon.
    """

    def __init__(
        self,
        *,
        coupon_value: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="get_reserved_customers",
            path={"couponValue": coupon_value},
            **kwargs,
        )


class IntegrationGetAllCampaignsOperator(TalonOneOperator):
    """Lists the running campaigns of the Application.

    Args:
        campaign_ids: only these campaigns.
        start_after: only campaigns that start at or after this instant.
        start_before: only campaigns that start at or before this instant.
        end_after: only campaigns that end at or after this instant.
        end_before: only campaigns that end at or before this instant.
        store_id: only campaigns of this store.
        audience_id: only campaigns of this audience.
        page_size: number of rows to return.
        skip: number of rows to skip.
    """

    def __init__(
        self,
        *,
        campaign_ids: list[str] | None = None,
        start_after: str | None = None,
        start_before: str | None = None,
        end_after: str | None = None,
        end_before: str | None = None,
        store_id: int | None = None,
        audience_id: int | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="integration_get_all_campaigns",
            query={
                "campaignIds": campaign_ids,
                "startAfter": start_after,
                "startBefore": start_before,
                "endAfter": end_after,
                "endBefore": end_before,
                "storeId": store_id,
                "audienceId": audience_id,
                "pageSize": page_size,
                "skip": skip,
            },
            **kwargs,
        )
