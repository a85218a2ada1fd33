"""Operators for loyalty programs.

https://docs.talon.one/integration-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_talon_one.operators.talon_one import TalonOneOperator, given

if TYPE_CHECKING:
    from datetime import datetime


class GetLoyaltyBalancesOperator(TalonOneOperator):
    """Reads the balances of a profile in a program.

    Args:
        loyalty_program_id: id of the program.
        integration_id: integration id of the profile.
        end_date: instant at which the balances are computed; default: now.
        subledger_id: only this subledger.
        include_tiers: whether to include tiers.
    """

    def __init__(
        self,
        *,
        loyalty_program_id: int | str,
        integration_id: str,
        end_date: str | datetime | None = None,
        subledger_id: str | None = None,
        include_tiers: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="get_loyalty_balances",
            path={"loyaltyProgramId": loyalty_program_id, "integrationId": integration_id},
            query={"endDate": end_date, "subledgerId": subledger_id, "includeTiers": include_tiers},
            **kwargs,
        )


class GetLoyaltyCardBalancesOperator(TalonOneOperator):
    """Reads the balances of a card.

    Args:
        loyalty_program_id: id of the program.
        loyalty_card_id: identifier of the card.
        end_date: instant at which the balances are computed; default: now.
        subledger_id: only these subledgers.
    """

    def __init__(
        self,
        *,
        loyalty_program_id: int | str,
        loyalty_card_id: str,
        end_date: str | datetime | None = None,
        subledger_id: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="get_loyalty_card_balances",
            path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id},
            query={"endDate": end_date, "subledgerId": subledger_id},
            **kwargs,
        )


class GetLoyaltyCardTransactionsOperator(TalonOneOperator):
    """Reads a page of a card's transactions. For complete ledgers use TalonOneToWarehouseOperator.

    Args:
        loyalty_program_id: id of the program.
        loyalty_card_id: identifier of the card.
        start_date: only rows created at or after this instant.
        end_date: only rows created at or before this instant.
        page_size: number of rows to return.
        skip: number of rows to skip.
        subledger_id: only these subledgers.
    """

    def __init__(
        self,
        *,
        loyalty_program_id: int | str,
        loyalty_card_id: str,
        start_date: str | datetime | None = None,
        end_date: str | datetime | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        subledger_id: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="get_loyalty_card_transactions",
            path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id},
            query={
                "startDate": start_date,
                "endDate": end_date,
                "pageSize": page_size,
                "skip": skip,
                "subledgerId": subledger_id,
            },
            **kwargs,
        )


class GetLoyaltyProgramProfileTransactionsOperator(TalonOneOperator):
    """Reads a page of a profile's transactions. For complete ledgers use TalonOneToWarehouseOperator.

    Args:
        loyalty_program_id: id of the program.
        integration_id: integration id of the profile.
        start_date: only rows created at or after this instant.
        end_date: only rows created at or before this instant.
        page_size: number of rows to return.
        skip: number of rows to skip.
        subledger_id: only this subledger.
    """

    def __init__(
        self,
        *,
        loyalty_program_id: int | str,
        integration_id: str,
        start_date: str | datetime | None = None,
        end_date: str | datetime | None = None,
        page_size: int | None = None,
        skip: int | None = None,
        subledger_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="get_loyalty_program_profile_transactions",
            path={"loyaltyProgramId": loyalty_program_id, "integrationId": integration_id},
            query={
                "startDate": start_date,
                "endDate": end_date,
                "pageSize": page_size,
                "skip": skip,
                "subledgerId": subledger_id,
            },
            **kwargs,
        )


class LinkLoyaltyCardToProfileOperator(TalonOneOperator):
    """Links a card to a profile.

    Args:
        loyalty_program_id: id of the program.
        loyalty_card_id: identifier of the card.
        integration_id: integration id of the profile.
    """

    def __init__(
        self,
        *,
        loyalty_program_id: int | str,
        loyalty_card_id: str,
        integration_id: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="link_loyalty_card_to_profile",
            path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id},
            body=given(integrationId=integration_id),
            **kwargs,
        )


class UnlinkLoyaltyCardFromProfileOperator(TalonOneOperator):
    """Removes the link of a card to a profile.

    Args:
        loyalty_program_id: id of the program.
        loyalty_card_id: identifier of the card.
        integration_id: integration id of the profile.
    """

    def __init__(
        self,
        *,
        loyalty_program_id: int | str,
        loyalty_card_id: str,
        integration_id: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="unlink_loyalty_card_from_profile",
            path={"loyaltyProgramId": loyalty_program_id, "loyaltyCardId": loyalty_card_id},
            body=given(integrationId=integration_id),
            **kwargs,
        )


class GenerateLoyaltyCardOperator(TalonOneOperator):
    """Creates a card.

    Args:
        loyalty_program_id: id of the program.
        card_identifier: identifier of the card; default: Talon.One makes one of the program's format.
        customer_profile_ids: integration ids of the profiles to link.
        status: `active` (default) or `inactive`.
    """

    def __init__(
        self,
        *,
        loyalty_program_id: int | str,
        card_identifier: str | None = None,
        customer_profile_ids: list[str] | None = None,
        status: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            operation="generate_loyalty_card",
            path={"loyaltyProgramId": loyalty_program_id},
            body=given(cardIdentifier=card_identifier, customerProfileIds=customer_profile_ids, status=status),
            **kwargs,
        )
