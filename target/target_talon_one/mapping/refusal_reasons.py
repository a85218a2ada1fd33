"""Why rows were refused, counted by field, with an example of each: what a plan or a push says about them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

SHOWN = 3
_MOST = 1000  # different reasons that are told apart
_OTHER = "other reasons"
_VALUE = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[-+]?\b\d[\d.,:TZeE+-]*""")


@dataclass(slots=True)
class Reasons:
    """Counts reasons by field and kind; those that differ in their values only are one.

    Attributes:
        counts: rows by what was wrong, without values.
        examples: the first whole reason of each.
    """

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, reason: str, *, kind: str | None = None, masked: bool = False) -> None:
        """Count a refused row.

        Args:
            reason: field and what is wrong, with the value.
            kind: the reason without values; None: texts in quotes and numbers are taken for values.
            masked: values are not to be shown.
        """
        place, colon, what = reason.partition(": ")
        hidden = kind or (place if colon else reason)
        kind = kind or (f"{place}: {_VALUE.sub('…', what)}" if colon else reason)
        if kind not in self.counts and len(self.counts) >= _MOST:
            kind = reason = hidden = _OTHER
        self.counts[kind] += 1
        self.examples.setdefault(kind, hidden if masked else reason)

    def lines(self) -> list[str]:
        """The most frequent reasons, each with the number of its rows and an example."""
        found = [f"{count:,} x {self.examples[kind]}" for kind, count in self.counts.most_common(SHOWN)]
        rest = len(self.counts) - SHOWN
        return [*found, f"and {rest:,} other reasons, see the rejects"] if rest > 0 else found
