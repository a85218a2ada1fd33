"""Reasons why rows were refused, counted by field, each with an example, for plans and reports."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from talon_one_singer.reporting.amounts import counted

SHOWN = 3
_MOST = 1000  # different reasons that are counted separately
_OTHER = "other reasons"
_VALUE = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[-+]?\b\d[\d.,:TZeE+-]*""")


def without_values(reason: str) -> str:
    """Return a reason in which texts in quotes and numbers after the field's name are left out."""
    place, colon, what = reason.partition(": ")
    return f"{place}: {_VALUE.sub('…', what)}" if colon else reason


@dataclass(slots=True)
class Reasons:
    """Counts reasons by field and kind; reasons that differ only in their values are counted as one.

    Attributes:
        counts: number of rows by kind of reason.
        examples: the first reason of each kind, with its value.
    """

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, reason: str, *, kind: str | None = None, masked: bool = False) -> None:
        """Count a refused row.

        Args:
            reason: field and what is wrong, with the value.
            kind: the reason without values; None: texts in quotes and numbers are treated as values.
            masked: leave values out of the example.
        """
        place, colon, _ = reason.partition(": ")
        hidden = kind or (place if colon else reason)
        kind = kind or without_values(reason)
        if kind not in self.counts and len(self.counts) >= _MOST:
            kind = reason = hidden = _OTHER
        self.counts[kind] += 1
        self.examples.setdefault(kind, hidden if masked else reason)

    def lines(self, *, values: bool = True) -> list[str]:
        """Return the most frequent reasons with the numbers of their rows; ``values``: each with an example."""
        found = [self._line(kind, count, values=values) for kind, count in self.counts.most_common(SHOWN)]
        others = len(self.counts) - SHOWN
        return [*found, f"and {others:,} other reasons, see the rejects"] if others > 0 else found

    def _line(self, kind: str, count: int, *, values: bool) -> str:
        example = self.examples[kind] if values else kind
        several = ", for example" * (example != kind and count > 1)
        return f"{counted(count, 'row')}{several}: {example}"
