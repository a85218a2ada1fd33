"""Ranges of numbers, the ends excluded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def merged_ranges(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same numbers in as few ranges as possible, in order."""
    merged: list[tuple[int, int]] = []
    for first, past in sorted(ranges):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(past, merged[-1][1]))
        else:
            merged.append((first, past))
    return merged


def left_of(ranges: Iterable[tuple[int, int]], taken: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The numbers of ``ranges`` that are not in ``taken``."""
    left: list[tuple[int, int]] = []
    holes = merged_ranges(taken)
    for first, past in merged_ranges(ranges):
        at = first
        for hole_first, hole_past in holes:
            if hole_past <= at or hole_first >= past:
                continue
            if hole_first > at:
                left.append((at, hole_first))
            at = max(at, hole_past)
        if at < past:
            left.append((at, past))
    return left


def ranges_of(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """The numbers as ranges."""
    return merged_ranges((number, number + 1) for number in numbers)
