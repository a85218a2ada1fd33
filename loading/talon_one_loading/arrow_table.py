"""A stream as an Arrow table, for notebooks and tasks that want a data frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

    from talon_one_singer import CatalogEntry
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor
    from talon_one_warehouse import TableSpec


class ArrowSink:
    """Keeps rows as Arrow batches with the columns that a warehouse's table would have."""

    def __init__(self, bad_rows: str = "fail") -> None:
        from talon_one_loading.bad_rows import POLICIES

        self._fit, self._rejected = POLICIES[bad_rows], 0
        self._spec: TableSpec | None = None
        self._batches: list[pa.RecordBatch] = []

    def open(self, entry: CatalogEntry, schema: Mapping[str, Any]) -> None:
        """Learns the columns."""
        from talon_one_warehouse import table_spec

        self._spec = table_spec(entry.stream, schema, entry.key_properties)

    def rows(self, stream: str, rows: Sequence[bytes]) -> None:
        """Keeps rows.

        Raises:
            RowRefused: one does not fit its columns.
        """
        from talon_one_loading.bad_rows import log_rejected, nothing_else

        del stream
        assert self._spec is not None
        batches, rejected = self._fit(self._spec, rows, nothing_else)
        log_rejected(rejected, self._rejected)
        self._rejected += len(rejected)
        self._batches += batches

    def checkpoint(self, state: Callable[[], Mapping[str, Any]], *, final: bool = False) -> None:
        """Nothing is kept but rows."""

    def table(self) -> pa.Table:
        """All rows."""
        import pyarrow as pa

        from talon_one_warehouse import to_arrow

        assert self._spec is not None
        table = pa.Table.from_batches([to_arrow(self._spec, []), *self._batches])
        return table.replace_schema_metadata({"rejected_rows": str(self._rejected)}) if self._rejected else table


def read_arrow(settings: Mapping[str, Any], stream: str, stop: StopSignal, redact: Redactor) -> pa.Table:
    """All rows of a stream, as the settings choose them, in memory.

    Columns are those of a load: snake_case, amounts as decimal128(38, 18), timestamps in UTC. With ``bad_rows: reject``
    rows that do not fit them are left out and named in the log, and the schema's metadata has their number under
    ``rejected_rows``.

    Raises:
        ConfigError: there is no such stream, or it cannot be read as it is set.
        TalonOneError, SomeStreamsFailed: see Reading.run; also for a row that does not fit (``bad_rows: fail``).
    """
    from talon_one_loading.stream_selection import chosen_entries
    from talon_one_loading.tap_runner import Reading, run_context
    from talon_one_singer.protocol.state import State

    entries = chosen_entries(settings, stream)
    sink = ArrowSink(settings["bad_rows"])
    Reading(settings, entries, run_context(settings, State(None), stop, redact), sink).run()
    return sink.table()
