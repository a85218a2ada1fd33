"""The lookup of columns by name, the same for every kind of source.

A name selects the column with exactly that name. If there is none, it selects the column that is equal without regard
to letter case and surrounding spaces; if there are two, the name is ambiguous.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_LISTED = 20
_LONGEST = 60


# An acronym and its plural are one word: integrationIDs is integration_ids.
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z](?!s(?![a-z]))[a-z])")


class AmbiguousNameError(ValueError):
    """A name matches two columns; the message names both."""


def folded(name: str) -> str:
    """Return the form of a name in which names are compared."""
    return unicodedata.normalize("NFC", name.strip("\ufeff").strip()).casefold()


def snake_case(name: str) -> str:
    """Return the name of a column for the name of a field: ``profile_integration_id`` for ``profileIntegrationId``.

    Loads name their columns in this way, and the target looks for its fields under these names. A digit begins no word:
    ``createdIn3rdParty`` is ``created_in3rd_party``.
    """
    return _WORD_START.sub("_", name).lower()


def find_column(name: str, columns: Iterable[str]) -> str | None:
    """Return the column that a name selects; None if there is none.

    Raises:
        AmbiguousNameError: the name matches two columns.
    """
    known = tuple(columns)
    if name in known:
        return name
    found = [column for column in known if folded(column) == folded(name)]
    if len(found) > 1:
        raise AmbiguousNameError(
            f"{name!r} could mean the column {found[0]!r} or {found[1]!r}; write it exactly like one of them"
        )
    return found[0] if found else None


def repeated_name(names: Iterable[str]) -> str | None:
    """Return the first name that occurs twice, letter for letter; None if there is none."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


class ColumnNames:
    """Collects the column names of a source in which each row or file has its own names.

    Attributes:
        names: all names so far, in their order, each with the row or file in which it occurred first.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._folded: dict[str, str] = {}

    def add(self, names: Iterable[str], origin: str) -> None:
        """Add the names of a row or a file.

        Args:
            names: all names of the row or file.
            origin: the row or file, for messages.

        Raises:
            ValueError: a name differs only in letter case or spaces from a name of another row or file.
        """
        these = tuple(names)
        for name in these:
            if name in self.names:
                continue
            other = self._folded.setdefault(folded(name), name)
            if other != name and other not in these:
                raise ValueError(
                    f"{origin} has the column {name!r}, {self.names[other]} has {other!r}; use the same name in both"
                )
            self.names[name] = origin


def listed_columns(columns: Sequence[str]) -> str:
    """Return the names of columns for a message: the first 20 names, long ones truncated."""
    if not columns:
        return "no columns"
    more = len(columns) - _MOST_LISTED
    shown = ", ".join(repr(one if len(one) <= _LONGEST else f"{one[:_LONGEST]}...") for one in columns[:_MOST_LISTED])
    return f"the columns {shown}" + (f" and {more:,} more" if more > 0 else "")
