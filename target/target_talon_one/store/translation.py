"""Translates errors of DuckDB, file systems and PostgreSQL into StoreError, with what to do about each."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from talon_one_storage.duckdb_errors import is_disk_full, is_out_of_memory, lock_holder
from talon_one_storage.errors import StorageLockedError, WriteConflictError
from target_talon_one.errors import StoreError, StoreLockedError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talon_one_singer.reporting.redaction import Redactor

_NO_RIGHT = ("42501", "3F000")  # SQLSTATEs of PostgreSQL: permission denied, and no schema in which to create
_GRANT = (
    "the store needs a schema in which the user may create a table: run GRANT CREATE ON SCHEMA public TO the user as "
    "owner of the schema, or end the URL with another schema, like ?options=-csearch_path%3Dsyncs. If the table of the "
    "store belongs to another user, grant SELECT, INSERT and DELETE on it"
)


@contextmanager
def store_errors(location: str, *, opening: bool = False) -> Iterator[None]:
    """Translate errors of DuckDB and of the file system.

    Args:
        location: where the store is, without secrets.
        opening: the store is being opened, so that an error other than a lack of space or memory means that its
            location is wrong.

    Raises:
        StoreLockedError: another process has it open.
        StoreUnavailableError: it cannot be opened there.
        StoreError: anything else.
    """
    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise store_error(location, error, opening=opening) from error


def store_error(location: str, error: duckdb.Error | OSError, *, opening: bool = False) -> StoreError:
    """Return the error of a store for one of DuckDB or of the file system; see ``store_errors``."""
    text = " ".join(str(error).split())
    holder = lock_holder(error)
    if holder:
        return StoreLockedError(f"the store {location} is in use by {holder}; wait until it has ended, then run again")
    if is_disk_full(error):
        return StoreError(
            f"the disk has no space left for the store {location}: free some space, then run again ({text})"
        )
    if is_out_of_memory(error):
        return StoreError(
            f"not enough memory for the store {location}: give this process more memory, or push fewer syncs or shards "
            f"at a time, then run again ({text})"
        )
    if opening:
        return StoreUnavailableError(
            f"cannot open the store {location}: {text}; set store to a file in a folder that this process may write, "
            "or restore the file from a backup if it is damaged"
        )
    return StoreError(
        f"cannot use the store {location}: {text}; run again, and if that does not help restore the store from a backup"
    )


@contextmanager
def backend_errors(location: str, redact: Redactor) -> Iterator[None]:
    """Translate errors of fsspec and of PostgreSQL's driver.

    Args:
        location: where the store is, without secrets.
        redact: removes the secrets of its URL.

    Raises:
        StoreLockedError: another run uses the store, or has written to it.
        StoreUnavailableError: the user of the database lacks a right.
        StoreError: anything else.
    """
    try:
        yield
    except StoreError:
        raise
    except StorageLockedError as error:
        raise StoreLockedError(
            f"the store {location} is in use by another run ({error.holder}); wait until it has ended, then run again"
        ) from None
    except WriteConflictError:
        raise StoreLockedError(
            f"another run has written to the store {location} since this run opened it, so this run cannot save; run "
            "again when the other run has ended"
        ) from None
    except Exception as error:  # noqa: BLE001 - they have no class in common
        text = redact(" ".join(str(error).split())) or type(error).__name__
        if getattr(error, "sqlstate", None) in _NO_RIGHT:
            raise StoreUnavailableError(f"cannot use the store {location}: {text}; {_GRANT}") from None
        raise StoreError(
            f"cannot use the store {location}: {text}; check that it can be reached and written to, then run again"
        ) from None
