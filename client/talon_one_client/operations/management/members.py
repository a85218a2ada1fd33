"""Members of loyalty programs: one typed method per operation.

https://docs.talon.one/management-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from collections.abc import Sequence


class MemberOperations(Operations):
    """Tiers and join dates of the members of loyalty programs: operations of the Management API."""

    def export_customers_tiers(
        self,
        loyalty_program_id: str,
        *,
        subledger_ids: Sequence[str] | None = None,
        tier_names: Sequence[str] | None = None,
    ) -> bytes:
        """Return the tiers of the members of a program as CSV.

        https://docs.talon.one/management-api#operation/exportCustomersTiers
        """
        return self._bytes(
            ep.EXPORT_CUSTOMERS_TIERS,
            path={"loyaltyProgramId": loyalty_program_id},
            query={"subledgerIds": subledger_ids, "tierNames": tier_names},
        )

    def export_loyalty_join_dates(self, loyalty_program_id: str) -> bytes:
        """Return the dates at which the members of a program have joined it, as CSV.

        https://docs.talon.one/management-api#operation/exportLoyaltyJoinDates
        """
        return self._bytes(ep.EXPORT_LOYALTY_JOIN_DATES, path={"loyaltyProgramId": loyalty_program_id})
