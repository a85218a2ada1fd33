"""The objects that all stream groups of a run share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

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
    """

    scope: Scope
    output: RowOutput
    progress: Progress
    stop: Callable[[], None]
