"""Read a ledger while it changes: time windows that fit on one page.

``skip`` shifts under inserts and deletions, so that deep paging loses rows. A window with no more rows than a page
comes in one consistent answer. The reader assumes nothing about the order of the rows, nor about whether the server
takes the bounds as inclusive: it widens the bounds by one unit and drops the rows outside of the window.

``startDate``/``endDate`` filter on ``created``: https://docs.talon.one/integration-api
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from talon_one_client.errors import UnexpectedResponseError
from talon_one_client.paging.ledger_rows import joined, rows_of
from talon_one_client.paging.pages import STUCK_PAGES
from talon_one_client.paging.window_plan import INSTANT_US, WindowPlan
from talon_one_client.paging.windows import MIN_US, Window, from_us

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_client.paging.ledger_rows import LedgerRows
    from talon_one_client.paging.pages import Fetch, Page, PageSize

STRAY_US = 2_000_000  # how far outside of the bounds a row may lie: some servers cut off fractions of seconds
STRAY_PAGES = 2  # pages in a row without any row within the bounds before the server is taken to ignore dates


class WindowReader:
    """Reads a window of one ledger by narrower windows, each of which fits on a page.

    Another reader may take over a part of what remains: ``split`` may be called from any thread at any time.

    Args:
        fetch: gets one page of the ledger.
        size: the page size.
        window: the window to read.
        bounds: names of the parameters that bound ``created``, see Endpoint.created_bounds.

    Attributes:
        remaining: what remains to be read by this reader, up to the last call of ``advance``.
    """

    def __init__(
        self,
        fetch: Fetch,
        size: PageSize,
        window: Window,
        plan: WindowPlan | None = None,
        *,
        bounds: tuple[str, str] = ("startDate", "endDate"),
    ) -> None:
        self.remaining = window
        self._fetch, self._size, self._bounds = fetch, size, bounds
        self._plan = plan or WindowPlan(window.width_us)
        self._next = self._plan.next_window(window)  # nobody else may take it
        self._found: LedgerRows | None = None
        self._lock = threading.Lock()
        self._stray_pages = 0

    def step(self) -> LedgerRows | None:
        """Request the next narrower window; call ``advance`` when its rows are safe.

        Returns:
            The rows of the window, None if it has more rows than a page: the next step requests a narrower one.

        Raises:
            UnexpectedResponseError: the server ignores dates, or says endlessly that one instant has more rows.
        """
        tried = self._next
        page = self._page(tried, 0)
        rows = self._checked(tried, rows_of(page))
        if not page.has_more:
            self._found = rows.within(tried)
        elif tried.width_us > INSTANT_US:
            # An overfull page is thrown away, not used in part: which rows it lacks is unknown while rows come
            # and go. The answer that counts is always one page of one window.
            with self._lock:
                self._plan.overfull(tried, rows, self._size.value)
                self._next = self._plan.next_window(self.remaining)
            return None
        else:
            self._found = self._read_instant(tried, page, rows)
        return self._found

    def advance(self) -> None:
        """Note that the rows of the last step are safe, so that their window does not remain to be read."""
        with self._lock:
            assert self._found is not None
            self.remaining = self.remaining.without(self._next)
            self._plan.read(self._next, self.remaining, self._found, self._size.value)
            self._next, self._found = self._plan.next_window(self.remaining), None

    def pages_left(self) -> float:
        """Return the estimated number of pages that ``split`` may hand over; 0 if it is unknown."""
        with self._lock:
            return self._plan.pages_in(self.remaining.without(self._next))

    def split(self) -> WindowReader | None:
        """Hand the far half of what remains and is not requested to a new reader; None if that is not worth while."""
        with self._lock:
            found = self._plan.split(self.remaining.without(self._next))
            if found is None:
                return None
            taken, plan = found
            self.remaining = self.remaining.without(taken)
            return WindowReader(self._fetch, self._size, taken, plan, bounds=self._bounds)

    def _page(self, window: Window, skip: int) -> Page:
        unit = self._plan.unit_us(window.width_us)
        start = None if window.start_us <= MIN_US else from_us(window.start_us - unit)
        first, last = self._bounds
        return self._fetch(skip, self._size.value, {first: start, last: from_us(window.end_us + unit)})

    def _checked(self, window: Window, rows: LedgerRows) -> LedgerRows:
        """Refuse a server that ignores the dates: the reader would request narrower windows endlessly."""
        is_stray = rows.has_dates and not rows.any_within(Window(window.start_us - STRAY_US, window.end_us + STRAY_US))
        self._stray_pages = self._stray_pages + 1 if is_stray else 0
        if self._stray_pages >= STRAY_PAGES:
            raise UnexpectedResponseError(
                f"all {len(rows.dated):,} rows of a page were created outside of the requested dates "
                f"({from_us(window.start_us).isoformat()} to {from_us(window.end_us).isoformat()}); "
                "check base_url and every proxy or gateway between this machine and Talon.One, then run again"
            )
        return rows

    def _read_instant(self, window: Window, page: Page, rows: LedgerRows) -> LedgerRows:
        """Read one instant with more rows than a page, by overlapping pages that are de-duplicated on id.

        Here offsets are unavoidable. Half of each page overlaps, so that up to half a page of deletions between two
        calls loses nothing.
        """
        parts: list[LedgerRows] = []
        seen: set[int] = set()  # ids of the rows in parts
        ids: set[int] = set()  # of all rows that were sent, also of those outside of the instant
        skip = stuck = 0
        while True:
            before = len(ids)
            ids.update(head.id for head in rows.heads)
            parts.append(rows.within(window).new_to(seen))
            if not page.has_more:
                return joined(parts)
            stuck = 0 if len(ids) > before else stuck + 1
            if stuck >= STUCK_PAGES:
                raise UnexpectedResponseError(
                    f"the server says that more rows were created at {from_us(window.start_us).isoformat()} than the "
                    f"{len(seen):,} that it sent, and sends no others; "
                    "check base_url and every proxy or gateway between this machine and Talon.One, then run again"
                )
            skip += max(1, len(page.data) // 2)
            page = self._page(window, skip)
            rows = self._checked(window, rows_of(page))


def read_window(fetch: Fetch, size: PageSize, window: Window) -> Iterator[tuple[LedgerRows, Window]]:
    """Read all rows of a window, each once, by one request after the other.

    Yields:
        The rows of the next narrower window, and the window that remains to be read after it.

    Raises:
        UnexpectedResponseError: see WindowReader.step.
    """
    reader = WindowReader(fetch, size, window)
    while reader.remaining.width_us > 0:
        rows = reader.step()
        if rows is not None:
            reader.advance()
            yield rows, reader.remaining
