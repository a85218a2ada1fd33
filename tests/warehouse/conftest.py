"""Fixtures of the warehouse tests."""

import pytest

from talon_one_warehouse import open_warehouse, table_spec

_TYPES = {
    "id": {"type": "integer"},
    "text": {"type": ["string", "null"]},
    "amount": {"type": ["number", "null"]},
    "at": {"type": ["string", "null"], "format": "date-time"},
    "flag": {"type": ["boolean", "null"]},
    "attributes": {"type": ["object", "null"]},
}


@pytest.fixture
def table():
    """A table with a column of every kind, and the key id."""
    return table_spec("ledger", {"properties": _TYPES}, ["id"])


@pytest.fixture
def url(tmp_path):
    """A file that does not exist yet."""
    return f"duckdb:///{tmp_path}/test.duckdb"


@pytest.fixture
def warehouse(url, table):
    """A warehouse with the table."""
    with open_warehouse(url) as opened:
        opened.prepare(table)
        yield opened
