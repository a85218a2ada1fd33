"""Unused points, their activation, and members of profile-based programs: one typed method per operation.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_client.operations.typed_calls import JsonObject


class LoyaltyPointOperations(Operations):
    """Unused points, their activation, and members of profile-based programs: operations of the Integration API."""

    def get_loyalty_card_points(
        self,
        loyalty_program_id: int,
        loyalty_card_id: str,
        *,
        status: str | None = None,
        subledger_id: Sequence[str] | None = None,
        customer_session_ids: Sequence[str] | None = None,
        transaction_uuids: Sequence[str] | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
    ) -> JsonObject:
        """Return one page of a card's unused points: what remains of each addition; active points by default.

        https://docs.talon.one/integration-api#operation/getLoyaltyCardPoints
        """
        return self._object(
            ep.GET_LOYALTY_CARD_POINTS,
            path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id},
            query={
                "status": status,
                "subledgerId": subledger_id,
                "customerSessionIDs": customer_session_ids,
                "transactionUUIDs": transaction_uuids,
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
            },
        )

    def get_loyalty_program_profile_points(
        self,
        loyalty_program_id: int,
        integration_id: str,
        *,
        status: str | None = None,
        subledger_id: Sequence[str] | None = None,
        customer_session_ids: Sequence[str] | None = None,
        transaction_uuids: Sequence[str] | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        sort: str | None = None,
    ) -> JsonObject:
        """Return one page of a profile's unused points: what remains of each addition; active points by default.

        https://docs.talon.one/integration-api#operation/getLoyaltyProgramProfilePoints
        """
        return self._object(
            ep.GET_LOYALTY_PROGRAM_PROFILE_POINTS,
            path={"loyaltyProgramId": loyalty_program_id, "integrationId": integration_id},
            query={
                "status": status,
                "subledgerId": subledger_id,
                "customerSessionIDs": customer_session_ids,
                "transactionUUIDs": transaction_uuids,
                "pageSize": page_size,
                "skip": skip,
                "sort": sort,
            },
        )

    def activate_loyalty_points(self, loyalty_program_id: int, body: JsonObject) -> JsonObject:
        """Activate points that wait for an action: those of a session, or of up to 50 transactions.

        https://docs.talon.one/integration-api#operation/activateLoyaltyPoints
        """
        return self._object(ep.ACTIVATE_LOYALTY_POINTS, path={"loyaltyProgramId": loyalty_program_id}, body=body)

    def delete_loyalty_transactions_from_ledgers(
        self, loyalty_program_id: int, integration_id: str, body: JsonObject
    ) -> None:
        """Delete the transactions of a profile in all ledgers of a program, or in some. This cannot be undone.

        https://docs.talon.one/integration-api#operation/deleteLoyaltyTransactionsFromLedgers
        """
        self._nothing(
            ep.DELETE_LOYALTY_TRANSACTIONS_FROM_LEDGERS,
            path={"loyaltyProgramId": loyalty_program_id, "integrationId": integration_id},
            body=body,
        )

    def join_loyalty_program(self, loyalty_program_id: int, integration_id: str) -> None:
        """Make a profile a member of a program, and create the profile if it is missing.

        BadRequestError (400) if it is a member already. After a retry that may be the effect of an earlier attempt:
        the inventory of the profile shows the ``joinDate``.

        https://docs.talon.one/integration-api#operation/joinLoyaltyProgram
        """
        self._nothing(
            ep.JOIN_LOYALTY_PROGRAM,
            path={"loyaltyProgramId": loyalty_program_id, "integrationId": integration_id},
        )
