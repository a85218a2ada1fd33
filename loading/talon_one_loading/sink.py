"""The sink of a load: it merges the tap's rows into a warehouse, each merge with the state that belongs to it."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import msgspec

from talon_one_loading.background import Background
from talon_one_loading.bad_rows import BAD_ROW_POLICIES, REJECTS, REJECTS_TABLE, RejectedRow, log_rejected
from talon_one_loading.read_limits import by_column
from talon_one_singer.reporting.refusal_reasons import Reasons
from talon_one_warehouse import table_spec, to_arrow
from tap_talon_one.deployment import DEPLOYMENT
from tap_talon_one.errors import RowRefused
from tap_talon_one.streams import MARKED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from talon_one_client.paging.windows import Window
    from talon_one_singer import CatalogEntry
    from talon_one_warehouse import MergePace, TableSpec, Warehouse
    from talon_one_warehouse.key_limits import Within

log = logging.getLogger("talon_one_loading")

STATE_NAME = "tap-talon-one"
DEPLOYMENT_NAME = f"{STATE_NAME} deployment"
"""Name of the state that holds whose rows a schema has, for all shards and full refreshes."""
ROWS_A_BATCH = 1_000


def state_name(settings: Mapping[str, Any]) -> str:
    """Return the name of the state in the warehouse; each shard has its own."""
    return f"{STATE_NAME} {settings['shard']}" if settings["shard"] else STATE_NAME


@dataclass(slots=True)
class LoadCounts:
    """Counts of a stream's rows: read, new in the warehouse, changed there, rejected, and marked or deleted there.

    Attributes:
        reasons: why rows were rejected.
    """

    read: int = 0
    inserted: int = 0
    updated: int = 0
    rejected: int = 0
    deleted: int = 0
    reasons: Reasons = field(default_factory=Reasons)


class _PendingRows:
    """A stream's rows until they are merged, as Arrow batches: Python objects would take ten times the memory."""

    def __init__(self) -> None:
        self._parts: list[pa.RecordBatch] = []
        self._rows_in_parts = 0
        self._batches: list[pa.RecordBatch] = []

    def add(self, batches: Sequence[pa.RecordBatch]) -> None:
        """Add rows."""
        self._parts += batches
        self._rows_in_parts += sum(batch.num_rows for batch in batches)
        if self._rows_in_parts >= ROWS_A_BATCH:
            self._join()

    def take(self) -> list[pa.RecordBatch]:
        """Return all rows, and forget them."""
        self._join()
        batches, self._batches = self._batches, []
        return batches

    def _join(self) -> None:
        import pyarrow as pa  # an optional extra

        parts, self._parts, self._rows_in_parts = self._parts, [], 0
        if len(parts) == 1:
            self._batches += parts
        elif parts:
            self._batches += pa.Table.from_batches(parts).combine_chunks().to_batches()


class WarehouseSink:
    """Collects rows and merges them with their state in one transaction. Use as a context manager or call ``close()``.

    Each row is converted when it arrives, so that a row that does not fit is found before the state moves on. Merges
    run in a second thread while the next rows are collected. A merge is due after the rows, bytes or seconds of
    ``pace``, by default that of the warehouse: this bounds the memory, and the work that a crash loses. After a failed
    merge nothing more is merged, so that no state covers rows that are not in the warehouse; its error is raised by the
    next call, at the latest by the final checkpoint.

    With ``bad_rows="fail"`` such a row fails its stream, and the stream's state stays before it; with "reject" the row
    goes to the table ``rejected_rows`` instead of its own.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        *,
        state_name: str = STATE_NAME,
        bad_rows: str = "fail",
        deleted_rows: str = "mark",
        pace: MergePace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._warehouse, self._state_name = warehouse, state_name
        self._pace, self._clock = pace or warehouse.pace, clock
        self._convert = BAD_ROW_POLICIES[bad_rows]
        self._delete = deleted_rows == "delete"
        self._specs: dict[str, TableSpec] = {}
        self._pending: dict[str, _PendingRows] = {}
        self._rejected: list[RejectedRow] = []
        self._rejects_ready = False
        self._owner: str | None = None
        self._whole: dict[str, Within] = {}
        self._merges = Background("talon-one-merge")
        self._count, self._bytes, self._last_s, self._failed = 0, 0, clock(), False
        self.counts: dict[str, LoadCounts] = {}

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any], *, whole: bool = False) -> None:
        """Create or extend the stream's table; for ``whole`` see tap_talon_one.engine.sinks.Sink."""
        spec = table_spec(entry.stream, schema, entry.key_properties)
        with self._stop_after_failure():
            self._merges.wait()
        loaded = spec.with_loaded_at()
        self._warehouse.prepare(loaded.with_deleted_at() if entry.stream in MARKED else loaded)
        if whole:
            self._warehouse.begin_read(entry.stream)
        self._specs[entry.stream] = spec
        self._pending[entry.stream] = _PendingRows()
        self.counts.setdefault(entry.stream, LoadCounts())

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Collect rows for the next merge.

        Raises:
            RowRefused: a row does not fit its table; none of the rows is collected.
        """
        counts = self.counts[stream]
        counts.read += len(rows)
        with self._stop_after_failure():
            self._merges.raise_error()
            parts = [rows[first : first + ROWS_A_BATCH] for first in range(0, len(rows), ROWS_A_BATCH)]
            check = partial(self._warehouse.check_rows, stream)
            converted = [self._convert(self._specs[stream], part, check) for part in parts]
        for batches, rejected in converted:
            self._pending[stream].add(batches)
            self._rejected += rejected
            log_rejected(rejected, counts.rejected)
            counts.rejected += len(rejected)
            for one in rejected:
                counts.reasons.add(f"{one.error.column or 'row'}: {one.error.reason}")
        self._count += len(rows)
        self._bytes += sum(map(len, rows))

    def read_whole(self, stream: str, within: Mapping[str, Sequence[int] | Window]) -> None:
        """Mark or delete the other rows of the stream with the next merge; see tap_talon_one.engine.sinks.Sink."""
        limits = by_column(self._specs[stream], within)
        if self.counts[stream].rejected:
            log.warning("%s: rows were rejected, so no row is taken for deleted", stream)
        elif limits is None:
            fields = ", ".join(within)
            log.warning("%s: %s must be loaded, and not hashed, so that rows can be taken for deleted", stream, fields)
        else:
            self._whole[stream] = limits

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Start a merge if one is due; the state is saved in the transaction of the last table.

        Args:
            state: returns the state that covers all rows so far.
            final: merge in any case, and wait for the end of the merge.
        """
        if self._failed:
            return
        with self._stop_after_failure():
            self._merges.raise_error()
            if final or self._is_due():
                self._start_merge(state())
            if final:
                self._merges.wait()

    def close(self) -> None:
        """Wait for the end of a merge that was started. Rows after it are not merged."""
        self._merges.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _is_due(self) -> bool:
        late = self._clock() - self._last_s >= self._pace.seconds
        full = self._count >= self._pace.rows or self._bytes >= self._pace.bytes
        return late or full or bool(self._whole)

    def _start_merge(self, state: Mapping[str, Any]) -> None:
        # The state goes on to change while the rows are merged.
        saved = {self._state_name: msgspec.json.decode(msgspec.json.encode(state))}
        rejected, self._rejected = self._rejected, []
        pending = {name: batches for name, one in self._pending.items() if (batches := one.take())}
        whole, self._whole = self._whole, {}
        self._merges.start(partial(self._merge, pending, rejected, saved, whole))
        self._count, self._bytes, self._last_s = 0, 0, self._clock()

    def _merge(
        self,
        pending: Mapping[str, list[pa.RecordBatch]],
        rejected: Sequence[RejectedRow],
        state: Mapping[str, Mapping[str, Any]],
        whole: Mapping[str, Within],
    ) -> None:
        from talon_one_warehouse.arrow.load_time import with_load_time, with_no_mark  # imports pyarrow, an extra

        tables = {**self._prepared_rejects(rejected), **pending}
        owner = self._new_owner(state)
        if not tables:
            self._warehouse.merge({}, {**owner, **state})
        first, last, now = next(iter(tables), None), next(reversed(tables), None), datetime.now(UTC)
        for name, batches in tables.items():
            loaded = with_load_time(batches, now)
            marked = with_no_mark(loaded) if name in MARKED else loaded
            states = (owner if name == first else {}) | (dict(state) if name == last else {})
            self._merge_table(name, marked, states)
        for name, within in whole.items():
            self.counts[name].deleted += self._warehouse.end_read(name, now, delete=self._delete, within=within)

    def _new_owner(self, state: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
        """Return the state that says whose rows the schema has, if this sink has not saved it yet."""
        address = state[self._state_name].get(DEPLOYMENT)
        if address is None or address == self._owner:
            return {}
        self._owner = address
        return {DEPLOYMENT_NAME: {DEPLOYMENT: address}}

    def _prepared_rejects(self, rejected: Sequence[RejectedRow]) -> dict[str, list[pa.RecordBatch]]:
        if not rejected:
            return {}
        if not self._rejects_ready:
            self._warehouse.prepare(REJECTS.with_loaded_at())
            self._rejects_ready = True
        return {REJECTS_TABLE: [to_arrow(REJECTS, [one.encoded() for one in rejected])]}

    def _merge_table(self, stream: str, batches: list[pa.RecordBatch], state: Mapping[str, Mapping[str, Any]]) -> None:
        done = self._warehouse.merge({stream: batches}, state)
        counts = self.counts.get(stream)
        if counts is None:
            return
        counts.inserted += done.inserted
        counts.updated += done.updated

    @contextmanager
    def _stop_after_failure(self) -> Iterator[None]:
        try:
            yield
        except RowRefused:
            raise
        except BaseException:
            self._failed = True
            raise
