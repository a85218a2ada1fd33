"""The keys of many rows, to compare two reads of the same rows."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

BUCKETS = 256  # so that the table built for one bucket is small even for millions of rows


class RowKeys:
    """Keys, each as often as it was given; a key takes eight bytes, however long it is."""

    def __init__(self, keys: Iterable[Hashable] = ()) -> None:
        self._buckets = [array("q") for _ in range(BUCKETS)]
        for key in keys:
            number = hash(key)
            self._buckets[number % BUCKETS].append(number)

    def without(self, others: RowKeys) -> Counter[int]:
        """Return the hashes of the keys that these have and the others lack, with how many more these have."""
        found: Counter[int] = Counter()
        for mine, theirs in zip(self._buckets, others._buckets, strict=True):
            found.update(Counter(mine) - Counter(theirs))
        return found
