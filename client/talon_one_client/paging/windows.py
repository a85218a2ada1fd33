"""Reading a ledger while it moves: time windows that fit on one page.

``skip`` shifts under inserts and deletions, so deep paging loses rows. A window with no more rows than a
page comes in one consistent answer. Nothing is assumed about the order of the rows nor about whether the
bounds are inclusive: bounds are widened by one unit and rows outside of the window are dropped here.

``startDate``/``endDate`` filter on ``created``: https://docs.talon.one/integration-api
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from talon_one_client.errors import UnexpectedResponseError
from talon_one_client.paging.pages import STUCK_PAGES, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_client.paging.pages import Fetch, PageSize

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
MIN_US = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICRO  # "since ever": no startDate is sent
MAX_US = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICRO
MARGINS_US = (1_000_000, 1_000, 1)
INSTANT_US = 4  # an instant and what widened bounds take in around it: no narrower part can leave it out
SECOND_US = 1_000_000
STRAY_US = 2_000_000  # how far beyond the bounds a row may lie: some servers cut off fractions of seconds
STRAY_PAGES = 2  # pages in a row without any row within the bounds before the server is taken to ignore dates
FILL = 0.85  # share of a page that a window is planned to hold; the rest is room for bursts


class Row(msgspec.Struct):
    """What of a ledger row is needed to handle it.

    Attributes:
        id: of the row.
        created_us: when it was made; the start of the window if ``created`` is no instant.
        raw: the row as it came.
        dated: False if ``created`` is no instant.
    """

    id: int
    created_us: int
    raw: msgspec.Raw
    dated: bool = True


class _Typed(msgspec.Struct):
    id: int
    created: datetime


class _Loose(msgspec.Struct):
    id: int
    created: str


_typed = msgspec.json.Decoder(_Typed)
_loose = msgspec.json.Decoder(_Loose)


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open span of ``created``: [start_us, end_us) in microseconds since 1970, UTC."""

    start_us: int
    end_us: int


_LEAP_SECOND = re.compile(r"(.*T\d\d:\d\d):60(.*)", re.ASCII)
EVER = Window(MIN_US, MAX_US)


def to_us(instant: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (instant - EPOCH) // MICRO


def from_us(value: int) -> datetime:
    """Aware UTC datetime of microseconds since 1970, kept within what a datetime can hold."""
    return EPOCH + MICRO * min(max(value, MIN_US), MAX_US)


def rows_of(page: Page, window: Window) -> list[Row]:
    """Rows of the page whose ``created`` lies in the window.

    A row whose ``created`` is no instant cannot be placed; it counts as lying at the window's start.

    Raises:
        msgspec.DecodeError: a row without id or created.
    """
    found: list[Row] = []
    for raw in page.data:
        try:
            head = _typed.decode(raw)
            row = Row(head.id, _utc_us(head.created), raw)
        except msgspec.ValidationError:
            row = _unusual(raw, window)
        if window.start_us <= row.created_us < window.end_us:
            found.append(row)
    return found


def _unusual(raw: msgspec.Raw, window: Window) -> Row:
    """A row whose ``created`` is a leap second, which is the instant after it, or no instant at all."""
    row = _loose.decode(raw)
    leap = _LEAP_SECOND.fullmatch(row.created)
    try:
        before = datetime.fromisoformat(f"{leap[1]}:59{leap[2]}") if leap else None
    except ValueError:
        before = None
    if before is None:
        return Row(row.id, window.start_us, raw, dated=False)
    return Row(row.id, _utc_us(before) + SECOND_US, raw)


def _utc_us(instant: datetime) -> int:
    return to_us(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


class WindowReader:
    """Reads a window of one ledger in parts that fit on a page.

    Parts are taken from that end of what remains where the server starts its pages, so that an overfull page
    tells exactly how wide the next part may be. That is a guess about order which only costs calls if wrong.
    """

    def __init__(self, fetch: Fetch, size: PageSize) -> None:
        self._fetch = fetch
        self._size = size
        self._backwards = False
        self._margin_us = MARGINS_US[0]
        self._crowded: int | None = None
        self._strays = 0

    def read(self, window: Window) -> Iterator[tuple[list[Row], Window]]:
        """All rows of the window, each once.

        Yields:
            The rows of a part, and the window that remains to be read after it.

        Raises:
            UnexpectedResponseError: the server ignores dates, or says for ever that one instant has more rows.
        """
        rest, width = window, window.end_us - window.start_us
        while rest.end_us > rest.start_us:
            part = self._part(rest, width)
            page = self._page(part, 0)
            if page.has_more and part.end_us - part.start_us > INSTANT_US:
                width = self._narrower(part, page)
                continue
            rows = self._instant(part, page) if page.has_more else rows_of(page, part)
            rest = Window(rest.start_us, part.start_us) if self._backwards else Window(part.end_us, rest.end_us)
            yield rows, rest
            width = self._next_width(part, rest, [row.created_us for row in rows])

    def _part(self, rest: Window, width: int) -> Window:
        """The next ``width`` of the rest, cut at a whole second or millisecond where it is wide enough."""
        if width >= rest.end_us - rest.start_us:
            return rest
        unit = 1 if self._crowded is not None else self._unit_us(width)
        if self._backwards:
            cut = -(-(rest.end_us - width) // unit) * unit
            return Window(max(rest.start_us, cut if cut < rest.end_us else rest.end_us - width), rest.end_us)
        cut = (rest.start_us + width) // unit * unit
        return Window(rest.start_us, min(rest.end_us, cut if cut > rest.start_us else rest.start_us + width))

    def _page(self, part: Window, skip: int) -> Page:
        unit = self._unit_us(part.end_us - part.start_us)
        start = None if part.start_us <= MIN_US else from_us(part.start_us - unit)
        page = self._fetch(skip, self._size.value, startDate=start, endDate=from_us(part.end_us + unit))
        self._check_dates(part, page)
        return page

    def _check_dates(self, part: Window, page: Page) -> None:
        """Narrower parts lead nowhere with a server that ignores the dates; it must not be asked for ever."""
        wide = Window(part.start_us - STRAY_US, part.end_us + STRAY_US)
        dated = [row.created_us for row in rows_of(page, EVER) if row.dated]
        stray = bool(dated) and not any(wide.start_us <= created_us < wide.end_us for created_us in dated)
        self._strays = self._strays + 1 if stray else 0
        if self._strays >= STRAY_PAGES:
            raise UnexpectedResponseError(
                f"all {len(dated):,} rows of a page were created outside of the dates that were asked for "
                f"({from_us(part.start_us).isoformat()} to {from_us(part.end_us).isoformat()}); "
                "check base_url and what stands between you and Talon.One, then run again"
            )

    def _next_width(self, part: Window, rest: Window, times: list[int]) -> int:
        """Width of the next part, from how full this one was; a gap at its near end does not count."""
        width = part.end_us - part.start_us
        if times:
            used = max(times) + 1 - part.start_us if self._backwards else part.end_us - min(times)
            width = max(1, round(used * min(16.0, FILL * self._size.value / len(times))))
        else:
            width *= 16
        if self._crowded is None:
            return width
        ahead = self._ahead_of(self._crowded, rest)
        if ahead < 0:
            self._crowded = None
            return rest.end_us - rest.start_us
        return min(width, ahead) if ahead else INSTANT_US

    def _narrower(self, part: Window, page: Page) -> int:
        """Width for a part that held more than a page, from the instants on that page."""
        width = part.end_us - part.start_us
        times = [row.created_us for row in rows_of(page, part) if row.dated]
        crowd = _crowd(page)
        beside = crowd is not None and not part.start_us <= crowd < part.end_us
        if (beside or 2 * len(times) < len(page.data)) and self._margin_us > 1:
            self._margin_us = MARGINS_US[MARGINS_US.index(self._margin_us) + 1]
            return width
        if times == sorted(times, reverse=True) and times[:1] != times[-1:]:
            self._backwards = True
        if crowd is not None and not beside:
            self._crowded = crowd
            guess = self._ahead_of(crowd, part)
            return min(guess, width - 1) if guess > 0 else INSTANT_US
        return min(max(self._cut(part, times), 1), width - 1)

    def _ahead_of(self, crowded: int, window: Window) -> int:
        """Width from the near end of ``window`` that leaves a crowded instant, widened bounds included, out."""
        return window.end_us - (crowded + 2) if self._backwards else crowded - 2 - window.start_us

    def _cut(self, part: Window, times: list[int]) -> int:
        """Width that takes in as many of the page's rows as surely fit, by where the server seems to start."""
        steps = [part.end_us - 1 - t if self._backwards else t - part.start_us for t in times]
        ordered = sorted(steps)
        if not ordered:
            return (part.end_us - part.start_us) // 2
        if steps == ordered:
            return ordered[int(len(ordered) * FILL)]
        if steps[::-1] == ordered:
            return round((part.end_us - part.start_us - ordered[0]) * FILL)
        return ordered[len(ordered) // 2]

    def _instant(self, part: Window, first: Page) -> list[Row]:
        """One instant with more rows than a page: overlapping pages, de-duplicated on id."""
        seen: dict[int, Row] = {}
        around: set[int] = set()  # ids of all rows that came, also of those beside the instant
        page, skip, stuck = first, 0, 0
        while True:
            before = len(around)
            around.update(row.id for row in rows_of(page, EVER))
            for row in rows_of(page, part):
                seen.setdefault(row.id, row)
            if not page.has_more:
                return list(seen.values())
            stuck = 0 if len(around) > before else stuck + 1
            if stuck >= STUCK_PAGES:
                raise UnexpectedResponseError(
                    f"the server says that more rows were created at {from_us(part.start_us).isoformat()} than the "
                    f"{len(seen):,} that it sent, and sends no others; "
                    "check base_url and what stands between you and Talon.One, then run again"
                )
            skip += max(1, len(page.data) // 2)
            page = self._page(part, skip)

    def _unit_us(self, width: int) -> int:
        """By how much bounds are widened: coarse for wide parts, in case the server cuts off fractions."""
        return next((unit for unit in MARGINS_US if unit <= self._margin_us and 256 * unit <= width), 1)


def _crowd(page: Page) -> int | None:
    """The instant of most of a page's rows, if there is one: more of it may be waiting than a page holds."""
    times = Counter(row.created_us for row in rows_of(page, EVER) if row.dated)
    (instant, count), *_ = times.most_common(1) or [(0, 0)]
    return instant if count > 1 and 2 * count >= len(page.data) else None
