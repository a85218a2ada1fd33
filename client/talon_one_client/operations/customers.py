"""Customer profiles and their achievements: one typed method per operation.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_client.operations.typed_calls import Instant, JsonObject


class CustomerOperations(Operations):
    """Customer profiles and their achievements: operations of the Integration API and the Management API."""

    def delete_customer_data(self, integration_id: str) -> None:
        """Erase all data of a customer: irreversible, in every Application of the key's environment.

        https://docs.talon.one/integration-api#operation/deleteCustomerData
        """
        self._nothing(ep.DELETE_CUSTOMER_DATA, path={"integrationId": integration_id})

    def get_customer_achievements(
        self,
        integration_id: str,
        *,
        campaign_ids: Sequence[int | str] | None = None,
        achievement_ids: Sequence[int | str] | None = None,
        achievement_status: Sequence[str] | None = None,
        current_progress_status: Sequence[str] | None = None,
        page_size: int | None = None,
        skip: int | None = None,
    ) -> JsonObject:
        """Return one page of the achievements that a profile can reach, with its progress; by default active ones.

        https://docs.talon.one/integration-api#operation/getCustomerAchievements
        """
        return self._object(
            ep.GET_CUSTOMER_ACHIEVEMENTS,
            path={"integrationId": integration_id},
            query={
                "campaignIds": campaign_ids,
                "achievementIds": achievement_ids,
                "achievementStatus": achievement_status,
                "currentProgressStatus": current_progress_status,
                "pageSize": page_size,
                "skip": skip,
            },
        )

    def get_customer_achievement_history(
        self,
        integration_id: str,
        achievement_id: int,
        *,
        progress_status: Sequence[str] | None = None,
        start_date: Instant | None = None,
        end_date: Instant | None = None,
        page_size: int | None = None,
        skip: int | None = None,
    ) -> JsonObject:
        """Return one page of a profile's attempts at an achievement. The rows have no id, and both dates are inclusive.

        https://docs.talon.one/integration-api#operation/getCustomerAchievementHistory
        """
        return self._object(
            ep.GET_CUSTOMER_ACHIEVEMENT_HISTORY,
            path={"integrationId": integration_id, "achievementId": achievement_id},
            query={
                "progressStatus": progress_status,
                "startDate": start_date,
                "endDate": end_date,
                "pageSize": page_size,
                "skip": skip,
            },
        )

    def get_customer_inventory(
        self,
        integration_id: str,
        *,
        profile: bool | None = None,
        referrals: bool | None = None,
        coupons: bool | None = None,
        loyalty: bool | None = None,
        giveaways: bool | None = None,
        achievements: bool | None = None,
    ) -> JsonObject:
        """Return what a profile owns: loyalty, coupons, referrals, giveaways, achievements; each section on request.

        https://docs.talon.one/integration-api#operation/getCustomerInventory
        """
        return self._object(
            ep.GET_CUSTOMER_INVENTORY,
            path={"integrationId": integration_id},
            query={
                "profile": profile,
                "referrals": referrals,
                "coupons": coupons,
                "loyalty": loyalty,
                "giveaways": giveaways,
                "achievements": achievements,
            },
        )

    def update_customer_profile_v2(
        self,
        integration_id: str,
        body: JsonObject,
        *,
        run_rule_engine: bool | None = None,
        dry: bool | None = None,
        idempotency_key: str | None = None,
    ) -> JsonObject:
        """Create or update one profile, with the Rule Engine if ``run_rule_engine``. ``dry`` needs ``run_rule_engine``.

        https://docs.talon.one/integration-api#operation/updateCustomerProfileV2
        """
        return self._object(
            ep.UPDATE_CUSTOMER_PROFILE_V2,
            path={"integrationId": integration_id},
            query={"runRuleEngine": run_rule_engine, "dry": dry},
            body=body,
            idempotency_key=idempotency_key,
        )

    def update_customer_profiles_v2(
        self, body: JsonObject, *, silent: str | None = None, idempotency_key: str | None = None
    ) -> JsonObject | None:
        """Create or update up to 1,000 profiles, without the Rule Engine.

        https://docs.talon.one/integration-api#operation/updateCustomerProfilesV2
        """
        return self._optional_object(
            ep.UPDATE_CUSTOMER_PROFILES_V2, query={"silent": silent}, body=body, idempotency_key=idempotency_key
        )

    def get_application_customers(
        self,
        application_id: int,
        *,
        integration_id: str | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        with_total_result_size: bool | None = None,
    ) -> JsonObject:
        """Return one page of the profiles of an Application.

        https://docs.talon.one/management-api#operation/getApplicationCustomers
        """
        return self._object(
            ep.GET_APPLICATION_CUSTOMERS,
            path={"applicationId": application_id},
            query={
                "integrationId": integration_id,
                "pageSize": page_size,
                "skip": skip,
                "withTotalResultSize": with_total_result_size,
            },
        )

    def get_customer_profiles(
        self, *, page_size: int | None = None, skip: int | None = None, sandbox: bool | None = None
    ) -> JsonObject:
        """Return one page of the profiles of the account; ``sandbox`` picks the environment.

        https://docs.talon.one/management-api#operation/getCustomerProfiles
        """
        return self._object(ep.GET_CUSTOMER_PROFILES, query={"pageSize": page_size, "skip": skip, "sandbox": sandbox})
