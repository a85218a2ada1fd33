"""Errors of the sources of several syncs: each names its sync and its file, and says everything once."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import duckdb
import pytest

from talon_one_emulator import Emulator

BAD = "SELECT custmer_id FROM vip"
NO_QUERY = "DELETE FROM vip"
MEMBERS = {"sink": "audience_members", "mode": "add", "key": "customer_id"}
MEMBERS |= {"audience": {"name": "VIP", "integration": "test", "integration_id": "vip"}}


@pytest.fixture(scope="module")
def server():
    """An empty account."""
    with Emulator(management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def here(tmp_path, monkeypatch, server, account):
    """A folder with a table of customers in each kind of local database and file."""
    monkeypatch.chdir(tmp_path)
    account(server)
    create = "CREATE TABLE vip (customer_id TEXT); INSERT INTO vip VALUES ('ann')"
    with duckdb.connect("vip.duckdb") as db:
        db.execute(create)
    db = sqlite3.connect("vip.db")
    db.executescript(create)
    db.close()
    Path("vip.csv").write_text("customer_id\nann\n")
    return tmp_path


def planned(in_process, source):
    """Return the error of a plan of two syncs, the second of which has this source."""
    syncs = {"good": MEMBERS | {"source": "vip.csv"}, "bad": MEMBERS | {"source": source}}
    syncs["good"] = syncs["good"] | {"audience": MEMBERS["audience"] | {"integration_id": "other"}}
    Path("s.yml").write_text(json.dumps({"store": "store.duckdb", "syncs": syncs}))
    done = in_process("plan", "s.yml")
    assert 2 == done.code, done.err
    (line,) = (line for line in done.err.splitlines() if line.startswith("Error: "))
    return line.removeprefix("Error: ")


def assert_named_and_said_once(message):
    """The message has the file, the sync, and no part twice."""
    assert message.startswith("s.yml: syncs.bad: ")
    parts = [part for part in re.split(r": |; ", message) if len(part) > 3]
    assert sorted(set(parts)) == sorted(parts)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"url": "duckdb:///vip.duckdb", "sql": BAD}, "the query of the source does not work: vip.duckdb: "),
        ({"url": "duckdb:///vip.duckdb", "sql": NO_QUERY}, "source.sql must be"),
        ({"url": "duckdb:///vip.duckdb", "table": "vpi"}, "the query of the source does not work: vip.duckdb: "),
        ({"url": "duckdb:///none.duckdb", "table": "vip"}, "there is no DuckDB file none.duckdb"),
        ({"url": "sqlite:///vip.db", "sql": BAD}, "the query of the source does not work: vip.db: "),
        ({"url": "sqlite:///vip.db", "sql": NO_QUERY}, "the query of the source does not work: vip.db: "),
        ({"url": "sqlite:///none.db", "table": "vip"}, "there is no SQLite file none.db"),
        ("vip.cvs", "did you mean '.csv'?"),
        ("none.csv", "none.csv"),
        ("none.parquet", "none.parquet"),
    ],
)
def test_an_error_of_a_source_names_its_sync(here, in_process, source, words):
    """Wrong queries, files that do not exist and other kinds of files are errors of their sync."""
    message = planned(in_process, source)
    assert words in message
    assert_named_and_said_once(message)


def test_errors_of_postgresql_name_the_sync_and_the_column(here, in_process, postgres_url):
    """PostgreSQL's errors are said once, with the column that it suggests for an unknown one."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres_url) as db, db.cursor() as cursor:
        cursor.execute("CREATE TABLE vip (customer_id TEXT)")
        db.commit()
    found = [planned(in_process, {"url": postgres_url, "sql": sql}) for sql in (BAD, NO_QUERY, "SELECT 1/0")]
    found.append(planned(in_process, {"url": postgres_url, "table": "vpi"}))
    for message in found:
        assert_named_and_said_once(message)
    assert 'column "custmer_id" does not exist; perhaps you meant to reference the column "vip.customer_id"' in found[0]
