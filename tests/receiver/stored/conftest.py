"""The warehouses in which rows of notifications are read back, emptied and merged again."""

from __future__ import annotations

import pytest

FILES = {"duckdb": "duckdb:///{}/w.duckdb", "sqlite": "sqlite:///{}/w.db", "lake": "file://{}/lake"}
QUICK = ("duckdb", "postgres")
OTHERS = ("sqlite", "lake", "snowflake", "bigquery", "redshift_load", "databricks")


@pytest.fixture(params=[*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)])
def url(request, tmp_path):
    """The URL of one kind of warehouse after the other, empty."""
    if request.param in FILES:
        return FILES[request.param].format(tmp_path)
    return request.getfixturevalue(f"{request.param}_url").replace("/public", "")
