"""Ledger checks: every ``recheck_days`` a ledger is read from its start, which shows the transactions that are gone.

A check that was not complete is repeated after a day, so that one that never can be complete costs one read a day.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_talon_one.engine.bookmarks import Bookmark
    from tap_talon_one.strategies.read_strategies import ReadStrategy
    from tap_talon_one.streams import Entity, StreamGroup

log = logging.getLogger("tap_talon_one")

DAY_US = 86_400_000_000
REPEAT_DAYS = 1


@dataclass(frozen=True, slots=True)
class LedgerChecks:
    """Decides when ledgers are checked.

    Attributes:
        settings: the tap's settings.
    """

    settings: Mapping[str, Any]

    def possible(self, group: StreamGroup) -> bool:
        """Return whether the settings ask for checks, and select all rows of a group in the programs that are read."""
        return group.is_ledger and self._of_all(group.entity)

    def by(self, strategy: ReadStrategy) -> bool:
        """Return whether reading with a strategy from the start is a check."""
        return strategy.group.is_ledger and strategy.reads_programs and self._of_all(strategy.owner)

    def due(self, bookmark: Bookmark, now_us: int) -> bool:
        """Return whether a read up to ``now_us`` has to be a check; a bookmark beyond that shows nothing to read."""
        if bookmark.bookmark_us is not None and bookmark.bookmark_us > now_us:
            return False
        days = self.settings["recheck_days"]
        spans = ((bookmark.checked_us, days), (bookmark.tried_us, min(days, REPEAT_DAYS)))
        return all(at_us is None or now_us - at_us >= span * DAY_US for at_us, span in spans)

    def warn_if_impossible(self, strategy: ReadStrategy, label: str) -> None:
        """Warn if checks are wanted, but not possible with a strategy."""
        if strategy.group.is_ledger and self._of_all(strategy.owner) and not self.by(strategy):
            log.warning(
                "%s: recheck_days has no effect with the strategy %s, because profiles that are not listed may have "
                "transactions; set transactions_strategy to auto or program_feed",
                label,
                strategy.name,
            )

    def end(self, bookmark: Bookmark, end_us: int, label: str, *, complete: bool) -> int | None:
        """Note in the bookmark that a ledger was read from its start; return the end of the check if it is complete."""
        bookmark.tried_us = end_us
        if complete:
            return end_us
        log.warning(
            "%s: the check for deleted transactions was not complete, because the run was resumed or an id was "
            "refused, so no row is taken for deleted; the check is repeated after a day",
            label,
        )
        return None

    def _of_all(self, owner: Entity) -> bool:
        """Return whether ledgers are to be checked, and those of all owners are read."""
        settings = self.settings
        wanted = settings["recheck_days"] is not None and settings["deleted_rows"] != "keep"
        some = [name for name in ("shard", f"{owner}_ids", f"{owner}_ids_file") if settings.get(name) is not None]
        return wanted and not some
