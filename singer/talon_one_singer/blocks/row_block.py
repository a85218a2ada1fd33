"""The interface of a row block, and the block of rows that are dicts already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


class RowBlock(Protocol):
    """Rows that are processed together.

    Attributes:
        names: names of all columns.
        alike: every row has every column; a row of another block may lack some.
    """

    names: Sequence[str]
    alike: bool

    def __len__(self) -> int: ...

    def array(self, name: str) -> pa.Array | None:
        """Return a column in a type that has exactly the values of ``values``, or None if there is no such type.

        A row without the column has a null.
        """
        ...

    def values(self, name: str) -> Sequence[Any]:
        """Return the values of a column; a row without the column has None."""
        ...

    def rows(self, positions: Sequence[int]) -> list[dict[str, Any]]:
        """Return the rows at some positions."""
        ...


class RecordBlock:
    """Rows that are dicts, see RowBlock. There must be at least one."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows = rows
        names = tuple(rows[0])
        self.alike = all(map(names.__eq__, map(tuple, rows)))
        self.names: Sequence[str] = names if self.alike else tuple(dict.fromkeys(name for row in rows for name in row))
        self._columns: dict[str, Sequence[Any]] = {}
        if self.alike:
            self._columns = dict(zip(names, zip(*(row.values() for row in rows), strict=True), strict=True))

    def __len__(self) -> int:
        return len(self._rows)

    def array(self, name: str) -> pa.Array | None:
        """See RowBlock."""
        values = self.values(name)
        kinds = set(map(type, values)) - {type(None)}
        kind = _TYPES.get(kinds.pop()) if len(kinds) == 1 else None if kinds else pa.null()
        if kind is None:
            return None
        try:
            return pa.array(values, kind)
        except (UnicodeEncodeError, OverflowError):  # half of a surrogate pair, an integer of more than 64 bits
            return None

    def values(self, name: str) -> Sequence[Any]:
        """See RowBlock."""
        if name not in self._columns:
            self._columns[name] = [row.get(name) for row in self._rows]
        return self._columns[name]

    def rows(self, positions: Sequence[int]) -> list[dict[str, Any]]:
        """See RowBlock."""
        return [dict(self._rows[position]) for position in positions]


def record_blocks(parts: Iterable[Sequence[dict[str, Any]]]) -> Iterator[RowBlock]:
    """Yield a block for each part that has rows."""
    for part in parts:
        if part:
            yield RecordBlock(part)


_TYPES = {str: pa.string(), int: pa.int64(), bool: pa.bool_()}
