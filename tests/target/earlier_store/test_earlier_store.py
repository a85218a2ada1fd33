"""Stores that version 0.1.0 has written: nothing is sent again when a later version reads the same sources."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.target.earlier_store.sources import RESULTS, STORE, counts, read, refused

EARLIER = json.loads(RESULTS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Return differences, counts and refused rows of all destinations, compared with the store of version 0.1.0."""
    folder = tmp_path_factory.mktemp("earlier")
    path = folder / "store.duckdb"
    path.write_bytes(gzip.decompress(STORE.read_bytes()))
    with read(str(path), folder) as run:
        found = {name: one.difference for name, one in run.compare().items()}
        yield found, counts(run), refused(run)


@pytest.mark.parametrize("name", EARLIER["counts"])
def test_no_row_changes(compared, name):
    """Every row has the key and the fingerprint that version 0.1.0 gave it."""
    differences, found, _ = compared
    read_rows, invalid, duplicates = EARLIER["counts"][name]
    assert EARLIER["counts"][name] == found[name]
    assert 0 == differences[name].changes
    assert read_rows - invalid - duplicates == differences[name].same
    assert differences[name].known == differences[name].same


def test_the_same_rows_are_refused(compared):
    """Every row that version 0.1.0 refused is refused with the same reason."""
    assert EARLIER["refused"] == compared[2]
