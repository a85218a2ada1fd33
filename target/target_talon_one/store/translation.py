"""Errors of DuckDB and of the file system are translated into StoreError, with a way out."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from talon_one_storage.duckdb_errors import is_disk_full, is_out_of_memory, lock_holder
from target_talon_one.errors import StoreError, StoreLockedError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def store_errors(place: str, *, opening: bool = False) -> Iterator[None]:
    """Translate what DuckDB and the file system say about a store.

    Args:
        place: of the store, without secrets.
        opening: the store is opened, so that anything else than a lack of room means its place.

    Raises:
        StoreLockedError: another process has it open.
        StoreUnavailableError: it cannot be opened there.
        StoreError: anything else.
    """
    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise store_error(place, error, opening=opening) from error


def store_error(place: str, error: duckdb.Error | OSError, *, opening: bool = False) -> StoreError:
    """Return the error of a store for one of DuckDB or of the file system; see ``store_errors``."""
    text = " ".join(str(error).split())
    holder = lock_holder(error)
    if holder:
        return StoreLockedError(f"the store {place} is in use by {holder}; wait until that has ended")
    if is_disk_full(error):
        return StoreError(f"no room left on the disk for the store {place}: free some, then run again ({text})")
    if is_out_of_memory(error):
        return StoreError(
            f"not enough memory for the store {place}: give this process more, or push fewer syncs or shards of them "
            f"at a time, then run again ({text})"
        )
    if opening:
        return StoreUnavailableError(
            f"cannot open the store {place}: {text}; set store to a file in a folder that this process may write, or "
            "restore the file from a backup if it is damaged"
        )
    return StoreError(f"the store {place}: {text}")
