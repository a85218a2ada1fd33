"""Ranges of sequence numbers are merged and subtracted."""

from __future__ import annotations

import random

import pytest

from target_talon_one.store.sequence_ranges import merged_ranges, ranges_of, ranges_without


@pytest.mark.parametrize(
    ("ranges", "merged"),
    [
        ([], []),
        ([(0, 2), (2, 5)], [(0, 5)]),
        ([(4, 6), (0, 1)], [(0, 1), (4, 6)]),
        ([(0, 9), (2, 3)], [(0, 9)]),
    ],
)
def test_ranges_that_touch_or_overlap_become_one(ranges, merged):
    """Merged ranges are sorted and have gaps between them."""
    assert merged == merged_ranges(ranges)


def test_ranges_of_numbers_hold_exactly_these_numbers():
    """Consecutive numbers share a range, in whatever order they come."""
    assert [(1, 4), (7, 8)] == ranges_of([7, 2, 1, 3])


@pytest.mark.parametrize("seed", range(20))
def test_the_difference_of_ranges_is_the_difference_of_their_numbers(seed):
    """Subtracting ranges leaves the numbers that a set difference leaves."""
    chance = random.Random(seed)
    numbers, taken = ({chance.randrange(40) for _ in range(chance.randrange(40))} for _ in range(2))
    assert ranges_of(numbers - taken) == ranges_without(ranges_of(numbers), ranges_of(taken))
