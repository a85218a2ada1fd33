"""The install page: every extra and every URL has the row of a goal."""

from __future__ import annotations

import re

import pytest

from talon_one_warehouse.errors import WarehouseConfigError
from talon_one_warehouse.sources.spec import DATABASES
from talon_one_warehouse.urls import open_warehouse
from tests.project.test_console_blocks import ROOT, TEXTS

PAGE = TEXTS["docs/get-started/install.md"]
ROW = re.compile(r"^\| (?P<goal>[^|]+) \| (?P<named>[^|]+) \| (?:none|`(?P<extras>[a-z0-9,]+)`) \|$", re.MULTILINE)
ROWS = [match.groupdict() for match in ROW.finditer(PAGE)]
URL = re.compile(r"[a-z0-9]+://|\./lake")
EXAMPLES = {
    "snowflake://": "snowflake://user@account/database",
    "bigquery://": "bigquery://project/dataset",
    "redshift://": "redshift://user@host/database?staging=s3://bucket/prefix",
    "databricks://": "databricks://host/catalog?http_path=/sql/1&staging=/Volumes/a/b/c",
    "duckdb://": "duckdb:///x.duckdb",
    "sqlite://": "sqlite:///x.db",
    "mysql://": "mysql://user@host/database",
    "postgresql://": "postgresql://user@host/database",
    "s3://": "s3://bucket/prefix",
    "./lake": "./lake",
}


def wanted():
    """Return the extras of the page by kind and URL: those of a load, and those of a source beside `sync`."""
    found = {}
    for row in ROWS:
        kind = "source" if row["named"].startswith("`source:") else "load" if row["named"].startswith("`--to") else ""
        for scheme in URL.findall(row["named"]) if kind else ():
            extras = set((row["extras"] or "").split(",")) - {"sync"} or {"warehouse"}
            found[kind, EXAMPLES[scheme]] = extras
    return found


def test_every_extra_has_a_row():
    """A goal names each extra of setup.cfg that is for users."""
    named = {extra for row in ROWS for extra in (row["extras"] or "").split(",")}
    section = (ROOT / "setup.cfg").read_text().split("[options.extras_require]")[1].split("\n[")[0]
    assert set(re.findall(r"^(\w+) =$", section, re.MULTILINE)) - {"dev"} <= named


def test_every_warehouse_and_database_has_a_row():
    """The page has every scheme that a load writes to, and every one that a sync reads."""
    loads = {url.partition("://")[0] for kind, url in wanted() if kind == "load"}
    sources = {url.partition("://")[0] for kind, url in wanted() if kind == "source"}
    elsewhere = {"postgres", "adbc", "file", "gs", "abfs"}  # other spellings, and those that the text below names
    with pytest.raises(WarehouseConfigError) as refused:
        open_warehouse("none://")
    known = re.findall(r"\w+", str(refused.value).split("supported:")[1].split(";")[0])
    assert set() == set(known) - loads - elsewhere
    assert set() == {url.partition("://")[0].rstrip("+") for url in DATABASES} - sources - elsewhere
