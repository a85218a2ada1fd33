"""A stream as an Arrow table, for notebooks and tasks that need a data frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_loading.bad_rows import BAD_ROW_POLICIES, accept_all, log_rejected
from talon_one_loading.stream_selection import select_streams
from talon_one_loading.tap_runner import TapRun, run_context
from talon_one_singer import ConfigSource
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.protocol.state import State
from talon_one_singer.reporting.redaction import Redactor
from talon_one_warehouse import table_spec, to_arrow
from tap_talon_one.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

    from talon_one_client.paging.windows import Window
    from talon_one_singer import CatalogEntry
    from talon_one_warehouse import TableSpec


class ArrowSink:
    """Collects rows as Arrow batches with the columns that the table of a warehouse would have."""

    def __init__(self, bad_rows: str = "fail") -> None:
        self._convert, self._rejected = BAD_ROW_POLICIES[bad_rows], 0
        self._spec: TableSpec | None = None
        self._batches: list[pa.RecordBatch] = []

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any], *, whole: bool) -> None:
        """Set the columns from the schema of a stream."""
        del whole
        self._spec = table_spec(entry.stream, schema, entry.key_properties)

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Collect rows.

        Raises:
            RowRefused: a row does not fit its columns.
        """
        del stream
        assert self._spec is not None
        batches, rejected = self._convert(self._spec, rows, accept_all)
        log_rejected(rejected, self._rejected)
        self._rejected += len(rejected)
        self._batches += batches

    def read_whole(self, stream: str, within: Mapping[str, Sequence[int] | Window]) -> None:
        """Do nothing: there are no earlier rows."""

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Do nothing: no state is kept."""

    def table(self) -> pa.Table:
        """Return all rows."""
        import pyarrow as pa

        assert self._spec is not None
        table = pa.Table.from_batches([to_arrow(self._spec, []), *self._batches])
        return table.replace_schema_metadata({"rejected_rows": str(self._rejected)}) if self._rejected else table


def read_arrow(settings: Mapping[str, Any], stream: str, stop: StopSignal, redact: Redactor) -> pa.Table:
    """Return all rows of a stream that the settings select, in memory.

    Columns are those of a load: snake_case, amounts as decimal128(38, 18), timestamps in UTC. With ``bad_rows: reject``
    rows that do not fit them are left out and logged, and the schema's metadata has their number as ``rejected_rows``.

    Raises:
        ConfigError: the stream does not exist, or cannot be read with these settings.
        TalonOneError, SomeStreamsFailed: see TapRun.run; also for a row that does not fit (``bad_rows: fail``).
    """
    entries = select_streams(settings, stream)
    sink = ArrowSink(settings["bad_rows"])
    TapRun(settings, entries, run_context(settings, State(None), stop, redact), sink).run()
    return sink.table()


def read_table(stream: str, **settings: Any) -> pa.Table:
    """Return all rows of a stream, in memory; for notebooks.

    Args:
        stream: name of the stream.
        settings: settings of the tap, like ``base_url`` and ``api_key``.

    Raises:
        ConfigError, TalonOneError, SomeStreamsFailed: see ``read_arrow``.
    """
    return read_arrow(SETTINGS.load([ConfigSource("read_table", settings)]), stream, StopSignal(), Redactor())
