"""The tap's rows into a warehouse: merged in parts, each with the state that belongs to it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_loading.bad_rows import POLICIES, REJECTS, REJECTS_TABLE, RejectedRow, log_rejected
from talon_one_warehouse import table_spec, to_arrow
from tap_talon_one.errors import RowRefused

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
    """What became of a stream's rows: read, new in the warehouse, changed there, rejected."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    rejected: int = 0


class _Waiting:
    """A stream's rows until they are merged, as Arrow batches of ROWS_A_BATCH: Python objects take ten times that."""

    def __init__(self) -> None:
        self._parts: list[pa.RecordBatch] = []
        self._rows_in_parts = 0
        self._batches: list[pa.RecordBatch] = []

    def add(self, batches: Sequence[pa.RecordBatch]) -> None:
        """Keeps rows."""
        self._parts += batches
        self._rows_in_parts += sum(batch.num_rows for batch in batches)
        if self._rows_in_parts >= ROWS_A_BATCH:
            self._join()

    def taken(self) -> list[pa.RecordBatch]:
        """All that waited; nothing waits then."""
        self._join()
        batches, self._batches = self._batches, []
        return batches

    def _join(self) -> None:
        import pyarrow as pa

        parts, self._parts, self._rows_in_parts = self._parts, [], 0
        if len(parts) == 1:
            self._batches += parts
        elif parts:
            self._batches += pa.Table.from_batches(parts).combine_chunks().to_batches()


class WarehouseSink:
    """Collects rows and merges them with their state in one transaction.

    A merge is due after ``rows_per_merge`` rows or ``seconds_per_merge`` seconds: what a crash costs at most. After a
    merge that failed nothing more is kept, so that no state passes rows that are not in the warehouse. Each row is
    turned into columns when it comes: one that does not fit is known before the state moves on.

    With ``bad_rows="fail"`` such a row fails its stream, and the state of the stream stays before it; with "reject" it
    goes to the table ``rejected_rows`` in place of its own.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        *,
        state_name: str = STATE_NAME,
        bad_rows: str = "fail",
        rows_per_merge: int = 20_000,
        seconds_per_merge: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._warehouse, self._state_name = warehouse, state_name
        self._rows_per_merge, self._seconds_per_merge, self._clock = rows_per_merge, seconds_per_merge, clock
        self._fit = POLICIES[bad_rows]
        self._specs: dict[str, TableSpec] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._rejected: list[RejectedRow] = []
        self._rejects_ready = False
        self._count, self._last_s, self._failed = 0, clock(), False
        self.counts: dict[str, LoadCounts] = {}

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any]) -> None:
        """Makes or extends the stream's table."""
        spec = table_spec(entry.stream, schema, entry.key_properties)
        self._warehouse.prepare(spec)
        self._specs[entry.stream] = spec
        self._waiting[entry.stream] = _Waiting()
        self.counts.setdefault(entry.stream, LoadCounts())

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Keeps rows for the next merge.

        Raises:
            RowRefused: one does not fit its table, and none of them is kept.
        """
        counts = self.counts[stream]
        counts.read += len(rows)
        with self._or_nothing_more():
            parts = [rows[first : first + ROWS_A_BATCH] for first in range(0, len(rows), ROWS_A_BATCH)]
            found = [self._fit(self._specs[stream], part, lambda batch: self._check(stream, batch)) for part in parts]
        for batches, rejected in found:
            self._waiting[stream].add(batches)
            self._rejected += rejected
            log_rejected(rejected, counts.rejected)
            counts.rejected += len(rejected)
        self._count += len(rows)

    def _check(self, stream: str, batch: pa.RecordBatch) -> None:
        self._warehouse.check_rows(stream, batch)

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Merges if it is due; the state goes with the last table, in its transaction."""
        due = self._count >= self._rows_per_merge or self._clock() - self._last_s >= self._seconds_per_merge
        if self._failed or not (final or due):
            return
        with self._or_nothing_more():
            self._merge({self._state_name: state()})
        self._count, self._last_s = 0, self._clock()

    def _merge(self, state: Mapping[str, Any]) -> None:
        waiting = self._taken_rejects()
        waiting |= {name: batches for name, one in self._waiting.items() if (batches := one.taken())}
        if not waiting:
            self._warehouse.merge({}, state)
        last = next(reversed(waiting), None)
        for name, batches in waiting.items():
            self._merge_table(name, batches, state if name == last else None)

    def _taken_rejects(self) -> dict[str, list[pa.RecordBatch]]:
        rejected, self._rejected = self._rejected, []
        if not rejected:
            return {}
        if not self._rejects_ready:
            self._warehouse.prepare(REJECTS)
            self._rejects_ready = True
        return {REJECTS_TABLE: [to_arrow(REJECTS, [one.encoded() for one in rejected])]}

    def _merge_table(self, stream: str, batches: list[pa.RecordBatch], state: Mapping[str, Any] | None) -> None:
        done = self._warehouse.merge({stream: batches}, state)
        counts = self.counts.get(stream)
        if counts is None:
            return
        counts.inserted += done.inserted
        counts.updated += done.updated

    @contextmanager
    def _or_nothing_more(self) -> Iterator[None]:
        try:
            yield
        except RowRefused:
            raise
        except BaseException:
            self._failed = True
            raise
