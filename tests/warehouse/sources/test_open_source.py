"""Rows out of databases and files, for syncs."""

from __future__ import annotations

import gzip
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from talon_one_warehouse import SourceSpec, WarehouseConfigError, WarehouseError, open_source, source_spec

VALUES = (
    "SELECT 7 AS id, 'ü''\"' AS name, 0.10::DECIMAL(38,18) AS price, TRUE AS yes, DATE '2024-02-29' AS day, "
    "TIMESTAMPTZ '2024-03-31 01:30:00+00' AS at, [1, 2] AS list, '{\"a\": 0.1}'::JSON AS doc, NULL AS nothing"
)
ROW = {
    "id": 7,
    "name": "ü'\"",
    "price": Decimal("0.100000000000000000"),
    "yes": True,
    "day": date(2024, 2, 29),
    "at": datetime(2024, 3, 31, 1, 30, tzinfo=UTC),
    "list": [1, 2],
    "doc": {"a": Decimal("0.1")},
    "nothing": None,
}


def read(spec: SourceSpec) -> list[dict]:
    with open_source(spec) as source:
        rows = [row for part in source.rows() for row in part]
        assert all(set(row) <= set(source.columns) for row in rows)
    return rows


def test_duckdb_gives_a_query_with_exact_types(tmp_path):
    """A query of DuckDB returns exact types, also while another program reads the file."""
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute(f"CREATE TABLE t AS {VALUES}")
    assert [ROW] == read(SourceSpec(f"duckdb:///{path}", sql="SELECT * FROM t;"))
    assert [ROW] == read(SourceSpec(f"duckdb:///{path}", table="main.t"))


def test_postgresql_gives_numerics_as_decimals_and_json_as_objects(postgres_url):
    """PostgreSQL streams numerics as decimals, and JSON as objects."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres_url, autocommit=True) as db, db.cursor() as cursor:
        cursor.execute('CREATE TABLE "T x" (id BIGINT, price NUMERIC, doc JSONB, at TIMESTAMPTZ, naive TIMESTAMP)')
        cursor.execute(
            "INSERT INTO \"T x\" VALUES (1, 12.50, '{\"a\": [1]}', '2024-03-31 03:30:00+02', '2024-03-31 01:30:00')"
        )
    instant = datetime(2024, 3, 31, 1, 30, tzinfo=UTC)
    expected = {"id": 1, "price": Decimal("12.50"), "doc": {"a": [1]}, "at": instant, "naive": instant}
    assert [expected] == read(SourceSpec(postgres_url, table="T x"))
    assert [{"n": 25_000}] == read(SourceSpec(postgres_url, sql="SELECT count(*) AS n FROM generate_series(1, 25000)"))
    assert 25_000 == len(read(SourceSpec(postgres_url, sql="SELECT generate_series(1, 25000) AS n")))


def test_sqlite_gives_a_table(tmp_path):
    """A table of SQLite is read with the values of its rows."""
    import sqlite3

    path = tmp_path / "w.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (id INTEGER, name TEXT)")
        db.execute("INSERT INTO t VALUES (1, 'a'), (2, NULL)")
    db.close()
    assert [{"id": 1, "name": "a"}, {"id": 2, "name": None}] == read(SourceSpec(f"sqlite:///{path}", table="t"))


@pytest.mark.parametrize("packed", [False, True])
def test_csv_is_text(tmp_path, packed):
    """CSV keeps leading zeros, reads empty fields as null and leaves out a byte order mark."""
    path = tmp_path / ("rows.csv.gz" if packed else "rows.csv")
    text = '\ufeffid,name\n007,"a, b\nc"\n8,\n'.encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    assert [{"id": "007", "name": "a, b\nc"}, {"id": "8", "name": None}] == read(SourceSpec(str(path)))


def test_json_lines_keep_their_digits(tmp_path):
    """Numbers with a fraction in JSON Lines are read as Decimals."""
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id":1,"price":0.10}\n\n{"id":2,"price":1e-7}\n')
    assert [{"id": 1, "price": Decimal("0.10")}, {"id": 2, "price": Decimal("1e-7")}] == read(SourceSpec(str(path)))


def test_parquet_files_and_folders(tmp_path):
    """A Parquet file and a folder are read, and partitions are columns of text."""
    for n in (1, 2):
        folder = tmp_path / "lake" / f"year={n}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"id": [n], "at": pa.array([n], pa.timestamp("ms", "UTC"))}), folder / "a.parquet")
    expected = [{"id": n, "at": datetime.fromtimestamp(n / 1000, UTC), "year": str(n)} for n in (1, 2)]
    assert expected == sorted(read(SourceSpec(str(tmp_path / "lake"))), key=lambda row: row["id"])
    assert [1] == [row["id"] for row in read(SourceSpec(str(tmp_path / "lake" / "year=1" / "a.parquet")))]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (7, "s must be a file, or an object"),
        ({"sql": "x"}, "s: 'url' is missing"),
        ({"url": "duckdb:///x", "tabel": "t"}, "s: 'tabel' is not a setting of a source; did you mean 'table'"),
        ({"url": "duckdb:///x"}, "s: a database needs either sql or table"),
        ({"url": "duckdb:///x", "sql": "a", "table": "b"}, "s: a database needs either sql or table"),
        ({"url": "duckdb:///x", "table": ""}, "s: 'table' must be a name like orders or schema.orders, not ''"),
        ({"url": "duckdb:///x", "table": "a. "}, "s: 'table' must be a name like orders or schema.orders"),
        ({"url": "x.csv", "sql": "SELECT 1"}, "s: a file has neither sql nor table"),
    ],
)
def test_a_source_that_makes_no_sense_is_reported(given, words):
    """The error about an unusable source names the setting."""
    with pytest.raises(WarehouseConfigError, match=words):
        source_spec(given, "s")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (SourceSpec("duckdb:///nowhere.duckdb", table="t"), "there is no DuckDB file nowhere.duckdb"),
        (SourceSpec("duckdb:///:memory:", sql="DROP TABLE t"), "must be one query"),
        (SourceSpec("duckdb:///:memory:", sql="SELECT 1; SELECT 2"), "must be one query"),
        (SourceSpec("duckdb:///:memory:", sql="SELECT * FROM nothing"), "nothing does not exist"),
        (SourceSpec("duckdb:///:memory:", sql="SELEC 1"), "syntax error"),
        (SourceSpec("nowhere.csv"), "cannot read the source nowhere.csv"),
        (SourceSpec("nowhere.txt"), "nowhere.txt: there is no such file, and .* ends with .csv"),
        (SourceSpec("vip.cvs"), r"there is no such file, .* or .parquet; did you mean '\.csv'\?"),
        (SourceSpec(f"file://{__file__}.json/../../x.parqet"), r"did you mean '\.parquet'\?"),
        (SourceSpec("postgresql://u:planted@127.0.0.1:1/x", table="t"), "cannot open postgresql://127.0.0.1:1/x"),
    ],
)
def test_a_source_that_cannot_be_opened_is_reported_without_its_password(spec, words):
    """The error about a source that cannot be opened is one line without the password."""
    with pytest.raises(WarehouseConfigError, match=words) as reported:
        open_source(spec)
    assert "planted" not in f"{reported.value} {spec!r}"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "id,n\n1,2\n3\n", "line 3: 1 fields instead of 2"),
        ("a.csv", 'id\n"x', "line 2: unexpected end of data"),
        ("a.jsonl", '{"a":1}\n[1]\n', "line 2: an array instead of a JSON object"),
        ("a.jsonl", '{"a":1}\n{"a":\n', "line 2: not JSON"),
    ],
)
def test_a_broken_file_names_the_line(tmp_path, name, text, words):
    """A broken line is named after the rows before it were read, so that a sync sends nothing."""
    (tmp_path / name).write_text(text)
    with pytest.raises(WarehouseError, match=words):
        read(SourceSpec(str(tmp_path / name)))


@pytest.mark.slow
def test_memory_stays_flat_over_five_million_rows():
    """A process that reads five million rows grows by less than 100 MB."""
    script = """
import resource, sys
from talon_one_warehouse import SourceSpec, open_source
import duckdb, pyarrow
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sql = "SELECT 'customer-' || i AS id, i AS n FROM range(5000000) t(i)"
with open_source(SourceSpec("duckdb:///:memory:", sql=sql)) as source:
    count = sum(len(part) for part in source.rows())
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) // 1024)
"""
    count, grown_mb = map(int, subprocess.check_output([sys.executable, "-c", script]).split())
    assert 5_000_000 == count
    assert grown_mb < 100
