"""How much memory DuckDB may use: little, and more only when that is not enough.

By itself DuckDB fills four fifths of the machine's memory with pages of the file, which a worker that runs other tasks
beside this one does not have. A fixed small limit would fail one day: the index of a primary key has to fit in it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

import duckdb

from talon_one_storage.duckdb_errors import is_out_of_memory
from talon_one_warehouse.errors import WarehouseMemoryError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

log = logging.getLogger("talon_one_warehouse")

FIRST_MB = 32
_THREADS = 1  # each takes memory of its own, and merges are no faster with two
_T = TypeVar("_T")


class Memory:
    """The limit of a connection.

    Args:
        connection: of DuckDB.
        first_mb: the limit to begin with, in megabytes.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, first_mb: int = FIRST_MB) -> None:
        self._connection = connection
        self._most_mb = _megabytes(connection)
        connection.execute(f"SET threads = {_THREADS}")
        self._set(min(first_mb, self._most_mb))

    def enough_for(self, work: Callable[[], _T]) -> _T:
        """What the work gives, which is done again with twice the memory as long as it lacks some.

        Raises:
            WarehouseMemoryError, duckdb.OutOfMemoryException: all that DuckDB would take by itself is not enough.
            Exception: whatever else the work raises.
        """
        while True:
            try:
                return work()
            except Exception as error:
                lacks_memory = isinstance(error, WarehouseMemoryError) or is_out_of_memory(error)
                if not lacks_memory or self._mb >= self._most_mb:
                    raise
                self._set(min(2 * self._mb, self._most_mb))
                log.info("DuckDB needs more memory: %s MB now", f"{self._mb:,}")

    def _set(self, megabytes: int) -> None:
        """This limit, or the next one under which there is room for what is in memory already."""
        try:
            self._connection.execute(f"SET memory_limit = '{megabytes}MB'")
        except duckdb.OutOfMemoryException:  # the log of a killed process was read again
            if megabytes >= self._most_mb:
                raise
            self._set(min(2 * megabytes, self._most_mb))
            return
        self._mb = megabytes


def arrow_columns(connection: duckdb.DuckDBPyConnection, statement: str) -> list[pa.ChunkedArray]:
    """The columns of a query's answer; none of a statement without one."""
    answer = connection.sql(statement)
    columns: list[pa.ChunkedArray] = [] if answer is None else answer.to_arrow_table().columns
    return columns


def _megabytes(connection: duckdb.DuckDBPyConnection) -> int:
    """The limit as it is, which DuckDB writes like ``19.1 GiB``."""
    found = connection.execute("SELECT current_setting('memory_limit')").fetchone()
    assert found is not None
    number, unit = str(found[0]).split()
    return int(float(number) * _UNITS[unit] / 1e6)


_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
