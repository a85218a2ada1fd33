"""Recognize DuckDB's errors, most of them by their text."""

from __future__ import annotations

import re

import duckdb

_DISK_FULL = re.compile(r"No space left|Disk quota exceeded|max_temp_directory_size", re.IGNORECASE)
_LOCKED = "Could not set lock"
_PID = re.compile(r"PID (\d+)")
_NO_MEMORY = re.compile(r"Out of Memory Error|could not allocate block|failed to pin block|annot allocate memory")


def lock_holder(error: BaseException) -> str | None:
    """Return who has the file open, like "process 4711"; None if the error is about something else."""
    if _LOCKED not in str(error):
        return None
    pid = _PID.search(str(error))
    return f"process {pid[1]}" if pid else "another process"


def is_disk_full(error: BaseException) -> bool:
    """Return whether the disk is full, for the file or for what DuckDB spills."""
    return _DISK_FULL.search(str(error)) is not None


def is_out_of_memory(error: BaseException | None) -> bool:
    """Return whether memory ran out; an Arrow reader raises an OSError for it, a commit another error."""
    return isinstance(error, duckdb.OutOfMemoryException) or _NO_MEMORY.search(str(error)) is not None


def one_line(error: BaseException) -> str:
    """Return the text of an error in one line, without DuckDB's prefix of I/O errors."""
    return " ".join(str(error).split()).removeprefix("IO Error: ")
