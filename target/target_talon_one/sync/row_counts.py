"""What a run found and did at one destination, in rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from talon_one_singer.reporting.amounts import counted

if TYPE_CHECKING:
    from target_talon_one.store.tables.changes import Difference


def change_words(*, done: bool) -> tuple[str, str, str]:
    """Return the words for rows that were added, changed and removed, or that are to be."""
    return ("added", "changed", "removed") if done else ("to add", "to change", "to remove")


@dataclass(slots=True)
class RowCounts:
    """What a run did at one destination, in rows.

    Attributes:
        read: rows that were read.
        invalid: rows refused before they were sent.
        unreadable: lines that were not rows.
        duplicates: rows that a later row with the same key replaced.
        left_out: rows whose profile does not exist.
        deleted: rows that the source marks as deleted.
        adds, updates, removes, same: rows by what was to be done about them.
        known: rows that were acknowledged before.
        sent: rows that Talon.One acknowledged.
        rejected: rows that Talon.One refused.
        unknown: rows that Talon.One may have received, because no readable answer came.
        requests: requests that changed something or tried to.
        to_do: rows that were not tried.
        complete: no row of the source is missing or unreadable.
    """

    read: int = 0
    invalid: int = 0
    unreadable: int = 0
    duplicates: int = 0
    left_out: int = 0
    deleted: int = 0
    adds: int = 0
    updates: int = 0
    removes: int = 0
    same: int = 0
    known: int = 0
    sent: int = 0
    rejected: int = 0
    unknown: int = 0
    requests: int = 0
    to_do: int = 0
    complete: bool = True

    @property
    def refused(self) -> int:
        """The number of rows and lines that are in the rejects."""
        return self.invalid + self.rejected + self.unknown + self.unreadable

    def add(self, found: Difference, *, duplicates: int, complete: bool) -> None:
        """Add what a comparison found."""
        self.adds += found.adds
        self.updates += found.updates
        self.removes += found.removes
        self.same += found.same
        self.duplicates += duplicates
        self.known = found.known
        self.complete = complete
        self.note_to_do()

    @property
    def all_sent(self) -> bool:
        """True if Talon.One has acknowledged every row that was to be added, changed or removed."""
        return self.sent == self.adds + self.updates + self.removes

    def changes(self) -> dict[str, int]:
        """Return the rows to add, change and remove by words that say whether all of that was done."""
        return dict(zip(change_words(done=self.all_sent), (self.adds, self.updates, self.removes), strict=True))

    def note_to_do(self) -> None:
        """Count the rows that were found and not tried."""
        tried = self.sent + self.rejected + self.unknown
        self.to_do = self.adds + self.updates + self.removes - tried

    def other_rows(self) -> list[str]:
        """Return what became of rows that were read and are neither to be sent, nor unchanged, nor refused."""
        found = (
            (self.duplicates, "replaced by a later row with the same key"),
            (self.left_out, "left out, because the profile does not exist (create_profiles: skip)"),
            (self.deleted, "marked as deleted by the source"),
        )
        return [f"{counted(count, 'row')} {words}" for count, words in found if count]

    def as_dict(self) -> dict[str, Any]:
        """Return the counts for the history and for reports."""
        return asdict(self)


@dataclass(slots=True)
class Comparison:
    """What is to be done at a destination.

    Attributes:
        difference: rows by what is to be done with them.
        requests: number of requests if no row is refused.
        new_profiles: profiles that would be created; None if their number is unknown.
        creates_audience: the audience is still to be created; None if it is unknown whether it exists.
        generation: of the acknowledged rows; it changes with every change of them.
    """

    difference: Difference
    requests: int
    new_profiles: int | None
    creates_audience: bool | None
    generation: int
