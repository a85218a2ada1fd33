"""A run of the tap as an iterator of Arrow batches, for libraries that pull rows instead of being handed them."""

from __future__ import annotations

import queue
import threading
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec

from talon_one_loading.bad_rows import accept_all, convert_or_fail
from talon_one_loading.tap_runner import TapRun, run_context
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.protocol.state import State
from talon_one_singer.reporting.redaction import Redactor
from talon_one_warehouse import table_spec, to_arrow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from talon_one_client.paging.windows import Window
    from talon_one_singer import CatalogEntry
    from talon_one_warehouse import TableSpec

ROWS_PER_BATCH: Final = 10_000
_WAITING_BATCHES = 4
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class StreamBatch:
    """Rows of a stream, with the columns that its table in a warehouse would have; those of its key are not null."""

    stream: str
    rows: pa.Table


class StreamedRun:
    """Reads streams in a second thread and hands over their rows. Use as a context manager.

    Every stream begins with a batch without rows, so that its columns are known even if it has none. Leaving the block
    stops the run.

    Args:
        settings: checked settings of the tap.
        entries: the streams.
        state: where the last run ended; {} for the beginning.

    Attributes:
        state: where this run ended, once all batches were handed over.
        incomplete: streams whose rows were to be all rows that there are, and were not all read.
    """

    def __init__(self, settings: Mapping[str, Any], entries: Sequence[CatalogEntry], state: Mapping[str, Any]) -> None:
        self._stop = StopSignal()
        self._batches: queue.Queue[StreamBatch | None] = queue.Queue(_WAITING_BATCHES)
        self._error: BaseException | None = None
        sink = _BatchSink(self._put)
        begin = State.from_dict(deepcopy(dict(state)), "the state of the last run")
        context = run_context(settings, begin, self._stop, Redactor())
        self._sink, self._run = sink, TapRun(settings, entries, context, sink)
        self._thread = threading.Thread(target=self._read, name="talon-one-read", daemon=True)

    @property
    def state(self) -> dict[str, Any]:
        """Where the run ended."""
        return self._sink.state

    @property
    def incomplete(self) -> set[str]:
        """Streams that were not read completely, though the settings select all of their rows."""
        return self._sink.begun - self._sink.complete

    def __iter__(self) -> Iterator[StreamBatch]:
        """Yield the batches in the order in which they were read.

        Raises:
            SomeStreamsFailed, ConfigError, TalonOneError: see TapRun.run; the batches so far are not all rows.
        """
        while (batch := self._batches.get()) is not None:
            yield batch
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        try:
            self._run.run()
            self._sink.flush()
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that takes the batches
            self._error = error
        self._put(None)

    def _put(self, batch: StreamBatch | None) -> None:
        while True:
            try:
                self._batches.put(batch, timeout=_POLL_S)
            except queue.Full:
                if self._stop.is_set():
                    return
            else:
                return


class _BatchSink:
    """Collects rows, and hands over each stream's rows when there are enough for a batch."""

    def __init__(self, put: Callable[[StreamBatch], None]) -> None:
        self._put = put
        self._specs: dict[str, TableSpec] = {}
        self._pending: dict[str, list[pa.RecordBatch]] = {}
        self.begun: set[str] = set()
        self.complete: set[str] = set()
        self.state: dict[str, Any] = {}

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any], *, whole: bool) -> None:
        """Hand over the columns of a stream."""
        spec = table_spec(entry.stream, schema, entry.key_properties)
        self._specs[entry.stream] = spec
        self._pending[entry.stream] = [to_arrow(spec, [])]
        self._hand_over(entry.stream)
        if whole:
            self.begun.add(entry.stream)

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Collect rows.

        Raises:
            RowRefused: a row does not fit its columns.
        """
        batches, _ = convert_or_fail(self._specs[stream], rows, accept_all)
        self._pending[stream] += batches
        if sum(batch.num_rows for batch in self._pending[stream]) >= ROWS_PER_BATCH:
            self._hand_over(stream)

    def read_whole(self, stream: str, within: Mapping[str, Sequence[int] | Window]) -> None:
        """Note that all rows of a stream were read."""
        del within
        self.complete.add(stream)

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Keep the last state: whoever takes the batches stores it with them."""
        if final:
            self.state = msgspec.json.decode(msgspec.json.encode(state()))

    def flush(self) -> None:
        """Hand over all rows that remain."""
        for stream, batches in self._pending.items():
            if batches:
                self._hand_over(stream)

    def _hand_over(self, stream: str) -> None:
        import pyarrow as pa  # an optional extra

        batches, self._pending[stream] = self._pending[stream], []
        table, key = pa.Table.from_batches(batches).combine_chunks(), self._specs[stream].key
        schema = pa.schema([field.with_nullable(field.name not in key) for field in table.schema])
        self._put(StreamBatch(stream, pa.Table.from_arrays(table.columns, schema=schema)))
