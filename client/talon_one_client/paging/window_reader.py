"""Read a ledger while it changes: time windows that fit on one page.

``skip`` shifts under inserts and deletions, so that deep paging loses rows. A window with no more rows than a page
comes in one consistent answer. The reader assumes nothing about the order of the rows, nor about whether the server
takes the bounds as inclusive: it widens the bounds by one unit and drops the rows outside of the window.

``startDate``/``endDate`` filter on ``created``: https://docs.talon.one/integration-api
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from talon_one_client.errors import UnexpectedResponseError
from talon_one_client.paging.pages import STUCK_PAGES, Page
from talon_one_client.paging.windows import ALL_TIME, MIN_US, Row, Window, from_us, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_client.paging.pages import Fetch, PageSize

MARGINS_US = (1_000_000, 1_000, 1)
INSTANT_US = 4  # an instant and what widened bounds take in around it: no narrower window can leave it out
STRAY_US = 2_000_000  # how far outside of the bounds a row may lie: some servers cut off fractions of seconds
STRAY_PAGES = 2  # pages in a row without any row within the bounds before the server is taken to ignore dates
FILL = 0.85  # share of a page that a window is planned to hold; the rest is room for bursts
GROWTH = 16  # how much wider than the window before one may be


class WindowReader:
    """Reads a window of one ledger by narrower windows, each of which fits on a page.

    The next window is cut from that end of the remaining one where the server starts its pages, because the rows of an
    overfull page then say exactly how wide a window may be. The order is a guess; a wrong one costs calls, never rows.

    Args:
        fetch: gets one page of the ledger.
        size: the page size.
    """

    def __init__(self, fetch: Fetch, size: PageSize) -> None:
        self._fetch = fetch
        self._size = size
        self._backwards = False
        self._margin_us = MARGINS_US[0]
        self._crowded_us: int | None = None  # an instant that has held most of a page; windows are cut around it
        self._stray_pages = 0

    def read(self, window: Window) -> Iterator[tuple[list[Row], Window]]:
        """Read all rows of the window, each once.

        Yields:
            The rows of the next narrower window, and the window that remains to be read after it.

        Raises:
            UnexpectedResponseError: the server ignores dates, or says endlessly that one instant has more rows.
        """
        remaining, width_us = window, window.width_us
        while remaining.width_us > 0:
            tried = self._next_window(remaining, width_us)
            page = self._page(tried, 0)
            if page.has_more and tried.width_us > INSTANT_US:
                # An overfull page is thrown away, not used in part: which rows it lacks is unknown while rows come
                # and go. The answer that counts is always one page of one window.
                width_us = self._narrower(tried, page)
                continue
            rows = self._read_instant(tried, page) if page.has_more else rows_of(page, tried)
            if self._backwards:
                remaining = Window(remaining.start_us, tried.start_us)
            else:
                remaining = Window(tried.end_us, remaining.end_us)
            yield rows, remaining
            width_us = self._next_width(tried, remaining, [row.created_us for row in rows])

    def _next_window(self, remaining: Window, width_us: int) -> Window:
        """Return the next ``width_us`` of what remains, cut at a whole second or millisecond if it is wide enough.

        Such bounds stay the same on a server that cuts off fractions of seconds.
        """
        if width_us >= remaining.width_us:
            return remaining
        unit = 1 if self._crowded_us is not None else self._unit_us(width_us)
        if self._backwards:
            cut = -(-(remaining.end_us - width_us) // unit) * unit
            start = cut if cut < remaining.end_us else remaining.end_us - width_us
            return Window(max(remaining.start_us, start), remaining.end_us)
        cut = (remaining.start_us + width_us) // unit * unit
        end = cut if cut > remaining.start_us else remaining.start_us + width_us
        return Window(remaining.start_us, min(remaining.end_us, end))

    def _page(self, window: Window, skip: int) -> Page:
        unit = self._unit_us(window.width_us)
        start = None if window.start_us <= MIN_US else from_us(window.start_us - unit)
        page = self._fetch(skip, self._size.value, {"startDate": start, "endDate": from_us(window.end_us + unit)})
        self._check_dates(window, page)
        return page

    def _check_dates(self, window: Window, page: Page) -> None:
        """Refuse a server that ignores the dates: the reader would request narrower windows endlessly."""
        wide = Window(window.start_us - STRAY_US, window.end_us + STRAY_US)
        dated = [row.created_us for row in rows_of(page, ALL_TIME) if row.dated]
        is_stray = bool(dated) and not any(wide.start_us <= created_us < wide.end_us for created_us in dated)
        self._stray_pages = self._stray_pages + 1 if is_stray else 0
        if self._stray_pages >= STRAY_PAGES:
            raise UnexpectedResponseError(
                f"all {len(dated):,} rows of a page were created outside of the requested dates "
                f"({from_us(window.start_us).isoformat()} to {from_us(window.end_us).isoformat()}); "
                "check base_url and every proxy or gateway between this machine and Talon.One, then run again"
            )

    def _next_width(self, read: Window, remaining: Window, times_us: list[int]) -> int:
        """Return the width of the next window, by how full this one was.

        A gap at the near end of this window does not count: it says nothing about how dense the next rows are.
        """
        width_us = read.width_us * GROWTH
        if times_us:
            used = max(times_us) + 1 - read.start_us if self._backwards else read.end_us - min(times_us)
            width_us = max(1, round(used * min(float(GROWTH), FILL * self._size.value / len(times_us))))
        if self._crowded_us is None:
            return width_us
        ahead_us = self._width_before(self._crowded_us, remaining)
        if ahead_us < 0:  # the crowded instant has been read
            self._crowded_us = None
            return remaining.width_us
        return min(width_us, ahead_us) if ahead_us else INSTANT_US

    def _narrower(self, tried: Window, page: Page) -> int:
        """Return the width for a window that held more than a page, by the instants on that page."""
        times_us = [row.created_us for row in rows_of(page, tried) if row.dated]
        crowded_us = _crowded_instant(page)
        beside = crowded_us is not None and not tried.start_us <= crowded_us < tried.end_us
        if (beside or 2 * len(times_us) < len(page.data)) and self._margin_us > 1:
            # Most rows of the page lie outside, taken in by the widened bounds. Widen by less and try the same width.
            self._margin_us = MARGINS_US[MARGINS_US.index(self._margin_us) + 1]
            return tried.width_us
        if times_us == sorted(times_us, reverse=True) and times_us[:1] != times_us[-1:]:
            self._backwards = True  # the page starts with the newest rows
        if crowded_us is not None and not beside:
            # Halving toward an instant that fills pages by itself would take a call for every bit of its position.
            # Read what lies before it in one window, then the instant alone.
            self._crowded_us = crowded_us
            before_us = self._width_before(crowded_us, tried)
            return min(before_us, tried.width_us - 1) if before_us > 0 else INSTANT_US
        return min(max(self._fitting_width(tried, times_us), 1), tried.width_us - 1)

    def _width_before(self, crowded_us: int, window: Window) -> int:
        """Return the width from the near end of ``window`` that leaves a crowded instant out, by widened bounds too."""
        return window.end_us - (crowded_us + 2) if self._backwards else crowded_us - 2 - window.start_us

    def _fitting_width(self, tried: Window, times_us: list[int]) -> int:
        """Return the width that takes in as many of the page's rows as certainly fit.

        If the page starts at the near end, its rows are all the rows up to its last one. If it starts at the far end,
        the span that they cover is about as wide as a window may be. In arbitrary order they are a sample, whose median
        halves the window.
        """
        distances = [tried.end_us - 1 - at if self._backwards else at - tried.start_us for at in times_us]
        ordered = sorted(distances)
        if not ordered:
            return tried.width_us // 2
        if distances == ordered:
            return ordered[int(len(ordered) * FILL)]
        if distances[::-1] == ordered:
            return round((tried.width_us - ordered[0]) * FILL)
        return ordered[len(ordered) // 2]

    def _read_instant(self, window: Window, first: Page) -> list[Row]:
        """Read one instant with more rows than a page, by overlapping pages that are de-duplicated on id.

        Here offsets are unavoidable. Half of each page overlaps, so that up to half a page of deletions between two
        calls loses nothing.
        """
        seen: dict[int, Row] = {}
        ids: set[int] = set()  # of all rows that were sent, also of those outside of the instant
        page, skip, stuck = first, 0, 0
        while True:
            before = len(ids)
            ids.update(row.id for row in rows_of(page, ALL_TIME))
            for row in rows_of(page, window):
                seen.setdefault(row.id, row)
            if not page.has_more:
                return list(seen.values())
            stuck = 0 if len(ids) > before else stuck + 1
            if stuck >= STUCK_PAGES:
                raise UnexpectedResponseError(
                    f"the server says that more rows were created at {from_us(window.start_us).isoformat()} than the "
                    f"{len(seen):,} that it sent, and sends no others; "
                    "check base_url and every proxy or gateway between this machine and Talon.One, then run again"
                )
            skip += max(1, len(page.data) // 2)
            page = self._page(window, skip)

    def _unit_us(self, width_us: int) -> int:
        """Return by how much bounds are widened: more for wide windows, in case the server cuts off fractions."""
        return next((unit for unit in MARGINS_US if unit <= self._margin_us and 256 * unit <= width_us), 1)


def _crowded_instant(page: Page) -> int | None:
    """Return the instant of most of a page's rows, if there is one: it may have more rows than a page holds."""
    times_us = Counter(row.created_us for row in rows_of(page, ALL_TIME) if row.dated)
    (instant_us, count), *_ = times_us.most_common(1) or [(0, 0)]
    return instant_us if count > 1 and 2 * count >= len(page.data) else None
