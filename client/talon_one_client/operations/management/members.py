"""Members of loyalty programs: one typed method per operation.

https://docs.talon.one/management-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talon_one_client.operations.typed_calls import Instant, JsonObject


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

    def get_dashboard_statistics(
        self,
        loyalty_program_id: int,
        *,
        subledger_id: str | None = None,
        range_start: Instant,
        range_end: Instant,
    ) -> JsonObject:
        """Return the daily figures of a program.

        https://docs.talon.one/management-api#operation/getDashboardStatistics
        """
        return self._object(
            ep.GET_DASHBOARD_STATISTICS,
            path={"loyaltyProgramId": loyalty_program_id},
            query={"subledgerId": subledger_id, "rangeStart": range_start, "rangeEnd": range_end},
        )
