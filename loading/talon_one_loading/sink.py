"""The tap's rows into a warehouse: merged in parts, each with the state that belongs to it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_warehouse import table_spec, to_arrow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from talon_one_singer import CatalogEntry
    from talon_one_warehouse import TableSpec, Warehouse

STATE_NAME = "tap-talon-one"
ROWS_A_BATCH = 1_000


def state_name(settings: Mapping[str, Any]) -> str:
    """Under which name the warehouse keeps the state: each shard has its own."""
    return f"{STATE_NAME} {settings['shard']}" if settings["shard"] else STATE_NAME


@dataclass(slots=True)
class LoadCounts:
    """What became of a stream's rows: read, new in the warehouse, changed there."""

    read: int = 0
    inserted: int = 0
    updated: int = 0


class _Waiting:
    """A stream's rows until they are merged, as Arrow batches of ROWS_A_BATCH: Python objects take ten times that."""

    def __init__(self, table: TableSpec) -> None:
        self.table = table
        self._raws: list[bytes] = []
        self._batches: list[pa.RecordBatch] = []

    def add(self, rows: Sequence[bytes]) -> None:
        """Keeps rows."""
        for first in range(0, len(rows), ROWS_A_BATCH):
            self._raws.extend(rows[first : first + ROWS_A_BATCH])
            if len(self._raws) >= ROWS_A_BATCH:
                self._convert()

    def taken(self) -> list[pa.RecordBatch]:
        """All that waited; nothing waits then."""
        self._convert()
        batches, self._batches = self._batches, []
        return batches

    def _convert(self) -> None:
        raws, self._raws = self._raws, []
        if raws:
            self._batches.append(to_arrow(self.table, raws))


class WarehouseSink:
    """Collects rows and merges them with their state in one transaction.

    A merge is due after ``rows_per_merge`` rows or ``seconds_per_merge`` seconds: what a crash costs at most. After a
    row or a merge that failed nothing more is kept, so that no state passes rows that are not in the warehouse.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        *,
        state_name: str = STATE_NAME,
        rows_per_merge: int = 20_000,
        seconds_per_merge: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._warehouse, self._state_name = warehouse, state_name
        self._rows_per_merge, self._seconds_per_merge, self._clock = rows_per_merge, seconds_per_merge, clock
        self._waiting: dict[str, _Waiting] = {}
        self._count, self._last_s, self._failed = 0, clock(), False
        self.counts: dict[str, LoadCounts] = {}

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any]) -> None:
        """Makes or extends the stream's table."""
        spec = table_spec(entry.stream, schema, entry.key_properties)
        self._warehouse.prepare(spec)
        self._waiting[entry.stream] = _Waiting(spec)
        self.counts.setdefault(entry.stream, LoadCounts())

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Keeps rows for the next merge."""
        with self._or_nothing_more():
            self._waiting[stream].add(rows)
        self._count += len(rows)
        self.counts[stream].read += len(rows)

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Merges if it is due; the state goes with the last table, in its transaction."""
        due = self._count >= self._rows_per_merge or self._clock() - self._last_s >= self._seconds_per_merge
        if self._failed or not (final or due):
            return
        with self._or_nothing_more():
            self._merge({self._state_name: state()})
        self._count, self._last_s = 0, self._clock()

    def _merge(self, state: Mapping[str, Any]) -> None:
        waiting = {name: batches for name, one in self._waiting.items() if (batches := one.taken())}
        if not waiting:
            self._warehouse.merge({}, state)
        last = next(reversed(waiting), None)
        for name, batches in waiting.items():
            self._merge_table(name, batches, state if name == last else None)

    def _merge_table(self, stream: str, batches: list[pa.RecordBatch], state: Mapping[str, Any] | None) -> None:
        done = self._warehouse.merge({stream: batches}, state)
        counts = self.counts[stream]
        counts.inserted += done.inserted
        counts.updated += done.updated

    @contextmanager
    def _or_nothing_more(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._failed = True
            raise
