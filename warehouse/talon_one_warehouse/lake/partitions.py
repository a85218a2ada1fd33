"""The monthly partitions of rows, and the key ranges of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talon_one_warehouse.arrow.columns import Kind
    from talon_one_warehouse.lake.manifest import Bound, DataFile, Table

ALL = "all"
NONE = "__HIVE_DEFAULT_PARTITION__"  # the name that readers of Hive partitions take for null
_INSTANTS = ("created", "as_of")
_LONGEST_BOUND = 200


def partition_column(columns: Mapping[str, Kind]) -> str | None:
    """Return the column whose month is the partition: ``created``, else ``as_of``, else None."""
    return next((name for name in _INSTANTS if columns.get(name) == "instant"), None)


def months(table: Table, rows: pa.Table) -> set[str]:
    """Return the partitions of the rows, like ``2024-01``."""
    if table.partition_by is None:
        return {ALL}
    return {_name(month) for month in pc.unique(_months(table.partition_by, rows))}


def split(table: Table, rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Return the rows of each partition, in their order."""
    if table.partition_by is None:
        yield ALL, rows
        return
    of_rows = _months(table.partition_by, rows)
    found = pc.unique(of_rows)
    for month in found:
        here = pc.equal(of_rows, month) if month.is_valid else pc.is_null(of_rows)
        yield _name(month), rows if len(found) == 1 else rows.filter(here)


def _months(column: str, rows: pa.Table) -> pa.Array:
    """Return the first day of each row's month, in the time of UTC."""
    return pc.floor_temporal(rows[column].combine_chunks().cast(pa.timestamp("us")), unit="month")


def _name(month: pa.Scalar) -> str:
    return str(pc.strftime(month, format="%Y-%m")) if month.is_valid else NONE


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
            if name in file.low
        )


def _has_bounds(kind: pa.DataType) -> bool:
    return bool(pa.types.is_int64(kind) or pa.types.is_string(kind))
