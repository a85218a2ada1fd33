"""Names of datasets by the specification of OpenLineage."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_talon_one.lineage.dataset_names import names_of_url

REDSHIFT = "sales.abc123.eu-west-1.redshift.amazonaws.com"


@pytest.mark.parametrize(
    ("url", "options", "expected"),
    [
        ("postgresql://u:planted@db.example:6432/shop?sslmode=require", {}, ("postgres://db.example:6432", "shop.s.t")),
        ("postgres://u@db.example/shop", {}, ("postgres://db.example:5432", "shop.s.t")),
        ("adbc+postgresql://db.example/shop", {}, ("postgres://db.example:5432", "shop.s.t")),
        ("snowflake://u:planted@org-acct/shop", {}, ("snowflake://org-acct", "SHOP.S.T")),
        ("snowflake://xy12345/shop", {}, ("snowflake://xy12345.us-west-1.aws", "SHOP.S.T")),
        ("snowflake://xy12345.eu-central-1/shop", {}, ("snowflake://xy12345.eu-central-1.aws", "SHOP.S.T")),
        ("bigquery://project", {}, ("bigquery", "project.s.t")),
        (f"redshift://u:planted@{REDSHIFT}/shop", {}, ("redshift://sales.eu-west-1:5439", "shop.s.t")),
        (
            "redshift://host:5440/shop",
            {"cluster_identifier": "c", "region": "r"},
            ("redshift://c.r:5440", "shop.s.t"),
        ),
        ("mysql://u:planted@host/shop", {}, ("mysql://host:3306", "s.t")),
        ("databricks://x.cloud.databricks.com/main", {}, ("databricks://x.cloud.databricks.com", "main.s.t")),
        ("s3://bucket/lake", {}, ("s3://bucket", "lake/s/t")),
        ("s3://bucket", {}, ("s3://bucket", "s/t")),
        ("gs://bucket/a/b/", {}, ("gs://bucket", "a/b/s/t")),
        ("duckdb:////data/w%20x.duckdb", {}, ("file", "/data/w x.duckdb#s.t")),
        ("sqlite:////data/w.db", {}, ("file", "/data/w.db#s.t")),
        ("file:///data/lake", {}, ("file", "/data/lake/s/t")),
        ("lake", {}, ("file", f"{Path.cwd()}/lake/s/t")),
    ],
)
def test_a_table_is_named_as_other_producers_name_it(url, options, expected):
    """Namespace and name follow the specification, and have neither user nor password nor parameters."""
    assert expected == names_of_url(url, options).table("t", "s")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://host/shop", "shop.public.t"),
        ("snowflake://a-b/shop/mart", "SHOP.MART.T"),
        ("snowflake://a-b/shop", "SHOP.PUBLIC.T"),
        ("bigquery://project/mart", "project.mart.t"),
        ("mysql://host/shop", "shop.t"),
        ("duckdb:////w.duckdb", "/w.duckdb#main.t"),
        ("sqlite:////w.db", "/w.db#t"),
    ],
)
def test_a_table_without_a_schema_is_in_the_default_one(url, expected):
    """The default schema of the database or of its URL is added."""
    assert expected == names_of_url(url).table("t")[1]
