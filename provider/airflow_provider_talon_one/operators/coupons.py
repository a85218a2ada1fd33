"""Operators for coupons.

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
