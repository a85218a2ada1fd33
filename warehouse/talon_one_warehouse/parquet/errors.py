"""What file systems and object stores say, as our errors."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from talon_one_warehouse.errors import WarehouseConfigError, WarehouseError, WarehouseFullError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def told(where: str, *, opening: bool = False) -> Iterator[None]:
    """Turns errors of files, of S3 and of Arrow into ours, in one line.

    Raises:
        WarehouseFullError: no room left.
        WarehouseConfigError: it is not there, or may not be read or written.
        WarehouseError: anything else.
    """
    try:
        yield
    except OSError as error:
        raise _ours(where, error, opening=opening) from error
    except (pa.ArrowException, duckdb.Error, *_s3_errors()) as error:
        line = " ".join(str(error).split()).removeprefix("IO Error: ")
        raise (WarehouseConfigError if opening else WarehouseError)(f"{where}: {line}") from error


def _ours(where: str, error: OSError, *, opening: bool) -> WarehouseError:
    if error.errno in _FULL:
        return WarehouseFullError(f"no room left for {where}; make room and run again, nothing was half written")
    reason = " ".join((error.strerror or str(error)).split()).rstrip(".")
    what = f"{reason}: {error.filename}" if error.filename else reason
    if isinstance(error, PermissionError):
        return WarehouseConfigError(f"{where} may not be read and written: {what}; give access or choose another place")
    if opening or isinstance(error, FileNotFoundError):
        return WarehouseConfigError(f"cannot open {where}: {what}")
    return WarehouseError(f"{where}: {what}")


def _s3_errors() -> tuple[type[Exception], ...]:
    """What the S3 client raises besides OSError: no credentials, no connection."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
    except ModuleNotFoundError:
        return ()
    return (BotoCoreError, ClientError)
