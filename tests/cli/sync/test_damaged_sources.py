"""Every kind of source whose content is damaged in the middle: exit code 2, and one line that names the source."""

from __future__ import annotations

import gzip
import hashlib
import json
import sqlite3

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from talon_one_warehouse import SourceSpec, open_source
from talon_one_warehouse.sources.spec import CLIENTS, DATABASES
from tests.source_files import FILES

IDS = [hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest() for number in range(40_000)]
TABLE = pa.table({"id": IDS})
COMMANDS = ("plan", "push", "verify")


def _text(path, kind):
    csv = kind.startswith(".csv")
    lines = ["id", *IDS] if csv else [json.dumps({"id": one}) for one in IDS]
    data = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(data, mtime=0) if kind.endswith(".gz") else data)


def _sqlite(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (id TEXT)")
        db.executemany("INSERT INTO t VALUES (?)", zip(IDS, strict=True))
    db.close()


def _damage(path):
    data = bytearray(path.read_bytes())
    middle = slice(len(data) // 2, len(data) // 2 + 5000)
    data[middle] = bytes(byte ^ 0xFF for byte in data[middle])
    path.write_bytes(data)


def _file(folder, kind):
    path = folder / f"rows{kind}"
    if kind == ".parquet":
        pq.write_table(TABLE, path, row_group_size=10_000)
    else:
        _text(path, kind)
    return path, str(path)


def _folder(folder, compression):
    (folder / "lake").mkdir()
    pq.write_table(TABLE, folder / "lake" / "0.parquet")
    path = folder / "lake" / "1.parquet"
    pq.write_table(TABLE, path, compression=compression, write_page_checksum=True, use_dictionary=False)
    return path, f"{folder}/lake/"


def _database(folder, scheme):
    path = folder / "rows.db"
    if scheme == "duckdb://":
        with duckdb.connect(str(path)) as db:
            db.execute("CREATE TABLE t AS SELECT unnest(?) AS id", [IDS])
        return path, {"url": f"duckdb:///{path}", "table": "t"}
    _sqlite(path)
    urls = {"sqlite://": f"sqlite:///{path}", "adbc://": f"adbc://sqlite?uri={path}", "adbc+": f"adbc+sqlite://{path}"}
    return path, {"url": urls[scheme], "table": "t"}


SERVERS = ("postgresql://", "postgres://", *CLIENTS)  # their files are not ours to damage; see the queries that fail
MAKERS = {
    **{kind: (_file, kind) for kind in FILES},
    **{f"folder, {name}": (_folder, name) for name in ("none", "snappy", "gzip", "zstd")},
    **{scheme: (_database, scheme) for scheme in DATABASES if scheme not in SERVERS},
}
LATE_FAULTS = {
    "duckdb": (
        "duckdb:///:memory:",
        "SELECT CASE WHEN i = 150000 THEN error('x') ELSE 'a' END AS id FROM range(200000) t(i)",
    ),
    "sqlite": (
        "sqlite:///:memory:",
        "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 30000) "
        "SELECT abs(i - 9223372036854775807 - 30001) AS id FROM t",
    ),
    "postgresql": (None, "SELECT 1 / (150000 - g) AS id FROM generate_series(1, 200000) g"),
}


@pytest.fixture
def ends(tmp_path, monkeypatch, server, account, in_process):
    """Run a command on a source, and return its exit code and standard error."""
    monkeypatch.chdir(tmp_path)
    account(server)

    def run(command, source):
        sync = {"source": source, "sink": "audience_members", "mode": "mirror", "key": "id"}
        sync |= {"audience": {"name": "people"}, "create_profiles": "allow"}
        (tmp_path / "s.yml").write_text(json.dumps({"store": "st.duckdb", "syncs": {"people": sync}}))
        done = in_process(command, "s.yml")
        return done.code, done.err

    return run


@pytest.mark.parametrize("kind", MAKERS)
def test_damage_in_the_middle_ends_with_exit_code_2(ends, tmp_path, kind):
    """Every command that reads rows names the file in one line and says what to do; nothing is sent."""
    make, detail = MAKERS[kind]
    path, source = make(tmp_path, detail)
    _damage(path)
    for command in COMMANDS:
        code, said = ends(command, source)
        assert 2 == code, f"{command}: {said}"
        assert 1 == sum(line.startswith("Error: ") for line in said.splitlines())
        assert ("adbc://sqlite" if kind == "adbc://" else str(path)) in said  # parameters of a URL are never shown
        assert "Traceback" not in said


@pytest.mark.parametrize("database", LATE_FAULTS)
def test_a_query_that_fails_at_a_late_row_ends_with_exit_code_2(ends, request, database):
    """A query that fails ends with exit code 2, whether it fails at once or after many rows."""
    url, sql = LATE_FAULTS[database]
    source = {"url": url or request.getfixturevalue("postgres_url"), "sql": sql}
    code, said = ends("push", source)
    assert 2 == code, said
    assert "run again" in said
    assert "Traceback" not in said


def test_a_connection_that_ends_while_rows_are_read_is_no_damage(ends, postgres_url):
    """A lost connection ends with exit code 1, because a retry may succeed."""
    end = "CASE WHEN g = 150000 THEN pg_terminate_backend(pg_backend_pid()) END"
    sql = f"SELECT g::text AS id, {end} AS x FROM generate_series(1, 200000) g"
    code, said = ends("push", {"url": postgres_url, "sql": sql})
    assert 1 == code, said
    assert "Traceback" not in said


@pytest.mark.parametrize("kind", MAKERS)
def test_undamaged_sources_are_read_to_their_end(tmp_path, kind):
    """Every source of the walk can be read before it is damaged."""
    make, detail = MAKERS[kind]
    _, source = make(tmp_path, detail)
    spec = SourceSpec(source) if isinstance(source, str) else SourceSpec(**source)
    with open_source(spec) as opened:
        assert len(IDS) <= sum(len(part) for part in opened.rows())


def test_every_kind_of_source_is_walked():
    """A new kind of source fails here until this module tests it."""
    assert {*FILES, *DATABASES} <= {*MAKERS, *SERVERS}
