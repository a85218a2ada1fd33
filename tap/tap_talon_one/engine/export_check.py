"""CSV exports of card balances, compared with the list of cards: a file that lacks lines looks like a whole one."""

from __future__ import annotations

import logging
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talon_one_client.errors import PermissionDeniedError
from talon_one_client.paging.page_counts import count_rows
from talon_one_client.paging.pages import PageSize, fetcher
from tap_talon_one.errors import IncompleteExport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint
    from tap_talon_one.strategies.bulk_rows import Export

log = logging.getLogger("tap_talon_one")

BUCKETS = 256  # so that the set of one of them is small, whatever the number of cards


def distinct(texts: Iterable[str]) -> int:
    """Return how many different texts there are, in eight bytes for each run of equal ones."""
    buckets = [array("q") for _ in range(BUCKETS)]
    previous = None
    for text in texts:
        if text != previous:
            number = hash(text)
            buckets[number % BUCKETS].append(number)
        previous = text
    return sum(len(set(bucket)) for bucket in buckets)


@dataclass
class CardList:
    """The list of a program's cards. It gives no total, so that cards are looked for behind an offset."""

    client: TalonOneClient
    endpoint: Endpoint
    program: int

    def __post_init__(self) -> None:
        self._size = PageSize(self.endpoint)
        self._fetch = fetcher(self.client, self.endpoint, {"loyaltyProgramId": self.program}, self._size)

    def is_longer_than(self, cards: int) -> bool:
        """Whether there is a card behind so many; costs one call.

        Raises:
            TalonOneError: see talon_one_client.errors.
        """
        return bool(self._fetch(cards, 1).data)

    def count(self) -> int:
        """Return the number of cards, in about forty calls for a million.

        Raises:
            TalonOneError: see talon_one_client.errors.
        """
        return count_rows(self._fetch, self._size)


def complete_export(export: Callable[[], Export], cards: CardList) -> Export:
    """Return an export that has at least as many cards as the list.

    If the list has more, it may have grown: the export is then compared with the cards that the list had before it.

    Raises:
        IncompleteExport: a second export has fewer cards, too.
        TalonOneError: see talon_one_client.errors.
    """
    found = export()
    exported = distinct(found.owners())
    try:
        if not cards.is_longer_than(exported):
            return found
    except PermissionDeniedError as error:
        log.warning("the export of program %s is not compared with the list of its cards: %s", cards.program, error)
        return found
    log.info("the export of program %s has %s cards, the list has more; exporting again", cards.program, exported)
    listed = cards.count()
    found = export()
    exported = distinct(found.owners())
    if exported < listed:
        listed = min(listed, cards.count())  # cards may have been deleted
    if exported < listed:
        raise IncompleteExport(
            f"the CSV export has {exported:,} cards and the list of cards {listed:,}, twice in a row; no row of it is "
            "used. It was cut off, or leaves cards out; set balances_strategy to per_card or card_list"
        )
    return found
