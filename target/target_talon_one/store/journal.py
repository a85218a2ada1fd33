"""The journal beside a store: which store a task uses, and which changes were acknowledged since it was saved.

A scheduler can provide each task with a slot that outlives the worker (Airflow 3.3: the task state store). A store
with a backend is saved every few seconds; the journal is written after every batch, so that a task that was killed in
between does not send acknowledged rows again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from target_talon_one.store.sequence_ranges import merged_ranges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LARGEST_NUMBER_OF_RANGES = 1_000  # some 16 kB


class JournalSlot(Protocol):
    """Keeps one value from one try of a task to the next."""

    def read(self) -> Mapping[str, Any] | None:
        """Return the last value that this try or an earlier one has written, or None."""
        ...

    def write(self, value: Mapping[str, Any]) -> None:
        """Replace the value. A slot that fails must not raise an error, because the rows were sent nevertheless."""
        ...


class Journal:
    """The progress of the destination that is being sent; a store sends one destination at a time.

    Args:
        slot: keeps the progress.
        store: identity of the store.
    """

    def __init__(self, slot: JournalSlot, store: str) -> None:
        self._slot, self._store = slot, store
        self._earlier = dict(slot.read() or {})
        self._changes: str | None = None
        self._destination = 0
        self._ranges: list[tuple[int, int]] | None = []

    def is_about_another_store(self) -> bool:
        """Return whether an earlier try has sent rows and recorded them in another store."""
        return bool(self._earlier.get("store", self._store) != self._store)

    def acknowledged_since_save(self, changes: str | None) -> tuple[int, list[tuple[int, int]]] | None:
        """Return a destination and the ranges of its changes that were acknowledged, or None.

        Args:
            changes: id of the changes that the store holds.
        """
        if not self._earlier.get("done") or self._earlier["changes"] != changes:
            return None
        return self._earlier["destination"], [(first, end) for first, end in self._earlier["done"]]

    def new_changes(self) -> str | None:
        """Return an id for the changes that are sent next, or None if they have one."""
        if self._changes is not None:
            return None
        self._changes, self._ranges = uuid4().hex, []
        return self._changes

    def begin(self, destination: int) -> None:
        """Write that the changes of a destination are sent from now on."""
        self._destination = destination
        self._write([])

    def acknowledge(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Write that these changes were acknowledged too."""
        if self._changes is None or self._ranges is None:
            return
        merged = merged_ranges([*self._ranges, *ranges])
        # Many scattered rows would make the journal too large; the next save of the store contains them.
        self._ranges = merged if len(merged) <= LARGEST_NUMBER_OF_RANGES else None
        if self._ranges:
            self._write(merged)

    def end(self) -> None:
        """Note that the changes are committed, so that later changes get new sequence numbers."""
        self._changes = None

    def _write(self, ranges: Sequence[tuple[int, int]]) -> None:
        about = {"store": self._store, "destination": self._destination, "changes": self._changes}
        self._slot.write({**about, "done": [list(one) for one in ranges]})
