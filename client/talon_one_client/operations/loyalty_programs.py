"""Programs, cards, ledgers and exports of whole loyalty programs: one typed method per operation.

https://docs.talon.one/management-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_client.operations.typed_calls import Instant, JsonObject


class LoyaltyProgramOperations(Operations):
    """Programs, cards, ledgers and exports of whole loyalty programs: operations of the Management API."""

    def get_loyalty_programs(self) -> JsonObject:
        """Return all loyalty programs, in one answer.

        https://docs.talon.one/management-api#operation/getLoyaltyPrograms
        """
        return self._object(ep.GET_LOYALTY_PROGRAMS)

    def get_loyalty_program(self, loyalty_program_id: int) -> JsonObject:
        """Return a loyalty program.

        https://docs.talon.one/management-api#operation/getLoyaltyProgram
        """
        return self._object(ep.GET_LOYALTY_PROGRAM, path={"loyaltyProgramId": loyalty_program_id})

    def get_loyalty_cards(
        self,
        loyalty_program_id: int,
        *,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
        identifier: str | None = None,
        profile_id: int | None = None,
        batch_id: str | None = None,
    ) -> JsonObject:
        """Return one page of the cards of a program; spent and expired points are always 0 here.

        https://docs.talon.one/management-api#operation/getLoyaltyCards
        """
        return self._object(
            ep.GET_LOYALTY_CARDS,
            path={"loyaltyProgramId": loyalty_program_id},
            query={
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
                "identifier": identifier,
                "profileId": profile_id,
                "batchId": batch_id,
            },
        )

    def get_loyalty_card(self, loyalty_program_id: int, loyalty_card_id: str) -> JsonObject:
        """Return a loyalty card.

        https://docs.talon.one/management-api#operation/getLoyaltyCard
        """
        return self._object(
            ep.GET_LOYALTY_CARD, path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id}
        )

    def get_loyalty_program_transactions(
        self,
        loyalty_program_id: int,
        *,
        loyalty_transaction_type: str | None = None,
        subledger_id: str | None = None,
        customer_session_ids: Sequence[str] | None = None,
        transaction_uuids: Sequence[str] | None = None,
        start_date: Instant | None = None,
        end_date: Instant | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        awaits_activation: bool | None = None,
    ) -> JsonObject:
        """Return one page of the ledger of a whole program. The older era takes at most 50 a page.

        https://docs.talon.one/management-api#operation/getLoyaltyProgramTransactions
        """
        return self._object(
            ep.GET_LOYALTY_PROGRAM_TRANSACTIONS,
            path={"loyaltyProgramId": loyalty_program_id},
            query={
                "loyaltyTransactionType": loyalty_transaction_type,
                "subledgerId": subledger_id,
                "customerSessionIDs": customer_session_ids,
                "transactionUUIDs": transaction_uuids,
                "startDate": start_date,
                "endDate": end_date,
                "pageSize": page_size,
                "skip": skip,
                "awaitsActivation": awaits_activation,
            },
        )

    def get_loyalty_card_transaction_logs(
        self,
        loyalty_program_id: int,
        loyalty_card_id: str,
        *,
        start_date: Instant | None = None,
        end_date: Instant | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        subledger_id: str | None = None,
        customer_session_ids: Sequence[str] | None = None,
        transaction_uuids: Sequence[str] | None = None,
    ) -> JsonObject:
        """Return one page of the ledger of a loyalty card.

        https://docs.talon.one/management-api#operation/getLoyaltyCardTransactionLogs
        """
        return self._object(
            ep.GET_LOYALTY_CARD_TRANSACTION_LOGS,
            path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id},
            query={
                "startDate": start_date,
                "endDate": end_date,
                "pageSize": page_size,
                "skip": skip,
                "subledgerId": subledger_id,
                "customerSessionIDs": customer_session_ids,
                "transactionUUIDs": transaction_uuids,
            },
        )

    def export_loyalty_balances(
        self, loyalty_program_id: str, *, end_date: Instant | None = None, balances: str | None = None
    ) -> bytes:
        """Return the CSV export of all profile balances of a program.

        https://docs.talon.one/management-api#operation/exportLoyaltyBalances
        """
        return self._bytes(
            ep.EXPORT_LOYALTY_BALANCES,
            path={"loyaltyProgramId": loyalty_program_id},
            query={"endDate": end_date, "balances": balances},
        )

    def export_loyalty_card_balances(
        self, loyalty_program_id: int, *, end_date: Instant | None = None, balances: str | None = None
    ) -> bytes:
        """Return the CSV export of all card balances of a program.

        https://docs.talon.one/management-api#operation/exportLoyaltyCardBalances
        """
        return self._bytes(
            ep.EXPORT_LOYALTY_CARD_BALANCES,
            path={"loyaltyProgramId": loyalty_program_id},
            query={"endDate": end_date, "balances": balances},
        )

    def export_loyalty_cards(
        self,
        loyalty_program_id: int,
        *,
        batch_id: str | None = None,
        created_before: Instant | None = None,
        created_after: Instant | None = None,
        date_format: str | None = None,
    ) -> bytes:
        """Return the CSV export of the cards of a program.

        https://docs.talon.one/management-api#operation/exportLoyaltyCards
        """
        return self._bytes(
            ep.EXPORT_LOYALTY_CARDS,
            path={"loyaltyProgramId": loyalty_program_id},
            query={
                "batchId": batch_id,
                "createdBefore": created_before,
                "createdAfter": created_after,
                "dateFormat": date_format,
            },
        )
