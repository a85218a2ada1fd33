"""What a load would cost, strategy by strategy, before anything is read."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import BadRequestError, NotFoundError, PermissionDeniedError
from talon_one_client.paging.pages import PageSize, fetcher
from talon_one_client.paging.window_reader import WindowReader
from tap_talon_one.strategies.cost_estimate import Foresight, foresee
from tap_talon_one.strategies.selection import allowed, ways, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from talon_one_client.paging.pages import Page
    from tap_talon_one.engine.scope import Scope
    from tap_talon_one.strategies.selection import Question
    from tap_talon_one.streams import Feed, Way


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of one way of reading one feed for one program.

    Attributes:
        cost: None if the way cannot be taken.
        why_not: what stands against it, or "".
        chosen: this is the way that a load takes.
    """

    feed: str
    program: int | None
    strategy: str
    cost: Foresight | None
    why_not: str = ""
    chosen: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        row: dict[str, Any] = {"stream": self.feed, "program": self.program, "strategy": self.strategy}
        if self.cost is None:
            return {**row, "chosen": False, "why_not": self.why_not}
        cost = self.cost
        figures = {"ids": cost.ids, "calls": cost.calls, "at_most": cost.at_most, "seconds": round(cost.seconds, 1)}
        return {**row, **figures, "chosen": self.chosen}


def estimates(scope: Scope, feeds: Sequence[Feed], *, exact: bool = False) -> Iterator[Estimate]:
    """Every way of the feeds that have several, for each of their programs.

    Args:
        exact: walk program feeds as a load would and count; takes as many calls as the load itself.

    Raises:
        ConfigError: nobody says which programs to read.
        TalonOneError: Talon.One does not answer.
    """
    for feed in feeds:
        for program in scope.programs(feed) if feed.strategy else ():
            question = scope.question(feed, program)
            found = [_estimate(scope, way, question, exact=exact) for way in ways(feed)]
            yield from _with_choice(found, allowed(feed, scope.settings), question.begun)


def _estimate(scope: Scope, way: Way, question: Question, *, exact: bool) -> Estimate:
    reason = why_not(way, scope.settings)
    if reason is not None:
        return Estimate(way.feed.name, question.program, way.name, None, reason)
    try:
        walk = exact and way.name == "program_feed"
        cost = _walked(scope, way, question) if walk else foresee(way, question, scope.settings, scope.client)
    except (PermissionDeniedError, NotFoundError, BadRequestError) as error:
        return Estimate(way.feed.name, question.program, way.name, None, str(error))
    return Estimate(way.feed.name, question.program, way.name, cost)


def _with_choice(found: list[Estimate], names: Sequence[str], begun: str | None) -> list[Estimate]:
    """Mark the one that a load takes: that of an interrupted run, else the quickest that is allowed."""
    able = [e for e in reversed(found) if e.cost is not None and e.strategy in names]
    going_on = [e for e in able if e.strategy == begun]
    best = min(going_on or able, key=lambda e: e.cost.seconds if e.cost else math.inf, default=None)
    return [replace(e, chosen=e is best) for e in found]


def _walked(scope: Scope, way: Way, question: Question) -> Foresight:
    """The calls of a program's feed, counted by reading it."""
    assert question.program is not None
    size = PageSize(way.feed.endpoint, scope.settings["page_size"])
    fetch = fetcher(scope.client, way.feed.endpoint, {"loyaltyProgramId": question.program}, size)
    calls = 0

    def counted(skip: int, page_size: int, **query: Any) -> Page:
        nonlocal calls
        before = size.value
        page = fetch(skip, page_size, **query)
        calls += 1 + (size.value < before)  # the page size that was refused
        return page

    for _ in WindowReader(counted, size).read(question.window):
        pass
    rate = scope.settings["management_requests_per_second"]
    return Foresight(calls, calls, calls / rate)
