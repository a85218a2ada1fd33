"""One load: from settings to rows in a warehouse."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_loading.sink import LoadCounts
    from talon_one_singer import CatalogEntry
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor
    from talon_one_warehouse import Warehouse


@dataclass(slots=True)
class Loaded:
    """What a load did, also if it ended early.

    Attributes:
        streams: rows by stream.
        requests, retries: calls, and those of them that were repeats.
        seconds: how long it took.
    """

    streams: dict[str, LoadCounts] = field(default_factory=dict)
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0

    @property
    def rejected(self) -> dict[str, int]:
        """How many rows of each stream are in the table ``rejected_rows``, for the streams that have some."""
        return {name: counts.rejected for name, counts in self.streams.items() if counts.rejected}

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        streams = {n: {"read": c.read, "inserted": c.inserted, "updated": c.updated} for n, c in self.streams.items()}
        return {
            "streams": streams,
            "rejected": self.rejected,
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
    into: Loaded | None = None,
) -> Loaded:
    """Read streams into an open warehouse, from the state that it keeps on.

    Args:
        warehouse: where rows and state go.
        settings: of the tap, checked.
        entries: the streams.
        stop: ends the load after what is in flight; what was read is merged with its state.
        redact: knows the secrets.
        full_refresh: forget the state.
        into: filled as it goes, so that a caller has it when this raises.

    Raises:
        SomeStreamsFailed: streams that could not be read, or (``bad_rows: fail``) that have a row that does not fit its
            table; the others are merged with their state.
        ConfigError, TalonOneError, WarehouseError: see Reading.run.
    """
    from talon_one_loading.sink import WarehouseSink, state_name
    from talon_one_loading.tap_runner import Reading, run_context
    from talon_one_singer.protocol.state import State

    done = Loaded() if into is None else into
    kept = None if full_refresh else warehouse.state(state_name(settings))
    context = run_context(settings, State.from_dict(kept or {}, "the state in the warehouse"), stop, redact)
    sink = WarehouseSink(warehouse, state_name=state_name(settings), bad_rows=settings["bad_rows"])
    started = time.monotonic()
    try:
        Reading(settings, entries, context, sink).run()
    finally:
        totals = context.metrics.totals()
        done.streams, done.requests, done.retries = sink.counts, totals.requests, totals.retries
        done.seconds = time.monotonic() - started
    return done
