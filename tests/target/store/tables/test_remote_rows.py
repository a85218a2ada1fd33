"""Rows of a destination are compared with staged and acknowledged rows."""

from __future__ import annotations

import pytest

from target_talon_one.store.opening import open_store
from target_talon_one.store.tables.remote_rows import ROWS_PER_FETCH, RemoteCounts


@pytest.fixture
def store(tmp_path):
    """A store that has acknowledged a and b, has staged b and c, and has found a, b and x at the destination."""
    with open_store(str(tmp_path / "store.duckdb")) as opened:
        number = opened.destinations.number_of("somewhere", "vip")
        opened.acks.adopt(number, ["a", "b"])
        opened.staging.start(number)
        opened.staging.add(number, ["b", "c"], [b'{"v":1}', b'{"v":2}'], ["row 1", "row 2"])
        opened.remote.start(number)
        opened.remote.add(number, ["a", "b", "x"], [{"v": 0}, {"v": 1}, {"v": 2}])
        yield opened


def test_rows_are_missing_stale_or_foreign(store):
    """A row that this connector did not add is foreign, and one that has left the source is stale."""
    assert RemoteCounts(expected=2, missing=1, stale=1, foreign=1) == store.remote.compare(1)
    assert ["c"] == store.remote.missing_keys(1)
    assert ["a"] == store.remote.stale_keys(1)


def test_rows_in_both_are_paired(store):
    """Each pair has the staged fields and the fields at the destination."""
    assert [("b", b'{"v":1}', b'{"v":1}')] == list(store.remote.pairs(1))


def test_pairs_are_read_beyond_the_first_fetch(store):
    """All pairs are read, whatever their number."""
    keys = [f"k{number:05}" for number in range(ROWS_PER_FETCH + 1)]
    store.staging.add(1, keys, [b"{}"] * len(keys), keys)
    store.remote.add(1, keys, [{}] * len(keys))
    assert len(keys) + 1 == sum(1 for _ in store.remote.pairs(1))
