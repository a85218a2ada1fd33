"""A load: streams of the tap are read into an open warehouse."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from talon_one_loading.kept_state import kept_state
from talon_one_loading.sink import WarehouseSink, state_name
from talon_one_loading.tap_runner import TapRun, run_context

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_loading.sink import LoadCounts
    from talon_one_singer import CatalogEntry
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor
    from talon_one_warehouse import Warehouse


@dataclass(slots=True)
class LoadResult:
    """The counts of a load, also of one that ended early.

    Attributes:
        streams: rows by stream.
        requests: API requests.
        retries: requests that repeated an earlier one.
        seconds: duration.
        left_out: ids that could not be read, by stream.
    """

    streams: dict[str, LoadCounts] = field(default_factory=dict)
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def rejected(self) -> dict[str, int]:
        """The number of rejected rows by stream, without streams that have none."""
        return {name: counts.rejected for name, counts in self.streams.items() if counts.rejected}

    @property
    def deleted(self) -> dict[str, int]:
        """The number of rows that were marked as deleted, or deleted, by stream, without streams that have none."""
        return {name: counts.deleted for name, counts in self.streams.items() if counts.deleted}

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        streams = {n: {"read": c.read, "inserted": c.inserted, "updated": c.updated} for n, c in self.streams.items()}
        return {
            "streams": streams,
            "rejected": self.rejected,
            "deleted": self.deleted,
            "left_out": self.left_out,
            "requests": self.requests,
            "retries": self.retries,
            "seconds": round(self.seconds, 3),
        }


def load(
    warehouse: Warehouse,
    settings: Mapping[str, Any],
    entries: Sequence[CatalogEntry],
    stop: StopSignal,
    redact: Redactor,
    *,
    full_refresh: bool = False,
    into: LoadResult | None = None,
) -> LoadResult:
    """Read streams into a warehouse, from the state that the warehouse keeps.

    Args:
        warehouse: receives rows and state.
        settings: checked settings of the tap.
        entries: the streams.
        stop: ends the load after the requests in flight; rows read so far are merged with their state.
        redact: knows the secrets.
        full_refresh: begin again instead of continuing from the state.
        into: updated during the load, so that the caller has the counts when this raises an error.

    Raises:
        SomeStreamsFailed: some streams could not be read, or (``bad_rows: fail``) have a row that does not fit its
            table; the other streams are merged with their state.
        ConfigError, TalonOneError, WarehouseError: see TapRun.run.
    """
    result = LoadResult() if into is None else into
    context = run_context(settings, kept_state(warehouse, settings, full_refresh=full_refresh), stop, redact)
    policies = {policy: settings[policy] for policy in ("bad_rows", "deleted_rows")}
    sink = WarehouseSink(warehouse, state_name=state_name(settings), **policies)
    started_s = time.monotonic()
    try:
        with sink:
            TapRun(settings, entries, context, sink).run()
    finally:
        totals = context.metrics.totals()
        result.streams, result.requests, result.retries = sink.counts, totals.requests, totals.retries
        result.left_out = totals.left_out
        result.seconds = time.monotonic() - started_s
    return result
