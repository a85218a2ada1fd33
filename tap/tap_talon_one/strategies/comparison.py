"""A comparison of what a load would cost with each read strategy, before anything is read."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import BadRequestError, NotFoundError, PermissionDeniedError
from talon_one_client.paging.ledger_rows import decode_ledger_page
from talon_one_client.paging.pages import PageSize, fetcher
from talon_one_client.paging.window_reader import read_window
from tap_talon_one.strategies.cost_estimate import CostEstimate, estimate_cost
from tap_talon_one.strategies.read_strategies import strategies_of
from tap_talon_one.strategies.selection import able_to_check, allowed, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talon_one_client.paging.pages import Page
    from tap_talon_one.engine.scope import Scope
    from tap_talon_one.strategies.read_request import ReadRequest
    from tap_talon_one.strategies.read_strategies import ReadStrategy
    from tap_talon_one.streams import Parent, StreamGroup


@dataclass(frozen=True, slots=True)
class StrategyEstimate:
    """The cost of reading one group of one program with one strategy.

    Attributes:
        cost: None if the strategy cannot be used.
        why_not: why the strategy cannot be used, or "".
        chosen: True for the strategy that a load would use.
        parent: what ``program`` is: a loyalty program or an Application.
        check: True if a load would check the ledger with it for deleted transactions, and so read all of it.
    """

    group: str
    program: int | None
    strategy: str
    cost: CostEstimate | None
    why_not: str = ""
    chosen: bool = False
    check: bool = False
    parent: Parent = "program"

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate as a JSON object."""
        row: dict[str, Any] = {"stream": self.group, self.parent: self.program, "strategy": self.strategy}
        if self.cost is None:
            return {**row, "chosen": False, "why_not": self.why_not}
        cost = self.cost
        numbers = {"ids": cost.ids, "calls": cost.calls, "at_most": cost.at_most, "seconds": round(cost.seconds, 1)}
        return {**row, **numbers, "chosen": self.chosen, "check": self.check}


def compare_strategies(
    scope: Scope, groups: Sequence[StreamGroup], *, exact: bool = False, streams: frozenset[str] = frozenset()
) -> Iterator[StrategyEstimate]:
    """Estimate every strategy of the groups that have several, for each of their programs or Applications.

    Args:
        streams: the selected streams; none: any.
        exact: read the program feeds as a load would and count the calls; this makes as many calls as the load.

    Raises:
        ConfigError: the settings do not say which programs to read.
        TalonOneError: a call that an estimate needs failed.
    """
    for group in groups:
        for program in scope.programs(group) if group.strategy_setting else ():
            request = scope.read_request(group, program, streams)
            known = strategies_of(group, scope.settings)
            found = [_estimate(scope, strategy, request, exact=exact) for strategy in known]
            yield from _with_choice(found, group, request, scope.settings)


def _estimate(scope: Scope, strategy: ReadStrategy, request: ReadRequest, *, exact: bool) -> StrategyEstimate:
    group, settings = strategy.group, scope.settings
    estimate = partial(StrategyEstimate, group.name, request.program, strategy.name, parent=group.parent or "program")
    reason = why_not(strategy, settings, request.streams)
    if reason is not None:
        return estimate(None, reason)
    try:
        if exact and strategy.name == "program_feed":
            cost = _counted_cost(scope, group, request)
        else:
            cost = estimate_cost(strategy, request, settings, scope.client)
    except (PermissionDeniedError, NotFoundError, BadRequestError) as error:
        return estimate(None, str(error))
    return estimate(cost)


def _with_choice(
    found: list[StrategyEstimate], group: StreamGroup, request: ReadRequest, settings: Mapping[str, Any]
) -> list[StrategyEstimate]:
    """Mark the strategy that a load would use: that of an interrupted run, else the fastest allowed one."""
    names = allowed(group, settings)
    able = [each for each in reversed(found) if each.cost is not None and each.strategy in names]
    resumed = [each for each in able if each.strategy == request.begun]
    known = strategies_of(group, settings)
    cheapest = {strategy.name for strategy in known if strategy.cheapest}
    resumed = resumed or [each for each in able if each.strategy in cheapest]
    checking = {strategy.name for strategy in able_to_check(known, request)}
    preferred = resumed or [each for each in able if each.strategy in checking] or able
    best = min(preferred, key=lambda each: each.cost.seconds if each.cost else math.inf, default=None)
    checks = checking if request.check else set()
    return [replace(each, chosen=each is best, check=each.strategy in checks) for each in found]


def _counted_cost(scope: Scope, group: StreamGroup, request: ReadRequest) -> CostEstimate:
    """Return the cost of a program's feed, counted by reading it."""
    assert request.program is not None
    size = PageSize(group.endpoint, scope.settings["page_size"])
    fetch = fetcher(scope.client, group.endpoint, {"loyaltyProgramId": request.program}, size, decode_ledger_page)
    calls = 0

    def counted(skip: int, page_size: int, query: Mapping[str, Any] | None = None) -> Page:
        nonlocal calls
        before = size.value
        page = fetch(skip, page_size, query)
        calls += 1 + (size.value < before)  # one more call if the page size was refused
        return page

    for _ in read_window(counted, size, request.window):
        pass
    rate = scope.settings["management_requests_per_second"]
    return CostEstimate(calls, calls, calls / rate)
