"""How many rows a list has, and how many pages it takes to read them, for estimates.

Rows behind an offset either are there or not: doubling the offset and halving the gap counts a million rows in
forty calls, whatever their order.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from talon_one_client.errors import UnexpectedResponseError
from talon_one_client.paging.pages import OVERLAP

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_one_client.paging.pages import Fetch, PageSize

PAGES_READ = 4  # so many pages are read before rows are counted by offsets
MOST_ROWS = 10**12  # no list has more


def page_count(rows: int, size: int) -> int:
    """Return the number of pages that ``paginate`` asks for to read a list that does not move."""
    if rows <= size:
        return 1
    return 1 + math.ceil((rows - size) / max(1, size - OVERLAP))


def count_rows(fetch: Fetch, size: PageSize, *, whole_pages: bool = False, **query: Any) -> int:
    """How many rows a list has: its first pages are read, what is behind them is counted by offsets.

    Args:
        whole_pages: count what is behind the first pages by pages only, up to the next one.

    Raises:
        UnexpectedResponseError: there seem to be rows at every offset.
    """
    seen = 0
    for _ in range(PAGES_READ):
        page = fetch(seen, size.value, **query)
        seen += len(page.data)
        if not page.has_more:
            return seen
    unit = size.value if whole_pages else 1

    def there(units: int) -> bool:
        if units * unit > MOST_ROWS:
            raise UnexpectedResponseError(
                f"the server has rows even at offset {MOST_ROWS:,}: it ignores the parameter skip; "
                "check base_url and what stands between you and Talon.One, then run again"
            )
        return bool(fetch(seen + units * unit, 1, **query).data)

    return seen + _first_absent(there) * unit


def _first_absent(there: Callable[[int], bool]) -> int:
    """The smallest number that is not there, by doubling and halving."""
    low, high = 0, 1  # everything below low is there
    if not there(0):
        return 0
    while there(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if there(middle) else (low, middle)
    return high
