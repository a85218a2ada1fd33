"""Estimate what a load would cost with each read strategy."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_client.connection.client_factory import client_from_settings
from talon_one_loading.kept_state import kept_state
from talon_one_loading.stream_selection import select_streams
from talon_one_loading.tap_runner import run_context
from talon_one_singer import ConfigError
from talon_one_singer.protocol.state import State
from tap_talon_one.engine.scope import Scope
from tap_talon_one.strategies.comparison import compare_strategies
from tap_talon_one.streams import STREAM_GROUPS
from tap_talon_one.tap import nothing_selected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor
    from talon_one_warehouse import Warehouse
    from tap_talon_one.strategies.comparison import StrategyEstimate
    from tap_talon_one.streams import StreamGroup


@dataclass(frozen=True, slots=True)
class LoadEstimate:
    """What a load would cost.

    Attributes:
        strategies: each read strategy of each stream and program.
        programs_calls: calls that list the programs, which a load makes too.
        asked: calls that the estimate took.
        seconds: duration of the estimate.
    """

    strategies: Sequence[StrategyEstimate]
    programs_calls: int
    asked: int
    seconds: float

    @property
    def calls(self) -> int:
        """The number of calls of a load."""
        return self.programs_calls + sum(one.cost.calls for one in self.strategies if one.chosen and one.cost)

    @property
    def load_seconds(self) -> float:
        """How long a load takes, in seconds."""
        return sum(one.cost.seconds for one in self.strategies if one.chosen and one.cost)

    def as_dict(self) -> dict[str, Any]:
        """Return the estimate as JSON values."""
        return {
            "estimates": [one.to_dict() for one in self.strategies],
            "programs_calls": self.programs_calls,
            "asked": self.asked,
            "seconds": round(self.seconds, 3),
        }


def estimate_load(
    settings: Mapping[str, Any],
    streams: str | None,
    warehouse: Warehouse | None,
    stop: StopSignal,
    redact: Redactor,
    *,
    program: str,
    exact: bool = False,
) -> LoadEstimate:
    """Estimate the calls and the seconds of a load; sends a few requests and writes nothing.

    Args:
        settings: of the tap.
        streams: the streams, separated by commas; None: all streams that are read by default.
        warehouse: whose state the load continues from; None: a first load.
        stop: ends the estimate.
        redact: knows the secrets.
        program: name of the program in the User-Agent header.
        exact: read the program lists completely and count the calls.

    Raises:
        ConfigError: the streams have no strategies to compare, or the settings do not say what to read.
        TalonOneError: a call that the estimate needs failed.
    """
    state = State() if warehouse is None else kept_state(warehouse, settings)
    context = run_context(settings, state, stop, redact)
    started_s = time.monotonic()
    with client_from_settings(settings, program, metrics=context.metrics, stop=stop.check) as client:
        scope = Scope(settings, client, state)
        groups, names = _groups(streams, settings)
        found = list(compare_strategies(scope, groups, exact=exact, streams=names))
    asked = context.metrics.totals().requests
    return LoadEstimate(found, scope.calls, asked, time.monotonic() - started_s)


def _groups(streams: str | None, settings: Mapping[str, Any]) -> tuple[list[StreamGroup], frozenset[str]]:
    """Return the groups of the selected streams that have several strategies, and the names of these streams."""
    names = frozenset(entry.tap_stream_id for entry in select_streams(settings, streams))
    if not names:
        raise nothing_selected(settings)
    with_choice = [group for group in STREAM_GROUPS if group.strategy_setting]
    groups = [group for group in with_choice if names & {stream.name for stream in group.streams}]
    if not groups:
        known = ", ".join(stream.name for group in with_choice for stream in group.streams)
        raise ConfigError(f"none of the streams has read strategies to compare; {known} have")
    return groups, names
