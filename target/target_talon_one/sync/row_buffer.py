"""Rows that were mapped and wait to be staged in the store, many at once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from talon_one_singer.values.refused_value import kept

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_talon_one.mapping.mapper import Mapped
    from target_talon_one.store.tables.staging import StagedRows

ROWS_PER_STAGE = 10_000
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=kept).encode


@dataclass(slots=True)
class PendingRows:
    """Rows that were read and are not mapped yet, with their origins and their positions in the source."""

    rows: list[Mapping[str, Any]] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)

    def add(self, rows: Sequence[Mapping[str, Any]], origins: Sequence[str], first: int) -> None:
        """Add rows; ``first`` is the position of the first one."""
        self.rows += rows
        self.origins += origins
        self.positions += range(first, first + len(rows))


@dataclass(slots=True)
class RowBuffer:
    """Rows with their positions in the source: of rows with one key, the last position counts.

    Attributes:
        keys, fields, origins, positions: of mapped rows.
        refused: keys of rows that cannot be sent; they are in the source, so a mirror must not remove them.
        deleted: keys of rows that the source marks as deleted.
    """

    keys: list[str] = field(default_factory=list)
    fields: list[bytes] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    refused: list[tuple[str, int]] = field(default_factory=list)
    deleted: list[tuple[str, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.keys) + len(self.refused) + len(self.deleted)

    def add(self, mapped: Mapped, origin: str, position: int) -> None:
        """Add a mapped row."""
        self.keys.append(mapped.key)
        self.fields.append(mapped.fields)
        self.origins.append(origin)
        self.positions.append(position)

    def stage(self, staging: StagedRows, destination: int, *, key_only: bool) -> int:
        """Write all rows into the store and return how many can be sent; with ``key_only``, without other fields."""
        if self.refused:
            staging.keep(destination, *zip(*self.refused, strict=True))
        if self.deleted:
            staging.delete(destination, *zip(*self.deleted, strict=True))
        if self.keys:
            staging.add(destination, self.keys, None if key_only else self.fields, self.origins, self.positions)
        return len(self.keys)


def row_text(row: Mapping[str, Any]) -> str:
    """Return a row as JSON, its numbers digit for digit."""
    try:
        return _encode(row).decode()
    except (TypeError, ValueError, OverflowError):  # lone surrogates, names that are not text
        return json.dumps({str(name): value for name, value in row.items()}, default=kept)
