"""What reading a feed will cost, found out in a few calls."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_client.paging.page_counts import count_rows, page_count
from talon_one_client.paging.pages import PageSize, fetcher
from talon_one_client.paging.windows import MIN_US, from_us
from tap_talon_one.ids.sources import ids_for, ids_total, listing_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint
    from tap_talon_one.strategies.selection import Question
    from tap_talon_one.streams import Feed, Way

ASSUMED_LATENCY_S = 0.1  # of a call, where no budget says how many a second there may be
# Calls for each page of a ledger that has several, and beside: as measured, foreseen and at most.
WINDOWS = ((1.3, 8), (1.8, 20))


@dataclass(frozen=True, slots=True)
class Foresight:
    """What a way costs.

    Attributes:
        calls: foreseen.
        at_most: with ``created`` spread unevenly. Ledgers of single cards or profiles count as a page each.
        seconds: that the calls take under the budgets.
        ids: cards or profiles, where one has to know them.
        checks: calls among them that bring no row, but show whether the rows are all.
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
    """``4.2 min``, or ``12 s`` below a minute."""
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:,.1f} min"


def foresee(way: Way, question: Question, settings: Mapping[str, Any], client: TalonOneClient) -> Foresight:
    """The cost of a way.

    Raises:
        TalonOneError: Talon.One does not answer what has to be asked.
    """
    return _COSTS[way.name](way.feed, question, settings, client)


def _one_by_one(feed: Feed, question: Question, settings: Mapping[str, Any], client: TalonOneClient) -> Foresight:
    listing = listing_of(feed, question.program, settings)
    ids, listed = _ids(feed, question, settings, client)
    calls = ids * question.instants
    seconds = calls / _rate(feed.endpoint, settings)
    if listing is None:
        return Foresight(calls, calls, seconds, ids)
    listings = listed * question.instants
    total = calls + listings
    return Foresight(total, total, seconds + listings / _rate(listing[0], settings), ids)


def _ids(feed: Feed, question: Question, settings: Mapping[str, Any], client: TalonOneClient) -> tuple[int, int]:
    """How many ids there are, and pages that list them (0: they are not listed)."""
    listing = listing_of(feed, question.program, settings)
    if listing is None:
        given = ids_total(feed, settings)
        return (sum(1 for _ in ids_for(feed, question.program, settings, client)) if given is None else given), 0
    endpoint, path, _, query = listing
    size = PageSize(endpoint)
    ids = question.ids or count_rows(fetcher(client, endpoint, path, size), size, **query)
    return ids, page_count(ids, size.value)


def _program_feed(feed: Feed, question: Question, settings: Mapping[str, Any], client: TalonOneClient) -> Foresight:
    assert question.program is not None
    size = PageSize(feed.endpoint, settings["page_size"])
    fetch = fetcher(client, feed.endpoint, {"loyaltyProgramId": question.program}, size)
    start = None if question.window.start_us <= MIN_US else from_us(question.window.start_us)
    rows = count_rows(fetch, size, full_pages=True, startDate=start, endDate=from_us(question.window.end_us))
    pages = max(1, math.ceil(rows / size.value))
    usual, worst = (math.ceil(pages * share) + more if pages > 1 else 1 for share, more in WINDOWS)
    return Foresight(usual, worst, usual / _rate(feed.endpoint, settings))


def _card_list(feed: Feed, question: Question, settings: Mapping[str, Any], client: TalonOneClient) -> Foresight:
    assert question.program is not None
    size = PageSize(feed.endpoint, settings["page_size"])
    fetch = fetcher(client, feed.endpoint, {"loyaltyProgramId": question.program}, size)
    ids = question.ids or count_rows(fetch, size)
    pages = page_count(ids, size.value)
    return Foresight(pages, pages, pages / _rate(feed.endpoint, settings), ids)


def _csv_export(feed: Feed, question: Question, settings: Mapping[str, Any], _client: TalonOneClient) -> Foresight:
    exports = question.instants
    checks = exports if feed.program_kind == "card" else 0
    calls = exports + checks
    # The checks have a budget of their own: that of the list of cards.
    return Foresight(calls, calls, exports / _rate(feed.endpoint, settings), checks=checks)


_COSTS: Mapping[str, Callable[[Feed, Question, Mapping[str, Any], TalonOneClient], Foresight]] = {
    "per_card": _one_by_one,
    "program_feed": _program_feed,
    "card_list": _card_list,
    "csv_export": _csv_export,
}


def _rate(endpoint: Endpoint, settings: Mapping[str, Any]) -> float:
    """Calls a second that the budgets and the concurrency allow."""
    limit = settings["concurrency"] / ASSUMED_LATENCY_S
    given = settings["requests_per_second" if endpoint.api == "integration" else "management_requests_per_second"]
    return float(limit if given is None else min(limit, given))
