"""Tables and columns that queries read."""

from __future__ import annotations

import pytest

from airflow_provider_talon_one.lineage.dataset_names import names_of_url
from airflow_provider_talon_one.lineage.query_datasets import datasets_of_query

POSTGRESQL = names_of_url("postgresql://h/db")
SPACE = "postgres://h:5432"


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT id FROM vip", ["db.public.vip"]),
        ("SELECT a.id FROM mart.vip AS a JOIN other.mart.w AS b USING (id)", ["db.mart.vip", "other.mart.w"]),
        ("WITH vip AS (SELECT id FROM mart.vip) SELECT id FROM vip", ["db.mart.vip"]),
        ("SELECT 1 AS id WHERE EXISTS (SELECT 1 FROM a UNION ALL SELECT 1 FROM b)", ["db.public.a", "db.public.b"]),
        ("SELECT n AS id FROM generate_series(1, 3) AS n", []),
        ("SELECT FROM WHERE", []),
    ],
)
def test_the_tables_of_a_query_are_found(sql, tables):
    """Tables of joins, subqueries and common table expressions are found; an unreadable query has none."""
    assert [(SPACE, one) for one in tables] == datasets_of_query(sql, POSTGRESQL).tables


def test_files_that_duckdb_reads_are_found():
    """A file or a bucket in a function of DuckDB is a dataset."""
    sql = "SELECT id FROM read_parquet('s3://bucket/vip.parquet') JOIN read_csv('/data/a.csv') USING (id)"
    found = datasets_of_query(sql, names_of_url("duckdb:///:memory:")).tables
    assert [("file", "/data/a.csv"), ("s3://bucket", "vip.parquet")] == found


def test_the_origin_of_each_column_is_found():
    """A column comes from all columns in its expression, through common table expressions."""
    sql = """WITH totals AS (SELECT customer, sum(points) AS points FROM mart.ledger GROUP BY customer)
        SELECT t.customer AS id, t.points + p.bonus AS points FROM totals AS t JOIN mart.people AS p USING (customer)"""
    found = datasets_of_query(sql, POSTGRESQL).columns
    ledger, people = (SPACE, "db.mart.ledger"), (SPACE, "db.mart.people")
    assert {"id": [(*ledger, "customer")], "points": [(*ledger, "points"), (*people, "bonus")]} == found
