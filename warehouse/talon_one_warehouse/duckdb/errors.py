"""Translation of DuckDB's errors."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from talon_one_storage.duckdb_errors import is_disk_full, is_out_of_memory, lock_holder, one_line
from talon_one_warehouse.errors import (
    SourceDataError,
    WarehouseConfigError,
    WarehouseError,
    WarehouseFullError,
    WarehouseLockedError,
    WarehouseMemoryError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOT_THE_DATA = re.compile(r"^(IO|Out of Memory|INTERRUPT|Connection|HTTP|Permission) Error", re.IGNORECASE)
_DAMAGE = re.compile(r"corrupt|checksum|decompress|malformed", re.IGNORECASE)


@contextmanager
def translate_errors(path: str, *, opening: bool = False, querying: bool = False) -> Iterator[None]:
    """Translate DuckDB's errors into WarehouseError, each in one line.

    Args:
        path: the file.
        opening: the file is being opened, so that most errors are errors of its settings.
        querying: the query of a source is being prepared, so that most errors are errors of the query.

    Raises:
        WarehouseFullError: the disk is full.
        WarehouseLockedError: another process has the file open.
        WarehouseConfigError: the file cannot be opened, or the query is wrong.
        WarehouseMemoryError: DuckDB's memory limit is too low.
        WarehouseError: any other error.
    """
    try:
        yield
    except duckdb.Error as error:
        raise _translated(path, error, opening=opening, querying=querying) from error


@contextmanager
def translate_reading_errors(path: str) -> Iterator[None]:
    """Translate DuckDB's errors while rows are read; through Arrow they come as errors of Arrow.

    Raises:
        SourceDataError: the content is damaged, or the query fails at a row.
        WarehouseError: see ``translate_errors``.
    """
    try:
        yield
    except (duckdb.Error, OSError, pa.ArrowException) as error:
        text = " ".join(str(error).split())
        if is_out_of_memory(error) or (_NOT_THE_DATA.search(text) and not _DAMAGE.search(text)):
            raise _translated(path, error, opening=False) from error
        raise SourceDataError(path, text) from error


def _translated(path: str, error: Exception, *, opening: bool, querying: bool = False) -> WarehouseError:
    if is_disk_full(error):
        return WarehouseFullError(
            f"no space is left for {path}; free some space, then run again: no merge was written in part"
        )
    if is_out_of_memory(error):
        return WarehouseMemoryError(
            f"{path}: {str(error).splitlines()[0]}; give this process more memory, or read fewer rows at a time, then "
            "run again"
        )
    holder = lock_holder(error)
    if holder:
        return WarehouseLockedError(
            f"{path} is in use by {holder}; DuckDB lets one process write at a time: run again later"
        )
    if querying:
        return WarehouseConfigError(f"the query of the source does not work: {path}: {one_line(error)}")
    if opening:
        return WarehouseConfigError(f"cannot open {path}: {one_line(error)}")
    return WarehouseError(f"{path}: {one_line(error)}")
