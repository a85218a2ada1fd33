"""Ranges of sequence numbers, each a pair of its first number and its end, which is excluded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def merged_ranges(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the same numbers in as few ranges as possible, in order."""
    merged: list[tuple[int, int]] = []
    for first, end in sorted(ranges):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((first, end))
    return merged


def ranges_without(ranges: Iterable[tuple[int, int]], taken: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the numbers of ``ranges`` that are not in ``taken``."""
    remaining: list[tuple[int, int]] = []
    holes = merged_ranges(taken)
    for first, end in merged_ranges(ranges):
        start = first
        for hole_first, hole_end in holes:
            if hole_end <= start or hole_first >= end:
                continue
            if hole_first > start:
                remaining.append((start, hole_first))
            start = max(start, hole_end)
        if start < end:
            remaining.append((start, end))
    return remaining


def count_of(ranges: Iterable[tuple[int, int]]) -> int:
    """Return how many numbers are in ranges that do not overlap."""
    return sum(end - first for first, end in ranges)


def ranges_of(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return the ranges that hold exactly these numbers."""
    return merged_ranges((number, number + 1) for number in numbers)
