"""Operators for customer profiles and their achievements.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.operators.talon_one import TalonOneOperator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class UpdateCustomerProfileOperator(TalonOneOperator):
    """Updates a customer profile, and optionally runs the rule engine.

    Args:
        integration_id: integration id of the profile.
        body: the request: an object, JSON text, or a `.json` file.
        run_rule_engine: whether to run the rule engine.
        dry: evaluate the rules without changing anything.
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
    """Updates up to 1,000 profiles. For tables use WarehouseToProfilesOperator.

    Args:
        customer_profiles: profiles with `integrationId` and `attributes`.
        silent: `yes` for an empty response.
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
    """Reads the coupons, loyalty data, referrals and achievements of a customer.

    Args:
        integration_id: integration id of the profile.
        profile: whether to include the profile.
        referrals: whether to include referrals.
        coupons: whether to include coupons.
        loyalty: whether to include loyalty data.
        giveaways: whether to include giveaways.
        achievements: whether to include achievements.
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
    """Deletes all data of a customer in every Application of the environment. This cannot be undone.

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


class GetCustomerAchievementsOperator(TalonOneOperator):
    """Lists the achievements that a customer can reach, with the progress.

    Args:
        integration_id: integration id of the profile.
        campaign_ids: only achievements of these campaigns.
        achievement_ids: only these achievements.
        achievement_status: `active` (default) and `scheduled`.
        current_progress_status: only `inprogress`, `completed` or `not_started`.
        page_size: number of rows to return.
        skip: number of rows to skip.
    """

    def __init__(
        self,
        *,
        integration_id: str,
        campaign_ids: list[str] | None = None,
        achievement_ids: list[str] | None = None,
        achievement_status: list[str] | None = None,
        current_progress_status: list[str] | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="get_customer_achievements",
            path={"integrationId": integration_id},
            query={
                "campaignIds": campaign_ids,
                "achievementIds": achievement_ids,
                "achievementStatus": achievement_status,
                "currentProgressStatus": current_progress_status,
                "pageSize": page_size,
                "skip": skip,
            },
            **kwargs,
        )


class GetCustomerAchievementHistoryOperator(TalonOneOperator):
    """Lists the attempts of a customer at an achievement.

    Args:
        integration_id: integration id of the profile.
        achievement_id: id of the achievement.
        progress_status: only attempts that are `inprogress`, `completed` or `expired`.
        start_date: only attempts at or after this instant.
        end_date: only attempts at or before this instant.
        page_size: number of rows to return.
        skip: number of rows to skip.
    """

    def __init__(
        self,
        *,
        integration_id: str,
        achievement_id: int | str,
        progress_status: list[str] | None = None,
        start_date: str | datetime | None = None,
        end_date: str | datetime | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="get_customer_achievement_history",
            path={"integrationId": integration_id, "achievementId": achievement_id},
            query={
                "progressStatus": progress_status,
                "startDate": start_date,
                "endDate": end_date,
                "pageSize": page_size,
                "skip": skip,
            },
            **kwargs,
        )
