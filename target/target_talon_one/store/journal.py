"""What a store tells a place that outlives its worker: which store it is, and what was acknowledged since it was saved.

A scheduler gives such a place to each of its tasks (Airflow 3.3: the task state store). A store whose home is elsewhere
is saved every few seconds; the journal is written after every batch, so that a task that was killed in between sends
nothing again that was acknowledged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_RANGES = 1_000  # some 16 kB; scattered single rows wait for the next save of the store


class JournalPlace(Protocol):
    """Keeps one value from one try of a task to the next."""

    def read(self) -> Mapping[str, Any] | None:
        """What was written last, by this try or one before; None if nothing was."""
        ...

    def write(self, value: Mapping[str, Any]) -> None:
        """Replace it. A place that is out of order must not raise: nothing is wrong with what was sent."""
        ...


class Journal:
    """Notes of one opened store, about the one destination that is sent at a time.

    Args:
        place: where they are kept.
    """

    def __init__(self, place: JournalPlace) -> None:
        self._place = place
        self._before = dict(place.read() or {})
        self._about: dict[str, Any] = {}

    def is_of_another(self, store: str) -> bool:
        """Whether a try before this one has sent something and noted it in another store."""
        return bool(self._before.get("store", store) != store)

    def since_saved(self, changes: str | None) -> tuple[int, list[tuple[int, int]]] | None:
        """A destination, and which of these numbered changes were acknowledged; None if nothing is known of them."""
        if not self._before.get("done") or self._before["changes"] != changes:
            return None
        return self._before["destination"], [(first, past) for first, past in self._before["done"]]

    def begin(self, store: str, destination: int, changes: str) -> None:
        """From now on these changes are sent."""
        self._about = {"store": store, "destination": destination, "changes": changes}
        self.acknowledged([])

    def acknowledged(self, ranges: Sequence[tuple[int, int]]) -> None:
        """All that was acknowledged so far, in MOST_RANGES ranges at most."""
        self._place.write({**self._about, "done": [list(one) for one in ranges]})
