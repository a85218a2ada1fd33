"""The tap's rows into a warehouse: merged in parts, each with the state that belongs to it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_warehouse import table_spec, to_arrow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talon_one_singer import CatalogEntry
    from talon_one_warehouse import TableSpec, Warehouse

STATE_NAME = "tap-talon-one"


def state_name(settings: Mapping[str, Any]) -> str:
    """Under which name the warehouse keeps the state: each shard has its own."""
    return f"{STATE_NAME} {settings['shard']}" if settings["shard"] else STATE_NAME


@dataclass(slots=True)
class LoadCounts:
    """What became of a stream's rows: read, new in the warehouse, changed there."""

    read: int = 0
    inserted: int = 0
    updated: int = 0


class WarehouseSink:
    """Collects rows and merges them with their state in one transaction.

    A merge is due after ``rows_per_merge`` rows or ``seconds_per_merge`` seconds: what a crash costs at most.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        *,
        state_name: str = STATE_NAME,
        rows_per_merge: int = 100_000,
        seconds_per_merge: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._warehouse, self._state_name = warehouse, state_name
        self._rows_per_merge, self._seconds_per_merge, self._clock = rows_per_merge, seconds_per_merge, clock
        self._tables: dict[str, TableSpec] = {}
        self._waiting: dict[str, list[bytes]] = {}
        self._count, self._last_s = 0, clock()
        self.counts: dict[str, LoadCounts] = {}

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any]) -> None:
        """Makes or extends the stream's table."""
        spec = table_spec(entry.stream, schema, entry.key_properties)
        self._warehouse.prepare(spec)
        self._tables[entry.stream] = spec
        self.counts.setdefault(entry.stream, LoadCounts())

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Keeps rows for the next merge."""
        self._waiting.setdefault(stream, []).extend(rows)
        self._count += len(rows)
        self.counts[stream].read += len(rows)

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Merges if it is due; the state goes with the last table, in its transaction."""
        due = self._count >= self._rows_per_merge or self._clock() - self._last_s >= self._seconds_per_merge
        if not (final or due):
            return
        value = {self._state_name: state()}
        waiting, self._waiting = self._waiting, {}
        names = list(waiting)
        for name in names[:-1]:
            self._merge(name, waiting[name], None)
        if names:
            self._merge(names[-1], waiting[names[-1]], value)
        else:
            self._warehouse.merge({}, value)
        self._count, self._last_s = 0, self._clock()

    def _merge(self, stream: str, rows: list[bytes], state: Mapping[str, Any] | None) -> None:
        batch = to_arrow(self._tables[stream], rows)
        done = self._warehouse.merge({stream: [batch]}, state)
        counts = self.counts[stream]
        counts.inserted += done.inserted
        counts.updated += done.updated
