"""What a run found and did at one destination, in rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from target_talon_one.store.tables.changes import Difference


@dataclass(slots=True)
class Figures:
    """What a run did to one destination, in rows.

    Attributes:
        read: rows that came.
        invalid: rows refused here.
        unreadable: lines that were no rows.
        duplicates: rows that a later one with the same key replaced.
        left_out: rows whose profile does not exist.
        deleted: rows that the source marks as deleted.
        adds, updates, removes, same, known: what was found; ``known``: rows that were there because of us.
        sent: rows that Talon.One took.
        rejected: rows that Talon.One refused.
        unknown: rows of which nobody knows.
        requests: calls that changed something or tried to.
        to_do: rows that were not tried.
        complete: the source was read to its end.
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

    def as_dict(self) -> dict[str, Any]:
        """For the history and for reports."""
        return asdict(self)


@dataclass(slots=True)
class Comparison:
    """What is to be done for a destination.

    Attributes:
        difference: rows by what is to be done about them.
        requests: how many calls that takes if no row is refused.
        new_profiles: profiles that would be created; None: it cannot be known.
        creates_audience: the audience is still to be made.
        generation: of what is known of the destination.
    """

    difference: Difference
    requests: int
    new_profiles: int | None
    creates_audience: bool
    generation: int
