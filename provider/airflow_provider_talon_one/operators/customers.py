"""Operators of customer profiles.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.operators.talon_one import TalonOneOperator

if TYPE_CHECKING:
    from collections.abc import Mapping


class UpdateCustomerProfileOperator(TalonOneOperator):
    """Updates a profile, and runs its rules if asked.

    Args:
        integration_id: integration id of the profile.
        body: the request: an object, JSON text, or a `.json` file.
        run_rule_engine: run the rules.
        dry: evaluate, and change nothing.
    """

    def __init__(
        self,
        *,
        integration_id: str,
        body: Mapping[str, Any] | str,
        run_rule_engine: bool | None = None,
        dry: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="update_customer_profile_v2",
            path={"integrationId": integration_id},
            query={"runRuleEngine": run_rule_engine, "dry": dry},
            body=body,
            **kwargs,
        )


class UpdateCustomerProfilesOperator(TalonOneOperator):
    """Updates up to 1,000 profiles. For tables take WarehouseToProfilesOperator.

    Args:
        customer_profiles: `integrationId` and `attributes` of each.
        silent: `yes`: no answer.
    """

    def __init__(
        self,
        *,
        customer_profiles: list[Mapping[str, Any]],
        silent: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="update_customer_profiles_v2",
            query={"silent": silent},
            body={"customerProfiles": customer_profiles},
            **kwargs,
        )


class GetCustomerInventoryOperator(TalonOneOperator):
    """Reads what a customer has: coupons, loyalty, referrals, achievements.

    Args:
        integration_id: integration id of the profile.
        profile: with it.
        referrals: with it.
        coupons: with it.
        loyalty: with it.
        giveaways: with it.
        achievements: with it.
    """

    def __init__(
        self,
        *,
        integration_id: str,
        profile: bool | None = None,
        referrals: bool | None = None,
        coupons: bool | None = None,
        loyalty: bool | None = None,
        giveaways: bool | None = None,
        achievements: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="get_customer_inventory",
            path={"integrationId": integration_id},
            query={
                "profile": profile,
                "referrals": referrals,
                "coupons": coupons,
                "loyalty": loyalty,
                "giveaways": giveaways,
                "achievements": achievements,
            },
            **kwargs,
        )


class DeleteCustomerDataOperator(TalonOneOperator):
    """Erases all data of a customer in every Application of the key's environment; nothing brings it back.

    Args:
        integration_id: integration id of the profile.
    """

    def __init__(
        self,
        *,
        integration_id: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="delete_customer_data",
            path={"integrationId": integration_id},
            **kwargs,
        )
