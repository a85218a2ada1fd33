"""The memory limit of DuckDB: small at first, and doubled whenever it is not enough.

By default DuckDB fills four fifths of the machine's memory with pages of the file, too much for a worker that runs
several tasks. A fixed small limit would fail one day: the index of a primary key has to fit into it.
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
_THREADS = 1  # each thread needs memory, and merges are no faster with two
_T = TypeVar("_T")


class Memory:
    """The memory limit of a DuckDB connection.

    Args:
        connection: the connection.
        first_mb: the first limit, in megabytes.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, first_mb: int = FIRST_MB) -> None:
        self._connection = connection
        self._most_mb = _megabytes(connection)
        connection.execute(f"SET threads = {_THREADS}")
        self._set(min(first_mb, self._most_mb))

    def enough_for(self, work: Callable[[], _T]) -> _T:
        """Return the result of work, which runs again with twice the memory whenever it lacks memory.

        Raises:
            WarehouseMemoryError, duckdb.OutOfMemoryException: DuckDB's default limit is not enough either.
            Exception: any other error of the work.
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
        """Set the limit, or the next higher one that leaves room for what is in memory already."""
        try:
            self._connection.execute(f"SET memory_limit = '{megabytes}MB'")
        except duckdb.OutOfMemoryException:  # the write-ahead log of a killed process is in memory
            if megabytes >= self._most_mb:
                raise
            self._set(min(2 * megabytes, self._most_mb))
            return
        self._mb = megabytes


def arrow_columns(connection: duckdb.DuckDBPyConnection, statement: str) -> list[pa.ChunkedArray]:
    """Return the columns of a query's result; none for a statement without a result."""
    answer = connection.sql(statement)
    columns: list[pa.ChunkedArray] = [] if answer is None else answer.to_arrow_table().columns
    return columns


def _megabytes(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the current limit, which DuckDB writes like ``19.1 GiB``."""
    found = connection.execute("SELECT current_setting('memory_limit')").fetchone()
    assert found is not None
    number, unit = str(found[0]).split()
    return int(float(number) * _UNITS[unit] / 1e6)


_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
