"""Plan the windows of a ledger: how wide the next one may be to fit on a page, and where to split what remains.

The next window is cut from that end of the remaining one where the server starts its pages, because the rows of an
overfull page then say exactly how wide a window may be. The order is a guess; a wrong one costs calls, never rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from math import isqrt
from typing import TYPE_CHECKING

from talon_one_client.paging.windows import Window, to_us

if TYPE_CHECKING:
    from talon_one_client.paging.ledger_rows import LedgerRows

MARGINS_US = (1_000_000, 1_000, 1)
INSTANT_US = 4  # an instant and what widened bounds take in around it: no narrower window can leave it out
NARROWEST_SPLIT_US = 16 * INSTANT_US
CERTAIN_PAGES = 32  # how far an estimate reaches: rows of one import, say, tell nothing about the year after it
FILL = 0.85  # share of a page that a window is planned to hold; the rest is room for bursts
STRETCH = 1.1  # how much wider a window may be if nothing remains after it: the room for bursts is used
GROWTH = 16  # how much wider than the window before one may be


@dataclass(slots=True)
class SeenSpan:
    """The span of the rows of a ledger that were seen so far: beyond it, there may be none."""

    low_us: int | None = None
    high_us: int | None = None

    def add(self, low_us: int, high_us: int) -> None:
        """Add rows. Several threads may do so: a span that is too narrow costs a call."""
        self.low_us = low_us if self.low_us is None else min(low_us, self.low_us)
        self.high_us = high_us if self.high_us is None else max(high_us, self.high_us)

    def overlaps(self, window: Window) -> bool:
        """Return True if the window begins before the last row seen, and ends after the first one."""
        if self.low_us is None or self.high_us is None:
            return False
        return window.start_us <= self.high_us and self.low_us < window.end_us


@dataclass(slots=True)
class WindowPlan:
    """The plan of one reader.

    Attributes:
        width_us: width of the next window.
        page_us: estimated width of a window whose rows fit on a page; None if it is unknown.
        backwards: True if windows are cut from the end of what remains.
        margin_us: the most by which the bounds of a window are widened.
        crowded_us: an instant that has held most of a page; windows are cut around it.
        seen: shared by all readers of a ledger.
    """

    width_us: int
    page_us: int | None = None
    backwards: bool = False
    margin_us: int = MARGINS_US[0]
    crowded_us: int | None = None
    seen: SeenSpan = field(default_factory=SeenSpan)

    def next_window(self, remaining: Window) -> Window:
        """Return the next ``width_us`` of what remains, cut at a whole second or millisecond if it is wide enough.

        Such bounds stay the same on a server that cuts off fractions of seconds.
        """
        width_us = self.width_us
        if width_us >= remaining.width_us:
            return remaining
        unit = 1 if self.crowded_us is not None else self.unit_us(width_us)
        if self.backwards:
            cut = -(-(remaining.end_us - width_us) // unit) * unit
            start = cut if cut < remaining.end_us else remaining.end_us - width_us
            return Window(max(remaining.start_us, start), remaining.end_us)
        cut = (remaining.start_us + width_us) // unit * unit
        end = cut if cut > remaining.start_us else remaining.start_us + width_us
        return Window(remaining.start_us, min(remaining.end_us, end))

    def read(self, window: Window, remaining: Window, rows: LedgerRows, size: int) -> None:
        """Plan the next window by how full the one that was read is.

        A gap at the near end of this window does not count: it says nothing about how dense the next rows are.
        """
        width_us = window.width_us * GROWTH
        if rows.raws:
            low_us, high_us = rows.span_us(window)
            self.seen.add(low_us, high_us)
            used = high_us + 1 - window.start_us if self.backwards else window.end_us - low_us
            width_us = max(1, round(used * min(float(GROWTH), FILL * size / len(rows.raws))))
        self.page_us = width_us
        self.width_us = _stretched(width_us, remaining)
        if self.crowded_us is None:
            return
        ahead_us = self._width_before(self.crowded_us, remaining)
        if ahead_us < 0:  # the crowded instant has been read
            self.crowded_us, self.width_us = None, remaining.width_us
        else:
            self.width_us = min(width_us, ahead_us) if ahead_us else INSTANT_US

    def overfull(self, window: Window, rows: LedgerRows, size: int) -> None:
        """Plan a narrower window after one that held more than a page, by the instants on that page."""
        times_us = [to_us(each) for each in rows.within(window).dated]
        crowded_us = _crowded_instant(rows)
        beside = crowded_us is not None and not window.start_us <= crowded_us < window.end_us
        if (beside or 2 * len(times_us) < len(rows.raws)) and self.margin_us > 1:
            # Most rows of the page lie outside, taken in by the widened bounds. Widen by less and try the same width.
            self.margin_us = MARGINS_US[MARGINS_US.index(self.margin_us) + 1]
            self.width_us = window.width_us
            return
        ordered = sorted(times_us)
        if times_us == ordered[::-1] and ordered[:1] != ordered[-1:]:
            self.backwards = True  # the page starts with the newest rows
        self.width_us = self._narrower(window, times_us, None if beside else crowded_us)
        self.page_us = None
        if ordered[:1] != ordered[-1:]:
            low_us, high_us = ordered[0], ordered[-1]
            self.seen.add(low_us, high_us)
            if times_us in (ordered, ordered[::-1]):  # in arbitrary order the rows do not show how dense they are
                self.page_us = max(1, min(self.width_us, round((high_us - low_us) * FILL * size / len(times_us))))

    def pages_in(self, free: Window) -> float:
        """Return the estimated number of pages in a part of the ledger; 0 if it is unknown."""
        return free.width_us / self.page_us if self.page_us else 0.0

    def split(self, free: Window) -> tuple[Window, WindowPlan] | None:
        """Return the far part of ``free``, which is not requested yet, and a plan for it; None if it is too narrow.

        Where rows were seen on both sides it is the half. Beyond them there may be none: how many pages follow is
        known by its order of magnitude only, whose half is the square root. There, and where many pages would follow,
        one request shows whether there are rows at all.
        """
        if self.page_us is None or free.width_us < NARROWEST_SPLIT_US:
            return None
        pages = self.pages_in(free)
        taken = self._far_end(free, int(pages) // 2 * self.page_us)
        plan = replace(self, width_us=_stretched(self.page_us, taken), crowded_us=None)
        is_beyond = not self.seen.overlaps(taken)
        if is_beyond:
            taken = self._far_end(free, isqrt(int(pages)) * self.page_us)
        if is_beyond or self.pages_in(taken) > CERTAIN_PAGES:
            plan.width_us, plan.page_us = taken.width_us, None
        return (taken, plan) if taken.width_us > 0 else None

    def unit_us(self, width_us: int) -> int:
        """Return by how much bounds are widened: more for wide windows, in case the server cuts off fractions."""
        return next((unit for unit in MARGINS_US if unit <= self.margin_us and 256 * unit <= width_us), 1)

    def _far_end(self, free: Window, kept_us: int) -> Window:
        """Return ``free`` without the ``kept_us`` that this reader reads next, cut like ``next_window``."""
        unit = self.unit_us(kept_us)
        if self.backwards:
            cut = -(-(free.end_us - kept_us) // unit) * unit
            return Window(free.start_us, max(free.start_us, min(cut, free.end_us)))
        cut = (free.start_us + kept_us) // unit * unit
        return Window(min(max(free.start_us, cut), free.end_us), free.end_us)

    def _width_before(self, crowded_us: int, window: Window) -> int:
        """Return the width from the near end of ``window`` that leaves a crowded instant out, by widened bounds too."""
        return window.end_us - (crowded_us + 2) if self.backwards else crowded_us - 2 - window.start_us

    def _narrower(self, tried: Window, times_us: list[int], crowded_us: int | None) -> int:
        if crowded_us is None:
            return min(max(self._fitting_width(tried, times_us), 1), tried.width_us - 1)
        # Halving toward an instant that fills pages by itself would take a call for every bit of its position.
        # Read what lies before it in one window, then the instant alone.
        self.crowded_us = crowded_us
        before_us = self._width_before(crowded_us, tried)
        return min(before_us, tried.width_us - 1) if before_us > 0 else INSTANT_US

    def _fitting_width(self, tried: Window, times_us: list[int]) -> int:
        """Return the width that takes in as many of the page's rows as certainly fit.

        If the page starts at the near end, its rows are all the rows up to its last one. If it starts at the far end,
        the span that they cover is about as wide as a window may be. In arbitrary order they are a sample, whose median
        halves the window.
        """
        distances = [tried.end_us - 1 - at if self.backwards else at - tried.start_us for at in times_us]
        ordered = sorted(distances)
        if not ordered:
            return tried.width_us // 2
        if distances == ordered:
            return ordered[int(len(ordered) * FILL)]
        if distances[::-1] == ordered:
            return round((tried.width_us - ordered[0]) * FILL)
        return ordered[len(ordered) // 2]


def _stretched(width_us: int, remaining: Window) -> int:
    return remaining.width_us if remaining.width_us <= width_us * STRETCH else width_us


def _crowded_instant(rows: LedgerRows) -> int | None:
    """Return the instant of most of a page's rows, if there is one: it may have more rows than a page holds."""
    for instant, count in Counter(rows.dated).most_common(1):
        if count > 1 and 2 * count >= len(rows.raws):
            return to_us(instant)
    return None
