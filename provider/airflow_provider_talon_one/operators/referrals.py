"""Operators for referrals.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.operators.talon_one import TalonOneOperator, given

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class CreateReferralOperator(TalonOneOperator):
    """Creates a referral code for an advocate.

    A retry can create a second code, because Talon.One accepts no Idempotency-Key for this operation.

    Args:
        campaign_id: id of the campaign.
        advocate_profile_integration_id: integration id of the advocate.
        friend_profile_integration_id: integration id of the only friend who may use the code.
        start_date: instant from which the code is valid.
        expiry_date: instant until which the code is valid.
        usage_limit: how often the code may be used.
        attributes: attributes of the referral.
    """

    def __init__(
        self,
        *,
        campaign_id: int,
        advocate_profile_integration_id: str,
        friend_profile_integration_id: str | None = None,
        start_date: str | datetime | None = None,
        expiry_date: str | datetime | None = None,
        usage_limit: int | None = None,
        attributes: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="create_referral",
            body=given(
                campaignId=campaign_id,
                advocateProfileIntegrationId=advocate_profile_integration_id,
                friendProfileIntegrationId=friend_profile_integration_id,
                startDate=start_date,
                expiryDate=expiry_date,
                usageLimit=usage_limit,
                attributes=attributes,
            ),
            **kwargs,
        )


class CreateReferralsForMultipleAdvocatesOperator(TalonOneOperator):
    """Creates referral codes for several advocates.

    A retry can create them twice, because Talon.One accepts no Idempotency-Key for this operation.

    Args:
        body: the request: an object, JSON text, or a `.json` file.
        silent: `yes` for an empty response.
    """

    def __init__(
        self,
        *,
        body: Mapping[str, Any] | str,
        silent: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="create_referrals_for_multiple_advocates",
            query={"silent": silent},
            body=body,
            **kwargs,
        )
