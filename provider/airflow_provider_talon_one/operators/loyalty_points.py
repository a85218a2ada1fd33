"""Operators for unused loyalty points, their activation, and members of profile-based programs.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.operators.talon_one import TalonOneOperator, given
from talon_one_client.errors import BadRequestError, NotFoundError

if TYPE_CHECKING:
    from talon_one_client.client import TalonOneClient


class GetLoyaltyCardPointsOperator(TalonOneOperator):
    """Reads a page of the unused points of a card: what remains of each addition.

    Args:
        loyalty_program_id: id of the program.
        loyalty_card_id: identifier of the card.
        status: `active` (default), `pending` or `expired`.
        subledger_id: only these subledgers.
        customer_session_ids: only points of these sessions.
        transaction_uuids: only these transactions.
        sort: `startDate` or `expiryDate`; with a leading `-` the latest first.
        page_size: number of rows to return.
        skip: number of rows to skip.
    """

    def __init__(
        self,
        *,
        loyalty_program_id: int | str,
        loyalty_card_id: str,
        status: str | None = None,
        subledger_id: list[str] | None = None,
        customer_session_ids: list[str] | None = None,
        transaction_uuids: list[str] | None = None,
        sort: str | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="get_loyalty_card_points",
            path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id},
            query={
                "status": status,
                "subledgerId": subledger_id,
                "customerSessionIDs": customer_session_ids,
                "transactionUUIDs": transaction_uuids,
                "sort": sort,
                "pageSize": page_size,
                "skip": skip,
            },
            **kwargs,
        )


class GetLoyaltyProgramProfilePointsOperator(TalonOneOperator):
    """Reads a page of the unused points of a profile: what remains of each addition.

    Args:
        loyalty_program_id: id of the program.
        integration_id: integration id of the profile.
        status: `active` (default), `pending` or `expired`.
        subledger_id: only these subledgers.
        customer_session_ids: only points of these sessions.
        transaction_uuids: only these transactions.
        sort: `startDate` or `expiryDate`; with a leading `-` the latest first.
        page_size: number of rows to return.
        skip: number of rows to skip.
    """

    def __init__(
        self,
        *,
        loyalty_program_id: int | str,
        integration_id: str,
        status: str | None = None,
        subledger_id: list[str] | None = None,
        customer_session_ids: list[str] | None = None,
        transaction_uuids: list[str] | None = None,
        sort: str | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="get_loyalty_program_profile_points",
            path={"loyaltyProgramId": loyalty_program_id, "integrationId": integration_id},
            query={
                "status": status,
                "subledgerId": subledger_id,
                "customerSessionIDs": customer_session_ids,
                "transactionUUIDs": transaction_uuids,
                "sort": sort,
                "pageSize": page_size,
                "skip": skip,
            },
            **kwargs,
        )


class ActivateLoyaltyPointsOperator(TalonOneOperator):
    """Activates points that wait for an action: those of a session, or of up to 50 transactions.

    Args:
        loyalty_program_id: id of the program.
        session_id: integration id of the session.
        transaction_uuids: UUIDs of the transactions.
    """

    def __init__(
        self,
        *,
        loyalty_program_id: int | str,
        session_id: str | None = None,
        transaction_uuids: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="activate_loyalty_points",
            path={"loyaltyProgramId": loyalty_program_id},
            body=given(sessionId=session_id, transactionUUIDs=transaction_uuids),
            **kwargs,
        )


class DeleteLoyaltyTransactionsFromLedgersOperator(TalonOneOperator):
    """Deletes the transactions of a profile in all ledgers of a program, or in some. This cannot be undone.

    Args:
        loyalty_program_id: id of the program.
        integration_id: integration id of the profile.
        subledger_ids: only these ledgers; an empty text is the main ledger. Default: all ledgers.
    """

    def __init__(
        self,
        *,
        loyalty_program_id: int | str,
        integration_id: str,
        subledger_ids: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        scope = "AllSubledgers" if subledger_ids is None else "SelectedSubledgers"
        super().__init__(
            operation="delete_loyalty_transactions_from_ledgers",
            path={"loyaltyProgramId": loyalty_program_id, "integrationId": integration_id},
            body=given(scope=scope, subledgerIds=subledger_ids),
            **kwargs,
        )


class JoinLoyaltyProgramOperator(TalonOneOperator):
    """Makes a profile a member of a profile-based program. A profile that is a member already is no error.

    Args:
        loyalty_program_id: id of the program.
        integration_id: integration id of the profile; a missing profile is created.
    """

    def __init__(
        self,
        *,
        loyalty_program_id: int | str,
        integration_id: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="join_loyalty_program",
            path={"loyaltyProgramId": loyalty_program_id, "integrationId": integration_id},
            **kwargs,
        )

    def send(self, client: TalonOneClient, idempotency_key: str | None) -> Any:
        """Send the request. Talon.One refuses a second one, so that a retried task looks whether the first one worked.

        Raises:
            BadRequestError: the profile is not a member.
        """
        try:
            return super().send(client, idempotency_key)
        except BadRequestError:
            if not self._is_member(client):
                raise
            self.log.info("the profile is a member already")
            return None

    def _is_member(self, client: TalonOneClient) -> bool:
        try:
            inventory = client.get_customer_inventory(str(self.path["integrationId"]), loyalty=True)
        except NotFoundError:
            return False
        wanted = str(self.path["loyaltyProgramId"])
        programs = inventory["loyalty"]["programs"].values()
        return any(str(program["id"]) == wanted and program.get("joinDate") for program in programs)
