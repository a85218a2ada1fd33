"""Find the transactions of a warehouse that Talon.One no longer has."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from talon_one_client import endpoints as ep
from talon_one_client.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talon_one_client.client import TalonOneClient
    from talon_one_loading.reports.ledgers import LedgerKey
    from tap_talon_one.ledger.arithmetic import Entry

log = logging.getLogger("talon_one_loading")

_LEDGERS = {
    "card": (ep.GET_LOYALTY_CARD_TRANSACTIONS, "loyaltyCardId"),
    "profile": (ep.GET_LOYALTY_PROGRAM_PROFILE_TRANSACTIONS, "integrationId"),
}


class _Transaction(msgspec.Struct):
    id: int


_decode = msgspec.json.Decoder(_Transaction).decode


class DeletedTransactions:
    """Compares ledgers of a warehouse with those at Talon.One.

    Args:
        client: reads the ledgers, with one list for all subledgers of a card or profile.
    """

    def __init__(self, client: TalonOneClient) -> None:
        self._client = client
        self._last: tuple[tuple[str, int, str], set[int] | None] | None = None

    def among(self, kind: str, key: LedgerKey, entries: Iterable[Entry]) -> list[int] | None:
        """Return the ids of the transactions that Talon.One no longer has; None if it does not list the ledger.

        Args:
            kind: ``card`` or ``profile``.
            key: the ledger.
            entries: its transactions in the warehouse.

        Raises:
            TalonOneError: see talon_one_client.errors.
        """
        owner = (kind, key.program, key.owner)
        if self._last is None or self._last[0] != owner:  # the subledgers of an owner follow each other
            self._last = owner, self._listed(*owner)
        listed = self._last[1]
        return None if listed is None else sorted(entry.number for entry in entries if entry.number not in listed)

    def _listed(self, kind: str, program: int, owner: str) -> set[int] | None:
        endpoint, name = _LEDGERS[kind]
        short: list[bool] = []
        pages = self._client.paginate(
            endpoint,
            path={"loyaltyProgramId": program, name: owner},
            decode=_decode,
            on_short=lambda: short.append(True),
        )
        try:
            found = {row.id for page in pages for row in page}
        except NotFoundError:
            log.warning("Talon.One does not know the %s %r of program %s", kind, owner, program)
            return None
        return None if short else found
