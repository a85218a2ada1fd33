"""The rows of a list that were read last, by their ids."""

from __future__ import annotations

from collections import OrderedDict

REMEMBERED = 20_000  # rows whose ids are kept, so that memory does not grow with the list


class KnownRows:
    """The ids of the last rows that were read, numbered in their order."""

    def __init__(self) -> None:
        self._numbers: OrderedDict[int | str, int] = OrderedDict()
        self.count = 0

    def __contains__(self, key: int | str) -> bool:
        return key in self._numbers

    def add(self, key: int | str) -> bool:
        """Remember an id; return True if it is new."""
        if key in self._numbers:
            return False
        self._numbers[key] = self.count
        self.count += 1
        if len(self._numbers) > REMEMBERED:
            self._numbers.popitem(last=False)
        return True

    def number(self, key: int | str) -> int:
        """Return the position of an id in the order of reading."""
        return self._numbers[key]
