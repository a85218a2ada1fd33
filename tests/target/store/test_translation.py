"""Errors of DuckDB, file systems and drivers become errors of the store that say what to do."""

from __future__ import annotations

import duckdb
import pytest

from talon_one_singer.reporting.redaction import Redactor
from talon_one_storage.errors import WriteConflictError
from target_talon_one.errors import StoreError, StoreLockedError, StoreUnavailableError
from target_talon_one.store.opening import open_store
from target_talon_one.store.translation import backend_errors, store_errors


def test_a_file_that_is_no_database_names_the_setting(tmp_path):
    """A store that cannot be opened at its location asks for another value of the setting ``store``."""
    path = tmp_path / "store.duckdb"
    path.write_text("no database " * 1000)
    with pytest.raises(StoreUnavailableError, match=r"cannot open the store .*store\.duckdb: .*; set store to a file"):
        open_store(str(path))


def test_a_data_file_is_no_store(tmp_path):
    """DuckDB would open a CSV file in memory, so that every push would send all rows and a mirror would remove none."""
    path = tmp_path / "products.csv"
    path.write_text("sku,price\na,1\n")
    with pytest.raises(StoreUnavailableError, match=r"products\.csv: it is a data file and not a DuckDB database"):
        open_store(str(path))


@pytest.mark.parametrize(
    ("error", "way_out"),
    [
        (duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate"), "give this process more"),
        (duckdb.IOException("IO Error: No space left on device"), "free some space, then run again"),
        (duckdb.InternalException("INTERNAL Error: anything"), "restore the store from a backup"),
    ],
)
def test_an_error_of_duckdb_says_what_to_do(error, way_out):
    """The message of each error of DuckDB ends with a way out."""
    with pytest.raises(StoreError, match=way_out), store_errors("s.duckdb"):
        raise error


def test_an_error_of_a_backend_shows_no_secret():
    """Secrets of the store's URL are removed from what a driver says."""
    with (
        pytest.raises(StoreError, match=r"cannot use the store s3://bucket: .*check that it can be reached") as raised,
        backend_errors("s3://bucket", Redactor(["planted-secret"])),
    ):
        raise OSError("no answer for planted-secret")
    assert "planted-secret" not in str(raised.value)


def test_a_conflict_of_two_runs_is_a_locked_store():
    """A store that another run has written to is reported as locked, so that Airflow tries the task again."""
    with (
        pytest.raises(StoreLockedError, match="another run has written to the store"),
        backend_errors("s3://bucket", Redactor([])),
    ):
        raise WriteConflictError("manifest.json")
