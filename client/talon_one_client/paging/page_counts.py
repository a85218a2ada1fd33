"""Count the rows of a list, and the pages that it takes to read them, for estimates.

At an offset there is a row or not: doubling the offset and halving the gap counts a million rows in forty calls,
whatever their order.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import UnexpectedResponseError
from talon_one_client.paging.pages import OVERLAP

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.paging.pages import Fetch, PageSize

PAGES_READ = 4  # pages that are read before rows are counted by offsets
MOST_ROWS = 10**12  # no list has more


def page_count(rows: int, size: int) -> int:
    """Return the number of pages that ``paginate`` requests to read a list that does not change."""
    if rows <= size:
        return 1
    return 1 + math.ceil((rows - size) / max(1, size - OVERLAP))


def count_rows(
    fetch: Fetch, size: PageSize, *, query: Mapping[str, Any] | None = None, full_pages: bool = False
) -> int:
    """Return the number of rows of a list: its first pages are read, the rows after them are counted by offsets.

    Args:
        fetch: gets one page of the list.
        size: the page size.
        query: further query parameters by wire name.
        full_pages: count the rows after the first pages in whole pages, rounded up.

    Raises:
        UnexpectedResponseError: there seem to be rows at every offset.
    """
    read = 0
    for _ in range(PAGES_READ):
        page = fetch(read, size.value, query)
        read += len(page.data)
        if not page.has_more:
            return read
    unit = size.value if full_pages else 1

    def exists(units: int) -> bool:
        if units * unit > MOST_ROWS:
            raise UnexpectedResponseError(
                f"the server has rows even at offset {MOST_ROWS:,}: it ignores the parameter skip; "
                "check base_url and every proxy or gateway between this machine and Talon.One, then run again"
            )
        return bool(fetch(read + units * unit, 1, query).data)

    return read + _first_absent(exists) * unit


def _first_absent(exists: Callable[[int], bool]) -> int:
    """Return the smallest number that does not exist, by doubling and halving."""
    low, high = 0, 1  # all numbers below low exist
    if not exists(0):
        return 0
    while exists(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if exists(middle) else (low, middle)
    return high
