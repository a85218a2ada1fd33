"""The 26 operations of the Integration API, one typed method each.

Names follow the vendor's operation ids: https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_client.operations.typed_calls import Instant, JsonObject


class IntegrationOperations(Operations):
    """Methods of the Integration API; shapes are in talon_one_schemas under the names of the endpoint table."""

    def create_audience_v2(self, body: JsonObject) -> JsonObject:
        """Create an audience. 409 (AlreadyExistsError) if integration and integration id are taken.

        https://docs.talon.one/integration-api#operation/createAudienceV2
        """
        return self._object(ep.CREATE_AUDIENCE_V2, body=body)

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
        return self._maybe(ep.CREATE_REFERRALS_FOR_MULTIPLE_ADVOCATES, query={"silent": silent}, body=body)

    def delete_audience_memberships_v2(self, audience_id: int) -> None:
        """Remove ALL members of an audience.

        https://docs.talon.one/integration-api#operation/deleteAudienceMembershipsV2
        """
        self._nothing(ep.DELETE_AUDIENCE_MEMBERSHIPS_V2, path={"audienceId": audience_id})

    def delete_audience_v2(self, audience_id: int) -> None:
        """Delete an audience.

        https://docs.talon.one/integration-api#operation/deleteAudienceV2
        """
        self._nothing(ep.DELETE_AUDIENCE_V2, path={"audienceId": audience_id})

    def delete_coupon_reservation(self, coupon_value: str, body: JsonObject) -> None:
        """Take back the reservation of a coupon for profiles.

        https://docs.talon.one/integration-api#operation/deleteCouponReservation
        """
        self._nothing(ep.DELETE_COUPON_RESERVATION, path={"couponValue": coupon_value}, body=body)

    def delete_customer_data(self, integration_id: str) -> None:
        """Erase a person: irreversible, in every Application of the key's environment.

        https://docs.talon.one/integration-api#operation/deleteCustomerData
        """
        self._nothing(ep.DELETE_CUSTOMER_DATA, path={"integrationId": integration_id})

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
        """What a profile owns: loyalty, coupons, referrals, giveaways, achievements; each section only if asked for.

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

    def get_customer_session(self, customer_session_id: str) -> JsonObject:
        """A customer session with its cart.

        https://docs.talon.one/integration-api#operation/getCustomerSession
        """
        return self._object(ep.GET_CUSTOMER_SESSION, path={"customerSessionId": customer_session_id})

    def get_loyalty_balances(
        self,
        loyalty_program_id: int,
        integration_id: str,
        *,
        end_date: Instant | None = None,
        subledger_id: str | None = None,
        include_tiers: bool | None = None,
        include_projected_tier: bool | None = None,
    ) -> JsonObject:
        """Point balances of a profile in a loyalty program, now or at ``end_date``.

        https://docs.talon.one/integration-api#operation/getLoyaltyBalances
        """
        return self._object(
            ep.GET_LOYALTY_BALANCES,
            path={"loyaltyProgramId": loyalty_program_id, "integrationId": integration_id},
            query={
                "endDate": end_date,
                "subledgerId": subledger_id,
                "includeTiers": include_tiers,
                "includeProjectedTier": include_projected_tier,
            },
        )

    def get_loyalty_card_balances(
        self,
        loyalty_program_id: int,
        loyalty_card_id: str,
        *,
        end_date: Instant | None = None,
        subledger_id: Sequence[str] | None = None,
    ) -> JsonObject:
        """Point balances of a loyalty card, now or at ``end_date``.

        https://docs.talon.one/integration-api#operation/getLoyaltyCardBalances
        """
        return self._object(
            ep.GET_LOYALTY_CARD_BALANCES,
            path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id},
            query={"endDate": end_date, "subledgerId": subledger_id},
        )

    def get_loyalty_card_transactions(
        self,
        loyalty_program_id: int,
        loyalty_card_id: str,
        *,
        subledger_id: Sequence[str] | None = None,
        start_date: Instant | None = None,
        end_date: Instant | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        loyalty_transaction_type: str | None = None,
        customer_session_ids: Sequence[str] | None = None,
        transaction_uuids: Sequence[str] | None = None,
        awaits_activation: bool | None = None,
    ) -> JsonObject:
        """One page of the ledger of a loyalty card.

        https://docs.talon.one/integration-api#operation/getLoyaltyCardTransactions
        """
        return self._object(
            ep.GET_LOYALTY_CARD_TRANSACTIONS,
            path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id},
            query={
                "subledgerId": subledger_id,
                "startDate": start_date,
                "endDate": end_date,
                "pageSize": page_size,
                "skip": skip,
                "loyaltyTransactionType": loyalty_transaction_type,
                "customerSessionIDs": customer_session_ids,
                "transactionUUIDs": transaction_uuids,
                "awaitsActivation": awaits_activation,
            },
        )

    def get_loyalty_program_profile_transactions(
        self,
        loyalty_program_id: int,
        integration_id: str,
        *,
        subledger_id: str | None = None,
        start_date: Instant | None = None,
        end_date: Instant | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        customer_session_ids: Sequence[str] | None = None,
        transaction_uuids: Sequence[str] | None = None,
        loyalty_transaction_type: str | None = None,
        awaits_activation: bool | None = None,
    ) -> JsonObject:
        """One page of the ledger of a profile. Rows carry no profile id. The older era takes at most 50 a page.

        https://docs.talon.one/integration-api#operation/getLoyaltyProgramProfileTransactions
        """
        return self._object(
            ep.GET_LOYALTY_PROGRAM_PROFILE_TRANSACTIONS,
            path={"loyaltyProgramId": loyalty_program_id, "integrationId": integration_id},
            query={
                "subledgerId": subledger_id,
                "startDate": start_date,
                "endDate": end_date,
                "pageSize": page_size,
                "skip": skip,
                "customerSessionIDs": customer_session_ids,
                "transactionUUIDs": transaction_uuids,
                "loyaltyTransactionType": loyalty_transaction_type,
                "awaitsActivation": awaits_activation,
            },
        )

    def get_reserved_customers(self, coupon_value: str) -> JsonObject:
        """Profiles for which a coupon is reserved.

        https://docs.talon.one/integration-api#operation/getReservedCustomers
        """
        return self._object(ep.GET_RESERVED_CUSTOMERS, path={"couponValue": coupon_value})

    def link_loyalty_card_to_profile(
        self, loyalty_program_id: int, loyalty_card_id: str, body: JsonObject
    ) -> JsonObject:
        """Link a loyalty card to a profile.

        https://docs.talon.one/integration-api#operation/linkLoyaltyCardToProfile
        """
        return self._object(
            ep.LINK_LOYALTY_CARD_TO_PROFILE,
            path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id},
            body=body,
        )

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

    def sync_catalog(self, catalog_id: int, body: JsonObject) -> JsonObject:
        """Change up to 1,000 items of a catalog, never two requests at a time for one catalog.

        Era current: one action type and no SKU twice in a request.

        https://docs.talon.one/integration-api#operation/syncCatalog
        """
        return self._object(ep.SYNC_CATALOG, path={"catalogId": catalog_id}, body=body)

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
        return self._maybe(
            ep.TRACK_EVENT_V2,
            query={"silent": silent, "dry": dry, "forceCompleteEvaluation": force_complete_evaluation},
            body=body,
            idempotency_key=idempotency_key,
        )

    def update_audience_customers_attributes(self, audience_id: int, body: JsonObject) -> None:
        """Set attributes of all members of an audience; the body is the bare map {name: value}.

        https://docs.talon.one/integration-api#operation/updateAudienceCustomersAttributes
        """
        self._nothing(ep.UPDATE_AUDIENCE_CUSTOMERS_ATTRIBUTES, path={"audienceId": audience_id}, body=body)

    def update_audience_v2(self, audience_id: int, body: JsonObject) -> JsonObject:
        """Rename an audience.

        https://docs.talon.one/integration-api#operation/updateAudienceV2
        """
        return self._object(ep.UPDATE_AUDIENCE_V2, path={"audienceId": audience_id}, body=body)

    def update_customer_profile_audiences(self, body: JsonObject) -> None:
        """Add profiles to and delete them from audiences, up to 1,000 actions; an add creates a missing profile.

        https://docs.talon.one/integration-api#operation/updateCustomerProfileAudiences
        """
        self._nothing(ep.UPDATE_CUSTOMER_PROFILE_AUDIENCES, body=body)

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
        return self._maybe(
            ep.UPDATE_CUSTOMER_PROFILES_V2, query={"silent": silent}, body=body, idempotency_key=idempotency_key
        )

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
