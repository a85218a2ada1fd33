"""The check of exports of profile balances: a second export, and a page of the program's transactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from talon_one_client.endpoints import GET_LOYALTY_PROGRAM_TRANSACTIONS
from talon_one_client.paging.windows import MIN_US, Window, from_us
from tap_talon_one.strategies.export_probes import confirmed_export, first_rows, is_in
from tap_talon_one.strategies.row_keys import RowKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from talon_one_client.client import TalonOneClient
    from tap_talon_one.strategies.bulk_rows import Export


class _Transaction(msgspec.Struct, rename="camel"):
    created: str
    customer_profile_id: str | None = None


@dataclass
class ProfileBalances:
    """The balances of the profiles of a program.

    Attributes:
        export: requests the export.
        program: id of the program.
        as_of_us: instant of the balances.
    """

    client: TalonOneClient
    export: Callable[[], Export]
    program: int
    as_of_us: int

    def checked(self, advice: str) -> Export:
        """Return an export with every profile of a second one, and of a page of the program's transactions.

        Raises:
            IncompleteExport: it lacks profiles, see ``confirmed_export``.
            TalonOneError: see talon_one_client.errors.
        """
        probes = [lambda: _keys(self.export()), self._with_transactions]
        return confirmed_export(self.export, _keys, lambda _: probes, advice)

    def _with_transactions(self) -> RowKeys:
        endpoint, before = GET_LOYALTY_PROGRAM_TRANSACTIONS, Window(MIN_US, self.as_of_us)
        query = {"endDate": from_us(self.as_of_us)}
        rows = first_rows(self.client, endpoint, {"loyaltyProgramId": self.program}, query, _Transaction)
        # The transactions of a deleted profile no longer name it.
        return RowKeys(
            {(row.customer_profile_id,) for row in rows if row.customer_profile_id and is_in(row.created, before)}
        )


def _keys(export: Export) -> RowKeys:
    def keys() -> Iterator[Hashable]:
        for owner, subledger, *_ in export.lines():
            yield (owner,)
            yield (owner, subledger)

    return RowKeys(keys())
