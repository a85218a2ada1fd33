"""The objects that all stream groups of a run share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.paging.workers import Workers
    from talon_one_singer.reporting.progress import Progress
    from tap_talon_one.engine.scope import Scope
    from tap_talon_one.engine.sinks import RowOutput


@dataclass(frozen=True, slots=True)
class RunServices:
    """What all stream groups of a run share.

    Attributes:
        scope: settings, client, state and clock.
        output: takes the rows.
        progress: shows how far the run is.
        stop: called often; raises to end the run.
        poll: called now and then while the main thread waits for the workers; it may raise, too.
        workers: read the ids of all stream groups.
        lock: held while rows are written, a position moves, or the state is stored.
        positions: note in the state what was read of the stream groups that are being read.
    """

    scope: Scope
    output: RowOutput
    progress: Progress
    stop: Callable[[], None]
    poll: Callable[[], None]
    workers: Workers
    lock: threading.Lock = field(default_factory=threading.Lock)
    positions: list[Callable[[], None]] = field(default_factory=list)

    def state(self) -> dict[str, Any]:
        """Return the state, which covers all rows that were written; called with the lock."""
        for note in self.positions:
            note()
        return self.scope.state.to_dict()

    def checkpoint(self, *, final: bool = False) -> None:
        """Hand the state to the sink; called with the lock."""
        self.output.sink.checkpoint(self.state, final=final)
