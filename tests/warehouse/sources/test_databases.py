"""Queries of every kind of database as sources; a new kind has to join the walk."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb
import pytest

from talon_one_warehouse import SourceSpec
from talon_one_warehouse.sources.spec import CLIENTS, DATABASES
from talon_one_warehouse.sources.sql_text import one_query
from tests.source_files import read, refusal

SERVED = {"duckdb://": "duckdb", "sqlite://": "sqlite", "postgresql://": "postgresql", "postgres://": "postgres"}
GENERIC = {"adbc://": "adbc", "adbc+": "adbc+"}


def test_every_kind_of_database_is_walked():
    """The tests below try every scheme of a database; those of own clients have a module of tests each."""
    assert {*SERVED, *GENERIC, *CLIENTS} == set(DATABASES)
    modules = {f"{path.stem.removeprefix('test_')}://" for path in Path(__file__).parent.glob("clients/test_*.py")}
    assert set(CLIENTS) <= modules


@pytest.fixture(params=[*SERVED, *GENERIC])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A URL of each kind; what drives any ADBC database is tried with SQLite's driver."""
    scheme = str(request.param)
    if scheme.startswith("postgres"):
        return scheme + request.getfixturevalue("postgres_url").partition("://")[2]
    if scheme == "duckdb://":
        duckdb.connect(str(tmp_path / "w.duckdb")).close()
        return f"duckdb:///{tmp_path}/w.duckdb"
    sqlite3.connect(tmp_path / "w.db").close()
    return {
        "sqlite://": f"sqlite:///{tmp_path}/w.db",
        "adbc://": f"adbc://sqlite?uri={tmp_path}/w.db",
        "adbc+": f"adbc+sqlite://{tmp_path}/w.db",
    }[scheme]


QUERIES = (
    "SELECT 'a' AS id",
    "SELECT 'a' AS id;",
    "SELECT 'a' AS id ;\n",
    "SELECT 'a' AS id;\n-- vip only",
    "SELECT 'a' AS id -- done",
    "SELECT 'a' AS id; -- done; really",
    "-- a; b\nSELECT 'a' AS id /* c; d */;;\n/* end; */\n",
    "SELECT 'a' AS id WHERE ';' <> '--;''';",
    'SELECT "id;--" AS id FROM (SELECT \'a\' AS "id;--") AS t;\n',
)


@pytest.mark.parametrize("sql", QUERIES)
def test_a_query_may_end_as_files_of_sql_do(database, sql):
    """A query may end with semicolons, comments and line breaks, none of which is a second statement."""
    assert [{"id": "a"}] == read(SourceSpec(database, sql=sql))


@pytest.mark.parametrize(
    "sql", ["SELECT 1 AS id; SELECT 2 AS id", "SELECT 1 AS id;\n-- x\nDROP TABLE t;", "", " -- x\n", ";"]
)
def test_no_query_or_two_are_refused(database, sql):
    """No query at all and two queries are errors."""
    assert "source.sql must be one query" in refusal(SourceSpec(database, sql=sql))


def test_a_query_with_a_name_twice_is_refused(database):
    """A query with a repeated column name is refused, since the last column of that name would win."""
    message = refusal(SourceSpec(database, sql="SELECT 'a' AS customer_id, 'b' AS n, 'c' AS customer_id"))
    assert "two columns named 'customer_id'; rename one with AS" in message


@pytest.mark.parametrize("rendered", [False, True])
def test_names_that_differ_only_in_case_keep_their_values(database, rendered):
    """Each column keeps its own value, also where the database does not distinguish the names; verify sees the same."""
    sql = 'SELECT 1 AS price, 2 AS "Price", \'x\' AS "PRICE"'
    assert [{"price": 1, "Price": 2, "PRICE": "x"}] == read(SourceSpec(database, sql=sql), rendered=rendered)


def test_dollar_quotes_hide_semicolons(postgres_url):
    """Semicolons within dollar quotes do not end a statement."""
    for url in (postgres_url, "duckdb:///:memory:"):
        assert [{"id": "a;b", "n": ";$"}] == read(SourceSpec(url, sql="SELECT $$a;b$$ AS id, $x$;$$x$ AS n;\n"))


def test_other_databases_may_escape_quotes_by_backslashes():
    """A semicolon in a text with an escaped quote ends no statement; where a backslash is plain, it does."""
    sql = r"SELECT 'it\'s; so' AS id;"
    assert sql[:-1] + " \n" == one_query(sql, "sql", backslashes=True)
    assert r"SELECT '\' AS id " + "\n" == one_query(r"SELECT '\' AS id;", "sql", backslashes=True)
