"""What DuckDB says, as our errors."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

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

_FULL = re.compile(r"No space left|Disk quota exceeded|max_temp_directory_size", re.IGNORECASE)
_MEMORY = "DuckDB: {}; give this process more memory, or read fewer rows at a time, then run again"
_LOCKED = "Could not set lock"
_NOT_THE_DATA = re.compile(r"^(IO|Out of Memory|INTERRUPT|Connection|HTTP|Permission) Error", re.IGNORECASE)
_DAMAGE = re.compile(r"corrupt|checksum|decompress|malformed", re.IGNORECASE)
_PID = re.compile(r"PID (\d+)")


@contextmanager
def told(path: str, *, opening: bool = False) -> Iterator[None]:
    """Turns DuckDB's errors into ours, in one line.

    Raises:
        WarehouseFullError: no room left on the disk.
        WarehouseLockedError: another process has the file open.
        WarehouseConfigError: the file cannot be opened.
        WarehouseMemoryError: no memory left under DuckDB's limit.
        WarehouseError: anything else.
    """
    try:
        yield
    except duckdb.Error as error:
        if isinstance(error, duckdb.OutOfMemoryException) and not _FULL.search(str(error)):
            raise WarehouseMemoryError(_MEMORY.format(str(error).splitlines()[0])) from error
        raise _ours(path, str(error), opening=opening) from error


@contextmanager
def reading_told(path: str) -> Iterator[None]:
    """Turn what DuckDB says while rows are read into our errors; through Arrow it comes as an error of Arrow.

    Raises:
        SourceDataError: the content is damaged, or the query fails at a row.
        WarehouseError: see ``told``.
    """
    try:
        yield
    except (duckdb.Error, OSError, pa.ArrowException) as error:
        text = " ".join(str(error).split())
        if "Out of Memory Error" in text and not _FULL.search(text):
            raise WarehouseMemoryError(_MEMORY.format(text)) from error
        if _NOT_THE_DATA.search(text) and not _DAMAGE.search(text):
            raise _ours(path, text, opening=False) from error
        raise SourceDataError(path, text) from error


def _ours(path: str, text: str, *, opening: bool) -> WarehouseError:
    if _FULL.search(text):
        return WarehouseFullError(f"no room left for {path}; make room and run again, nothing was half written")
    if _LOCKED in text:
        pid = _PID.search(text)
        who = f"process {pid[1]}" if pid else "another process"
        return WarehouseLockedError(f"{path} is in use by {who}; DuckDB lets one process write at a time")
    line = " ".join(text.split()).removeprefix("IO Error: ")
    return WarehouseConfigError(f"cannot open {path}: {line}") if opening else WarehouseError(f"DuckDB: {line}")
