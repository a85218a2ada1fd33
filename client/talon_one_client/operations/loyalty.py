"""Balances and ledgers of one card or profile, and cards: one typed method per operation.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_client.operations.typed_calls import Instant, JsonObject


class LoyaltyOperations(Operations):
    """Balances and ledgers of one card or profile, and cards: operations of the Integration API."""

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
        """Return the point balances of a profile in a loyalty program, now or at ``end_date``.

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
        """Return the point balances of a loyalty card, now or at ``end_date``.

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
        """Return one page of the ledger of a loyalty card.

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
        """Return one page of the ledger of a profile. Rows carry no profile id. The older era takes at most 50 a page.

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

    def unlink_loyalty_card_from_profile(
        self, loyalty_program_id: int, loyalty_card_id: str, body: JsonObject
    ) -> JsonObject:
        """Remove the link of a loyalty card to a profile.

        https://docs.talon.one/integration-api#operation/unlinkLoyaltyCardFromProfile
        """
        return self._object(
            ep.UNLINK_LOYALTY_CARD_FROM_PROFILE,
            path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id},
            body=body,
        )

    def generate_loyalty_card(self, loyalty_program_id: int, body: JsonObject) -> JsonObject:
        """Create a loyalty card, with an identifier of the program's format unless ``body`` names one.

        https://docs.talon.one/integration-api#operation/generateLoyaltyCard
        """
        return self._object(ep.GENERATE_LOYALTY_CARD, path={"loyaltyProgramId": loyalty_program_id}, body=body)
