"""Conditions in SQL on the rows that a read was about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from talon_one_storage.sql_names import literal, quoted


@dataclass(frozen=True, slots=True)
class Span:
    """The instants from ``start`` (None: from the earliest) up to, and without, ``end``."""

    start: datetime | None
    end: datetime

    def conditions(self, column: str) -> list[str]:
        """Return the conditions that a column holds one of them."""
        first = [] if self.start is None else [f"{column} >= {_text(self.start)}"]
        return [*first, f"{column} < {_text(self.end)}"]


Within = Mapping[str, Sequence[int] | Span]


def limits(within: Within | None, name: Callable[[str], str] = quoted) -> list[str]:
    """Return the conditions of ``within``, see Warehouse.end_read; ``name`` quotes the name of a column."""
    found = []
    for field, values in (within or {}).items():
        column = f"t.{name(field)}"
        if isinstance(values, Span):
            found += values.conditions(column)
            continue
        among = ", ".join(str(int(value)) for value in values)
        found.append(f"{column} IN ({among})" if among else "1 = 0")
    return found


def _text(at: datetime) -> str:
    # Databases convert a text that is compared with an instant; SQLite's instants are such texts.
    return literal(at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z")
