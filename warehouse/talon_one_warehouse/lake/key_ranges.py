"""The smallest and largest keys of files, by which a merge finds the files that can hold its keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

Bound: TypeAlias = int | str

_LONGEST_BOUND = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS_US = (-62_135_596_800_000_000, 253_402_300_799_999_999)  # what Python's datetime holds
_ROUNDING_US = 1_000  # some writers cut the bounds of instants to milliseconds


class DataFile(NamedTuple):
    """A data file, which is never changed.

    Attributes:
        path: the path below the folder of the table.
        size: in bytes.
        rows: number of rows.
        low, high: smallest and largest value of each key column that has bounds; instants in microseconds.
    """

    path: str
    size: int
    rows: int
    low: dict[str, Bound]
    high: dict[str, Bound]


class Range:
    """The smallest and largest value of each key column over the added tables."""

    def __init__(self, key: Sequence[str]) -> None:
        self._key = key
        self.low: dict[str, Bound] = {}
        self.high: dict[str, Bound] = {}
        self._without: set[str] = set()

    def add(self, rows: pa.Table) -> None:
        """Widen the range by rows."""
        for name in self._key:
            self._add(name, rows[name])

    def _add(self, name: str, column: pa.ChunkedArray) -> None:
        if not len(column) or name in self._without:
            return
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        bounds = pc.min_max(column).as_py() if _has_bounds(column.type) else {}
        low, high = bounds.get("min"), bounds.get("max")
        if low is None or high is None or len(str(low)) > _LONGEST_BOUND or len(str(high)) > _LONGEST_BOUND:
            self._without.add(name)
            self.low.pop(name, None)
            self.high.pop(name, None)
            return
        self.low[name] = min(self.low.get(name, low), low)
        self.high[name] = max(self.high.get(name, high), high)

    def may_meet(self, file: DataFile) -> bool:
        """Return whether a key in the range can be in the file."""
        return all(
            low <= file.high[name] and file.low[name] <= self.high[name]  # type: ignore[operator]
            for name, low in self.low.items()
            if name in file.low and name in file.high
        )


def statistics(file: DataFile, schema: pa.Schema) -> dict[str, object]:
    """Return the statistics of a file as Delta's log has them.

    https://github.com/delta-io/delta/blob/master/PROTOCOL.md#per-file-statistics
    """
    instants = {field.name for field in schema if pa.types.is_timestamp(field.type)}
    bounds = {
        name: (_text(low), _text(file.high[name])) if name in instants else (low, file.high[name])
        for name, low in file.low.items()
    }
    known = {name: pair for name, pair in bounds.items() if None not in pair}
    return {
        "numRecords": file.rows,
        "minValues": {name: low for name, (low, _) in known.items()},
        "maxValues": {name: high for name, (_, high) in known.items()},
        "nullCount": dict.fromkeys(known, 0),
    }


def logged_bounds(actions: pa.Table, end: str, key: Sequence[str], widen_us: int = 0) -> list[dict[str, Bound]]:
    """Return the bounds of the key columns of each file in Delta's log.

    Args:
        actions: from ``DeltaTable.get_add_actions(flatten=True)``.
        end: ``min`` or ``max``.
        key: the key columns.
        widen_us: added to instants.
    """
    found: list[dict[str, Bound]] = [{} for _ in range(actions.num_rows)]
    for name in key:
        if f"{end}.{name}" not in actions.column_names:
            continue
        column = actions[f"{end}.{name}"]
        instants = pa.types.is_timestamp(column.type)
        values = (column.cast(pa.int64()) if instants else column).to_pylist()
        for bounds, value in zip(found, values, strict=True):
            if isinstance(value, int | str):
                bounds[name] = value + widen_us if instants and isinstance(value, int) else value
    return found


def logged_files(actions: pa.Table, key: Sequence[str]) -> list[DataFile]:
    """Return the files of ``DeltaTable.get_add_actions(flatten=True)``."""
    columns = [actions[name].to_pylist() for name in ("path", "size_bytes", "num_records")]
    lows = logged_bounds(actions, "min", key, -_ROUNDING_US)
    highs = logged_bounds(actions, "max", key, _ROUNDING_US)
    return [
        DataFile(path, size, rows or 0, low, high)
        for path, size, rows, low, high in zip(*columns, lows, highs, strict=True)
    ]


def _text(us: Bound) -> str | None:
    if not isinstance(us, int) or not _YEARS_US[0] <= us <= _YEARS_US[1]:
        return None
    return (_EPOCH + timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def _has_bounds(kind: pa.DataType) -> bool:
    return bool(pa.types.is_int64(kind) or pa.types.is_string(kind))
