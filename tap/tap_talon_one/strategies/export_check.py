"""The checks that a CSV export is complete: a truncated file looks like a complete one."""

from __future__ import annotations

import logging
from array import array
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from talon_one_client.errors import PermissionDeniedError
from talon_one_client.paging.page_counts import count_rows
from talon_one_client.paging.pages import PageSize, fetcher
from talon_one_singer.reporting.amounts import counted
from tap_talon_one.errors import IncompleteExport
from tap_talon_one.strategies.row_keys import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint
    from tap_talon_one.rows.exports import ExportedRows
    from tap_talon_one.strategies.bulk_rows import Export
    from tap_talon_one.strategies.read_strategies import ListCheck

log = logging.getLogger("tap_talon_one")


class _Id(msgspec.Struct):
    id: int


def distinct(texts: Iterable[str]) -> int:
    """Return the number of different texts, using eight bytes for each run of equal texts."""
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
    """The list of a program's cards. It has no total, so its length is found by reading at offsets."""

    client: TalonOneClient
    endpoint: Endpoint
    program: int

    def __post_init__(self) -> None:
        self._size = PageSize(self.endpoint)
        self._fetch = fetcher(self.client, self.endpoint, {"loyaltyProgramId": self.program}, self._size)

    def is_longer_than(self, cards: int) -> bool:
        """Return whether the list has more cards; makes one call.

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
        log.warning("cannot compare the export of program %s with the list of its cards: %s", cards.program, error)
        return found
    log.info(
        "the export of program %s has %s, the list has more; exporting again", cards.program, counted(exported, "card")
    )
    listed = cards.count()
    found = export()
    exported = distinct(found.owners())
    if exported < listed:
        listed = min(listed, cards.count())  # cards may have been deleted
    if exported < listed:
        raise IncompleteExport(
            f"the CSV export has {counted(exported, 'card')} and the list of cards {listed:,}, twice in a row, so "
            "the export is truncated and none of its rows is used. Set balances_strategy to per_entity or card_list"
        )
    return found


@dataclass
class ListsOfIds:
    """The lists of the ids of a parent, such as the coupons of each campaign, which an export has to contain.

    Attributes:
        check: the list of the ids, and the list of the rows of one id.
        path: path parameters of the parent.
    """

    client: TalonOneClient
    check: ListCheck
    path: Mapping[str, str | int]

    def checked(self, export: Callable[[], ExportedRows]) -> ExportedRows:
        """Return an export that has at least as many rows of each id as its list; makes a call for each id.

        If a list has more, it may have grown: the rows are then exported a second time.

        Raises:
            IncompleteExport: the second export has fewer rows than the lists, too.
            ValueError: an id in the export is no integer.
            TalonOneError: see talon_one_client.errors.
        """
        found = export()
        longer = self._longer(found, None)
        if longer:
            log.info("%s: the lists have more rows than the export; exporting again", self.check.rows.name)
            found = export()
            longer = self._longer(found, longer)
        if longer:
            others = f" and {len(longer) - 1:,} more" if longer[1:] else ""
            raise IncompleteExport(
                f"the CSV export has fewer rows than the lists of {self.check.field} {longer[0]}{others}, twice in a "
                "row, so the export is truncated and none of its rows is used. "
                "Set exports_strategy to per_entity"
            )
        return found

    def _longer(self, export: ExportedRows, among: list[int] | None) -> list[int]:
        counts = Counter(row[self.check.field] for row in export.values(self.check.field))
        return [each for each in (self._ids() if among is None else among) if self._is_longer(each, counts[each])]

    def _ids(self) -> Iterator[int]:
        decode = msgspec.json.Decoder(_Id).decode
        for page in self.client.paginate(self.check.ids, path=self.path, decode=decode):
            yield from (row.id for row in page)

    def _is_longer(self, each: int, rows: int) -> bool:
        path = {**self.path, self.check.rows.path_params[-1].name: each}
        size = PageSize(self.check.rows)
        return bool(fetcher(self.client, self.check.rows, path, size)(rows, 1).data)
