"""Which locations can hold a store."""

import pytest

from target_talon_one.errors import SyncConfigError
from target_talon_one.store.opening import open_store


@pytest.mark.parametrize("location", [":memory:", "duckdb:///:memory:"])
def test_a_store_in_memory_is_refused(location):
    """A store that ends with the run is refused: a mirror would forget which members it has added."""
    with pytest.raises(SyncConfigError, match=f"^store: {location} is lost at the end of the run"):
        open_store(location)


@pytest.mark.parametrize("prefix", ["", "duckdb:///"])
def test_a_store_is_a_file(tmp_path, prefix):
    """A path and a URL of DuckDB name the same file."""
    open_store(f"{prefix}{tmp_path}/store.duckdb").close()
    assert ["store.duckdb"] == [path.name for path in tmp_path.iterdir()]
