"""Translation of the errors of a lake: of file systems, object stores, Arrow, Delta Lake and the storage."""

from __future__ import annotations

import errno
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from deltalake.exceptions import CommitFailedError, DeltaError

from talon_one_storage.errors import StorageLockedError, WriteConflictError
from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError, WarehouseFullError, WarehouseLockedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FULL = (errno.ENOSPC, errno.EDQUOT)
_DISK_FULL = re.compile(r"No space left|Disk quota exceeded", re.IGNORECASE)
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
_S3_MESSAGE = re.compile(r"<Message>(.*?)</Message>")
_CHANGED = "a table was changed by another process since it was opened; run again when that process has ended"


@contextmanager
def translate_errors(where: str, *, opening: bool = False) -> Iterator[None]:
    """Translate file errors into WarehouseError, each in one line.

    Args:
        where: the folder or URL in messages, without secrets.
        opening: the warehouse is being opened, so that most errors are errors of its settings.

    Raises:
        WarehouseFullError: the disk is full.
        WarehouseLockedError: another process has the folder open, or has written to it.
        WarehouseConfigError: the folder does not exist, or may not be read or written.
        WarehouseError: any other file error.
    """
    try:
        yield
    except StorageLockedError as error:
        raise WarehouseLockedError(f"{error}; one process writes at a time: run again when it has ended") from error
    except WriteConflictError as error:
        raise WarehouseLockedError(f"{error}; run again when that process has ended") from error
    except OSError as error:
        if error.errno is None and not isinstance(
            error, PermissionError
        ):  # deltalake raises one for some errors of an object store
            raise _of_delta(where, error, opening=opening) from error
        raise _translated(where, error, opening=opening) from error
    except CommitFailedError as error:
        raise WarehouseLockedError(f"{where}: {_CHANGED}") from error
    except DeltaError as error:
        raise _of_delta(where, error, opening=opening) from error
    except (pa.ArrowException, duckdb.Error, *_s3_errors()) as error:
        line = " ".join(str(error).split()).removeprefix("IO Error: ")
        raise (WarehouseConfigError if opening else WarehouseError)(f"{where}: {line}") from error


def _translated(where: str, error: OSError, *, opening: bool) -> WarehouseError:
    if error.errno in _FULL:
        return _full(where)
    reason = " ".join((error.strerror or str(error)).split()).rstrip(".")
    what = f"{reason}: {error.filename}" if error.filename else reason
    if isinstance(error, PermissionError):
        return WarehouseConfigError(
            f"{where} may not be read and written: {what}; give access to it, or choose another location"
        )
    if opening or isinstance(error, FileNotFoundError):
        return WarehouseConfigError(f"cannot open {where}: {what}")
    return WarehouseError(f"{where}: {what}")


def _of_delta(where: str, error: DeltaError | OSError, *, opening: bool) -> WarehouseError:
    """Return the error of a DeltaError, whose text names what was read and never a key."""
    line = " ".join(_COLORS.sub("", str(error)).split())
    if _DISK_FULL.search(line):
        return _full(where)
    if "already exists" in line:
        return WarehouseLockedError(f"{where}: {_CHANGED}")
    words = _S3_MESSAGE.search(line)
    line = words[1] if words else line
    return WarehouseConfigError(f"cannot open {where}: {line}") if opening else WarehouseError(f"{where}: {line}")


def _full(where: str) -> WarehouseFullError:
    return WarehouseFullError(
        f"no space is left for {where}; free some space, then run again: no merge was written in part"
    )


def _s3_errors() -> tuple[type[Exception], ...]:
    """Return the errors of the S3 client that are not OSError: no credentials, no connection."""
    try:  # botocore is part of an optional extra
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
    except ModuleNotFoundError:
        return ()
    return (BotoCoreError, ClientError)
