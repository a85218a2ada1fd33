"""One rule for the names of columns, for every kind of source.

A name means the column of exactly that name. Only if there is none, it means the column that equals it without regard
to letter case and surrounding spaces; if two columns do, it means neither.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_LISTED = 20
_LONGEST = 60


class AmbiguousNameError(ValueError):
    """A name that two columns could be meant by; the message names them."""


def folded(name: str) -> str:
    """The name without what the rule does not regard."""
    return unicodedata.normalize("NFC", name.strip("\ufeff").strip()).casefold()


def find_column(name: str, columns: Iterable[str]) -> str | None:
    """The column that a name means; None if there is none.

    Raises:
        AmbiguousNameError: it could mean two columns.
    """
    known = tuple(columns)
    if name in known:
        return name
    found = [column for column in known if folded(column) == folded(name)]
    if len(found) > 1:
        raise AmbiguousNameError(
            f"{name!r} could mean the column {found[0]!r} or {found[1]!r}; write it like one of them"
        )
    return found[0] if found else None


def repeated_name(names: Iterable[str]) -> str | None:
    """The first name that comes twice, letter for letter; None if there is none."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


class ColumnNames:
    """The names of a source whose rows or files each have names of their own, collected.

    Attributes:
        names: all names so far, in the order in which they came.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}  # with the place where it came first
        self._folded: dict[str, str] = {}

    def add(self, names: Iterable[str], place: str) -> None:
        """The names of a row or a file.

        Args:
            names: all of them.
            place: where they are, for messages.

        Raises:
            ValueError: one of them differs only in letter case or spaces from one that is elsewhere.
        """
        these = tuple(names)
        for name in these:
            if name in self.names:
                continue
            other = self._folded.setdefault(folded(name), name)
            if other != name and other not in these:
                raise ValueError(
                    f"{place} has the column {name!r}, {self.names[other]} has {other!r}; name it the same"
                )
            self.names[name] = place


def listed_columns(columns: Sequence[str]) -> str:
    """Return the names of columns for a message: the first 20, and long names cut off."""
    if not columns:
        return "no columns"
    more = len(columns) - _MOST_LISTED
    shown = ", ".join(repr(one if len(one) <= _LONGEST else f"{one[:_LONGEST]}...") for one in columns[:_MOST_LISTED])
    return f"the columns {shown}" + (f" and {more:,} more" if more > 0 else "")
