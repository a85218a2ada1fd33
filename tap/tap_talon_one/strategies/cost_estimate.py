"""The estimated cost of a read strategy, found with a few calls."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_client.paging.page_counts import count_rows, page_count
from talon_one_client.paging.pages import PageSize, fetcher
from talon_one_client.paging.windows import MIN_US, from_us
from tap_talon_one.ids.sources import ids_for, ids_total, listing_of
from tap_talon_one.strategies.export_probes import check_calls
from tap_talon_one.strategies.read_strategies import PER_ENTITY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint
    from tap_talon_one.strategies.read_request import ReadRequest
    from tap_talon_one.strategies.read_strategies import ReadStrategy
    from tap_talon_one.streams import StreamGroup

ASSUMED_LATENCY_S = 0.1  # of a call, where no rate limit is set
# Calls for each page of a ledger with several pages, and calls beside them: as measured, and at most.
WINDOWS = ((1.3, 8), (1.8, 20))


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """The estimated cost of a strategy.

    Attributes:
        calls: expected number of calls.
        at_most: number of calls if ``created`` is spread unevenly. Ledgers of single cards or profiles count as one
            page each.
        seconds: time that the calls take under the rate limits.
        ids: number of cards or profiles, for strategies that need their ids.
        checks: calls among ``calls`` that return no row, but verify that the rows are complete.
    """

    calls: int
    at_most: int
    seconds: float
    ids: int | None = None
    checks: int = 0

    def __str__(self) -> str:
        up_to = f" (at most {self.at_most:,})" if self.at_most > self.calls else ""
        return f"{self.calls:,} call{'s' * (self.calls != 1)}{up_to}, {minutes(self.seconds)}"


def minutes(seconds: float) -> str:
    """Return ``4.2 min``, or ``12 s`` for less than a minute."""
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:,.1f} min"


def estimate_cost(
    strategy: ReadStrategy, request: ReadRequest, settings: Mapping[str, Any], client: TalonOneClient
) -> CostEstimate:
    """Return the estimated cost of a strategy.

    Raises:
        TalonOneError: a call that the estimate needs failed.
    """
    return _ESTIMATES[strategy.name](strategy, request, settings, client)


def _per_entity(
    strategy: ReadStrategy, request: ReadRequest, settings: Mapping[str, Any], client: TalonOneClient
) -> CostEstimate:
    group = strategy.group
    if not group.has_ids:
        return _windows(strategy, request, settings, client)
    listing = listing_of(group, request.program, settings)
    ids, listed = _ids(group, request, settings, client)
    calls = ids * request.instants
    if group.reader == "listing":
        texts = ids_for(group, request.program, settings, client)
        calls = sum(_pages_of(group, request.program, text, settings, client) for text in texts)
    seconds = calls / _rate(group.endpoint, settings)
    if listing is None:
        return CostEstimate(calls, calls, seconds, ids)
    listings = listed * request.instants
    total = calls + listings
    return CostEstimate(total, total, seconds + listings / _rate(listing[0], settings), ids)


def _ids(
    group: StreamGroup, request: ReadRequest, settings: Mapping[str, Any], client: TalonOneClient
) -> tuple[int, int]:
    """Return the number of ids, and of the pages that list them (0: the ids do not come from a list)."""
    listing = listing_of(group, request.program, settings)
    if listing is None:
        given = ids_total(group, settings)
        return (sum(1 for _ in ids_for(group, request.program, settings, client)) if given is None else given), 0
    endpoint, path, _, query = listing
    size = PageSize(endpoint)
    ids = request.ids or count_rows(fetcher(client, endpoint, path, size), size, query=query)
    return ids, page_count(ids, size.value)


def _pages_of(
    group: StreamGroup, parent: int | None, text: str, settings: Mapping[str, Any], client: TalonOneClient
) -> int:
    """Return the number of pages of the list of one id."""
    size = PageSize(group.endpoint, settings["page_size"])
    fetch = fetcher(client, group.endpoint, {**group.parent_path(parent), group.id_param: text}, size)
    return page_count(count_rows(fetch, size), size.value)


def _windows(
    strategy: ReadStrategy, request: ReadRequest, settings: Mapping[str, Any], client: TalonOneClient
) -> CostEstimate:
    group = strategy.group
    size = PageSize(group.endpoint, settings["page_size"])
    fetch = fetcher(client, group.endpoint, group.parent_path(request.program), size)
    first, last = group.endpoint.created_bounds
    start = None if request.window.start_us <= MIN_US else from_us(request.window.start_us)
    dates = {first: start, last: from_us(request.window.end_us)}
    rows = count_rows(fetch, size, query=dates, full_pages=True)
    pages = max(1, math.ceil(rows / size.value))
    usual, worst = (math.ceil(pages * factor) + more if pages > 1 else 1 for factor, more in WINDOWS)
    return CostEstimate(usual, worst, usual / _rate(group.endpoint, settings))


def _list(
    strategy: ReadStrategy, request: ReadRequest, settings: Mapping[str, Any], client: TalonOneClient
) -> CostEstimate:
    group = strategy.group
    size = PageSize(group.endpoint, settings["page_size"])
    fetch = fetcher(client, group.endpoint, {**strategy.path, **group.parent_path(request.program)}, size)
    ids = request.ids or count_rows(fetch, size, query=strategy.query)
    pages = page_count(ids, size.value)
    return CostEstimate(pages, pages, pages / _rate(group.endpoint, settings), ids)


def _csv_export(
    strategy: ReadStrategy, request: ReadRequest, settings: Mapping[str, Any], client: TalonOneClient
) -> CostEstimate:
    group, exports = strategy.group, request.instants
    repeated, listed = (0, 1) if group.program_kind == "card" or strategy.check else check_calls(group.endpoint)
    checks = exports * (repeated + listed)
    # Lists have rate limits of their own.
    seconds = exports * (1 + repeated) / _rate(group.endpoint, settings)
    if strategy.check is not None:
        size = PageSize(strategy.check.ids)
        ids = count_rows(fetcher(client, strategy.check.ids, group.parent_path(request.program), size), size)
        checks = page_count(ids, size.value) + ids
        seconds = max(seconds, ids / _rate(strategy.check.rows, settings))
    return CostEstimate(exports + checks, exports + checks, seconds, checks=checks)


_ESTIMATES: Mapping[str, Callable[[ReadStrategy, ReadRequest, Mapping[str, Any], TalonOneClient], CostEstimate]] = {
    PER_ENTITY: _per_entity,
    "program_feed": _windows,
    "card_list": _list,
    "profile_list": _list,
    "csv_export": _csv_export,
}


def _rate(endpoint: Endpoint, settings: Mapping[str, Any]) -> float:
    """Return the calls per second that the rate limits and the concurrency allow."""
    limit = settings["concurrency"] / ASSUMED_LATENCY_S
    given = settings["requests_per_second" if endpoint.api == "integration" else "management_requests_per_second"]
    return float(limit if given is None else min(limit, given))
