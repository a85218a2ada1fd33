"""Queries through hooks of Airflow that no Arrow driver serves, against a real PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import BaseHook
from airflow.providers.common.sql.hooks.sql import DbApiHook

from airflow_provider_talon_one.locations.cursor_source import CursorSource
from airflow_provider_talon_one.locations.location import Location
from airflow_provider_talon_one.locations.sources import opened_source, query_ids
from talon_one_warehouse import WarehouseConfigError, WarehouseError
from target_talon_one.mapping.canonical import encode, plain
from target_talon_one.mapping.conversion_errors import ConversionError

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
sqlalchemy = pytest.importorskip("sqlalchemy")
pytestmark = pytest.mark.usefixtures("database")

DRIVER = "psycopg2" if sqlalchemy.__version__ < "2" else "psycopg"  # SQLAlchemy 1.4 does not know psycopg 3


class PsycopgHook(DbApiHook):
    """A database hook as a user would write it; ``engine=False``: without SQLAlchemy."""

    conn_name_attr = "psycopg_conn_id"

    def __init__(self, url, *, engine=True):
        super().__init__()
        self._url, self._engine = url, engine

    def get_conn(self):
        """Return a connection of psycopg."""
        return psycopg.connect(self._url)

    def get_sqlalchemy_engine(self, engine_kwargs=None):
        """Return an engine with the driver that SQLAlchemy knows."""
        if not self._engine:
            raise NotImplementedError
        return sqlalchemy.create_engine(self._url.replace("postgresql://", f"postgresql+{DRIVER}://"))


@pytest.fixture
def url(postgres_url):
    """Return the URL of a database for psycopg."""
    return postgres_url.replace("&", "%26")


@pytest.fixture
def read(url):
    """Return the columns and the lists of rows of a query."""

    def run(sql, **options):
        source = CursorSource(PsycopgHook(url, **options), sql)
        try:
            return source.columns, list(source.rows())
        finally:
            source.close()

    return run


@pytest.mark.parametrize("engine", [True, False])
def test_rows_come_in_parts(read, engine):
    """Rows are read ten thousand at a time with the types of the database, and a % stays a %."""
    sql = "SELECT n AS id, n / 4.0 AS price, 'a%sb' AS name FROM generate_series(1, 25000) AS n ORDER BY n"
    columns, parts = read(sql, engine=engine)
    assert ("id", "price", "name") == columns
    assert [10_000, 10_000, 5_000] == [len(part) for part in parts]
    assert {"id": 25_000, "price": Decimal(6250), "name": "a%sb"} == parts[-1][-1]


@pytest.mark.parametrize("engine", [True, False])
@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT 1 AS id, 2 AS id", "two columns named 'id'; rename one with AS"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("CREATE TABLE made (id integer)", "(returns no rows; it must be a SELECT|syntax error)"),
    ],
)
def test_a_query_that_is_none_is_reported_in_one_line(read, url, sql, words, engine):
    """A wrong query leaves no table and no open connection behind."""
    with pytest.raises(WarehouseConfigError, match=words) as caught:
        read(sql, engine=engine)
    assert "\n" not in str(caught.value)
    with psycopg.connect(url, autocommit=True) as db:
        assert [(None, 0)] == db.execute(
            "SELECT to_regclass('made'), count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND state <> 'active'"
        ).fetchall()


@pytest.mark.parametrize("engine", [True, False])
def test_an_error_in_the_middle_may_go_away(read, engine):
    """An error while rows are read is transient, so a retry is possible."""
    sql = "SELECT 1 / (20000 - n) AS id FROM generate_series(1, 30000) AS n"
    with pytest.raises(WarehouseError, match="division by zero"):
        read(sql, engine=engine)


def test_a_server_that_does_not_answer_may_come_back():
    """An unreachable server is a transient error, and the message does not show the password."""
    hook = PsycopgHook("postgresql://tester:planted-secret@127.0.0.1:9/w")
    with pytest.raises(WarehouseError, match=r"127\.0\.0\.1") as caught:
        CursorSource(hook, "SELECT 1 AS id")
    assert WarehouseError is type(caught.value)
    assert "planted-secret" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.each_airflow
def test_a_connection_of_any_database_goes_through_its_hook(monkeypatch):
    """A connection with settings that only its hook knows is read by it; the error does not show the password."""
    pytest.importorskip("redshift_connector")
    value = {"conn_type": "redshift", "host": "127.0.0.1", "port": 9, "login": "a", "password": "planted-secret"}
    monkeypatch.setenv("AIRFLOW_CONN_RS", json.dumps({**value, "extra": {"ssl": False, "is_serverless": False}}))
    with (
        pytest.raises(WarehouseError, match=r"the source cannot be read: .*refused") as caught,
        opened_source(conn_id="rs", url=None, sql="SELECT 1 AS id", table=None),
    ):
        pass
    assert "planted-secret" not in str(caught.value)


SAMPLES = {
    "12.50::numeric": "12.5",
    "17.00::numeric": "17",
    "19.99::real": "19.99",
    "5.684341886080802e-14::float8": "5.684341886080802E-14",
    "true": "true",
    "9223372036854775807": "9223372036854775807",
    "'007'::text": '"007"',
    "TIMESTAMPTZ '2024-03-31 03:30:00.12+02'": '"2024-03-31T01:30:00.12Z"',
    "TIMESTAMP '2024-03-31 01:30:00'": '"2024-03-31T01:30:00Z"',
    "TIME '10:00:00.12'": '"10:00:00.12"',
    "'00010203-0405-0607-0809-0a0b0c0d0e0f'::uuid": '"00010203-0405-0607-0809-0a0b0c0d0e0f"',
    "'10.0.0.1'::inet": '"10.0.0.1"',
    "ARRAY[1.50, NULL]": "[1.5,null]",
    "'{\"a\": [1]}'::jsonb": '{"a":[1]}',
    "NULL::numeric": "null",
    "'NaN'::numeric": "refused",
    "'Infinity'::float8": "refused",
    "ARRAY['NaN'::float8]": "refused",
    "'\\x00'::bytea": "refused",
    "ARRAY['\\x00'::bytea]": "refused",
    "INTERVAL '1 month'": "refused",
}


@pytest.mark.parametrize("engine", [True, False])
def test_cursors_give_what_the_driver_of_arrow_gives(read, url, engine):
    """The cursor and the Arrow driver send the same values and refuse the same values."""
    from talon_one_warehouse import SourceSpec, open_source

    sql = "SELECT " + ", ".join(f"{one} AS c{number}" for number, one in enumerate(SAMPLES))
    _, ((by_cursor,),) = read(sql, engine=engine)
    with open_source(SourceSpec(url.replace("%26", "&"), sql=sql)) as source:
        ((by_arrow,),) = source.rows()
    assert list(SAMPLES.values()) == list(map(_sent, by_cursor.values()))
    assert list(SAMPLES.values()) == list(map(_sent, by_arrow.values()))


def _sent(value):
    try:
        return encode(plain(value)).decode()
    except ConversionError:
        return "refused"


@pytest.mark.parametrize(
    ("sql", "ids"),
    [
        ("SELECT 10000001.00::numeric(20, 2)", ["10000001"]),
        ("SELECT 10000001::float8 UNION ALL SELECT NULL", ["10000001"]),
        ("SELECT '007'", ["007"]),
    ],
)
@pytest.mark.parametrize("way", ["cursor", "url"])
def test_ids_of_a_query_stay_what_they_look_like(url, monkeypatch, sql, ids, way):
    """An id has no decimal point and no added zeros, by cursor and by URL."""
    connection = SimpleNamespace(
        conn_type="mine", password="", extra="", extra_dejson={}, get_hook=lambda: PsycopgHook(url)
    )
    monkeypatch.setattr(BaseHook, "get_connection", lambda _: connection)
    location = None if way == "cursor" else Location(url.replace("%26", "&"))
    assert ids == query_ids(location, None if location else "any", sql, "main")
    with pytest.raises(WarehouseConfigError, match="a value that is not an id: it is of type"):
        query_ids(location, None if location else "any", "SELECT '\\x00'::bytea", "main")


SCRIPT = """
import re, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_cursor_source import CursorSource, PsycopgHook
source = CursorSource(PsycopgHook(sys.argv[2], engine=sys.argv[4] == "engine"), sys.argv[3])
count = sum(len(part) for part in source.rows())
source.close()
print("RESULT", count, int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def peak_mb(url, rows, engine="engine"):
    """Return the peak memory of a process that reads this many rows of a hundred bytes."""
    sql = f"SELECT n AS id, repeat('x', 100) AS name FROM generate_series(1, {rows}) AS n"
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(__file__).rpartition("/")[0], url, sql, engine]
    done = subprocess.run(command, capture_output=True, text=True)
    result = [line.split() for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert result, done.stderr[-2000:]
    assert rows == int(result[0][1])
    return int(result[0][2])


@pytest.mark.slow
def test_half_a_million_rows_take_no_more_memory_than_some(url):
    """A server-side cursor needs constant memory, and a client-side cursor shows that the test would notice."""
    some = peak_mb(url, 20_000)
    assert peak_mb(url, 500_000) - some < 15
    assert peak_mb(url, 500_000, "plain") - some > 50


@pytest.mark.parametrize("engine", [True, False])
@pytest.mark.parametrize("end", [";", " ;\n", ";\n-- vip only", "\n-- vip only", "; -- done"])
def test_a_query_may_end_as_files_of_sql_do(read, engine, end):
    """A query may end with a semicolon or a comment, although it becomes part of another statement."""
    columns, parts = read(f"SELECT 'a;b' AS id{end}", engine=engine)
    assert ("id",) == columns
    assert [[{"id": "a;b"}]] == parts


def test_two_statements_are_refused(read):
    """Two statements are an error, and neither is run."""
    with pytest.raises(WarehouseConfigError, match="sql must be one query, not several"):
        read("SELECT 1 AS id; SELECT 2 AS id")
