"""Every kind of source against faults of its columns, names and content; a new kind has to join the walk."""

from __future__ import annotations

import gzip
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from talon_one_singer.settings.input_limits import InputLimits
from talon_one_warehouse import SourceSpec, WarehouseError, open_source
from talon_one_warehouse.sources.files import TEXT_FILES
from talon_one_warehouse.sources.spec import DATABASES
from tests.source_files import FILES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Rows = list[dict[str, Any]]


def read(spec: SourceSpec, **limits: int) -> Rows:
    """All rows of a source."""
    with open_source(spec, limits=InputLimits(**limits)) as source:
        return [row for part in source.rows() for row in part]


def refusal(spec: SourceSpec, **limits: int) -> str:
    """The one line that a source which cannot be used is refused with."""
    with pytest.raises(WarehouseError) as refused:
        read(spec, **limits)
    assert "\n" not in str(refused.value)
    return str(refused.value)


# Files

TEXTS = [name for name in FILES if not name.endswith(".parquet")]
CSV = [name for name in TEXTS if name.startswith(".csv")]
JSON = [name for name in TEXTS if not name.startswith(".csv")]


def test_every_kind_of_file_is_walked():
    """A kind of text file that only the reader knows is missing in the table, and so in the walk."""
    assert {*TEXT_FILES, *(f"{name}.gz" for name in TEXT_FILES), ".parquet"} == set(FILES)
    assert {".csv", ".csv.gz"} == set(CSV)


@pytest.fixture
def text(tmp_path: Path) -> Callable[..., SourceSpec]:
    """Writes a text file of a kind."""

    def make(kind: str, content: bytes | str, cut: int | None = None) -> SourceSpec:
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / f"rows{kind}"
        path.write_bytes((gzip.compress(data) if kind.endswith(".gz") else data)[:cut])
        return SourceSpec(str(path))

    return make


def rows_as(kind: str, *rows: dict[str, Any]) -> str:
    """Rows of text as a file of the kind."""
    if kind in JSON:
        return "".join(json.dumps(row) + "\n" for row in rows)
    names = list(rows[0])
    return "".join(",".join(line) + "\n" for line in [names, *([row[name] for name in names] for row in rows)])


@pytest.mark.parametrize("kind", JSON)
def test_a_column_may_come_first_in_the_last_line(text, kind):
    """However many lines are before it."""
    lines = [json.dumps({"id": str(number)}) for number in range(25_000)]
    spec = text(kind, "\n".join([*lines, '{"id":"last","score":7}']))
    with open_source(spec) as source:
        assert ("id", "score") == source.columns
        assert {"id": "last", "score": 7} == [row for part in source.rows() for row in part][-1]


@pytest.mark.parametrize("kind", TEXTS)
def test_a_name_that_comes_twice_is_refused(text, kind):
    """In a header, or within one object, also deep in it."""
    content = "id,name,id\n1,a,2\n" if kind in CSV else '{"a":1}\n{"id":1,"name":"a","id":2}\n'
    told = refusal(text(kind, content))
    assert "'id'" in told
    assert "twice" in told or "two columns" in told
    if kind in JSON:
        assert "line 1: has the name 'b' twice" in refusal(text(kind, '{"a":[{"b":1,"b":2}]}'))


@pytest.mark.parametrize("kind", JSON)
@pytest.mark.parametrize(
    "line", [r'{"a":"\":\":","b":1}', '{"a" : 1, "b" : {"a" : 2}}', r'{"a\\":1,"a":[{"a":1},{"a":2}]}', '{"":1,"a":{}}']
)
def test_objects_whose_names_only_look_repeated_are_read(text, kind, line):
    """Quotes and colons in texts, spaces before a colon, the same name in another object."""
    assert [json.loads(line)] == read(text(kind, line))


@pytest.mark.parametrize("kind", JSON)
@pytest.mark.parametrize(
    "line", [r'{"a":"x\":y","b":1,"b":2}', r'{"a\\":1,"b":1,"b":2}', '{"b" : 1,"b" : 2}', r'{"b":1,"\u0062":2}']
)
def test_repeated_names_are_found_among_quotes_colons_and_escapes(text, kind, line):
    """Repeated names are found although quotes, colons or escapes hide them from the fast check."""
    assert "has the name 'b' twice" in refusal(text(kind, line))


@pytest.mark.parametrize("kind", JSON)
def test_names_that_differ_between_lines_only_in_case_are_refused(text, kind):
    """Else the values of one of them would be lost; in one line they are two columns."""
    told = refusal(text(kind, '{"city":1}\n{"City":2}\n'))
    assert "line 2 has the column 'City', line 1 has 'city'; use the same name in both" in told
    assert [{"city": 1, "City": 2}, {"City": 3}] == read(text(kind, '{"city":1,"City":2}\n{"City":3}\n'))


@pytest.mark.parametrize("kind", TEXTS)
def test_leading_zeros_and_a_byte_order_mark_are_kept_and_left_out(text, kind):
    """Texts stay what they look like."""
    row = {"id": "007"}
    assert [row] == read(text(kind, "\ufeff" + rows_as(kind, row)))


@pytest.mark.parametrize("kind", CSV)
def test_a_quoted_header_after_a_byte_order_mark_is_a_name(text, kind):
    """A quoted header after a byte order mark, as Excel writes it, keeps its name."""
    assert [{"id": "1", "a b": "2"}] == read(text(kind, '\ufeff"id","a b"\r\n1,2\r\n'))


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_another_encoding_is_told(text, kind, encoding):
    """Another encoding is an error that names the line and what to do."""
    told = refusal(text(kind, rows_as(kind, {"id": "Köln"}).replace("\\u00f6", "ö").encode(encoding)))
    assert "not UTF-8 text; save the file as UTF-8" in told or "not UTF-8 text" in told
    assert "line " in told


@pytest.mark.parametrize("kind", TEXTS)
def test_a_nul_byte_is_told(text, kind):
    """It is no text, and what follows it may be lost."""
    told = refusal(text(kind, rows_as(kind, {"id": "1"}, {"id": "2"}).encode().replace(b"2", b"2\0")))
    assert f"line {3 if kind in CSV else 2}: " in told


@pytest.mark.parametrize("kind", CSV)
def test_a_quote_that_is_not_closed_names_the_row_where_it_opens(text, kind):
    """An open quote is reported at the row where it starts, even if the file is longer than a row may be."""
    content = 'id,n\n1,2\n3,"4\n5,6\n'
    assert "a quote in the row that begins in line 3 is not closed" in refusal(text(kind, content))
    told = refusal(text(kind, content + "7,8\n" * 1000), max_line_bytes=1000)
    assert "the row has more than 1,000 bytes, the limit of max_line_bytes; check for a missing closing quote" in told


@pytest.mark.parametrize("kind", CSV)
@pytest.mark.parametrize("row", ["1", "1,2,3"])
def test_a_row_of_another_width_is_told(text, kind, row):
    """More or fewer values than names."""
    assert "line 3: " in refusal(text(kind, f"id,n\n1,2\n{row}\n"))


@pytest.mark.parametrize("kind", TEXTS)
def test_a_large_value_is_taken(text, kind):
    """A limit of the csv module is no limit of ours."""
    row = {"id": "x" * 1_000_000}
    assert [row] == read(text(kind, rows_as(kind, row)))


@pytest.mark.parametrize("kind", CSV)
def test_old_line_breaks_are_line_breaks(text, kind):
    """A carriage return ends a line, and within quotes it is part of the value."""
    assert [{"id": "1", "n": "a\rb"}, {"id": "2", "n": None}] == read(text(kind, 'id,n\r1,"a\rb"\r2,\r'))


@pytest.mark.parametrize("kind", TEXTS)
def test_a_line_beyond_the_limit_is_told(text, kind):
    """A line beyond the limit is an error that names file, line and setting."""
    spec = text(kind, rows_as(kind, {"id": "1"}, {"id": "x" * 2000}))
    told = refusal(spec, max_line_bytes=1000)
    assert spec.url in told
    assert f"line {3 if kind in CSV else 2}: longer than 1,000 bytes, the limit of max_line_bytes" in told


@pytest.mark.parametrize("kind", JSON)
@pytest.mark.parametrize("depth", [101, 5000, 200_000])
def test_a_line_nested_beyond_the_limit_is_told(text, kind, depth):
    """No depth ends in a traceback."""
    told = refusal(text(kind, '{"id":1}\n{"a":' + "[" * depth + "]" * depth + "}"))
    assert "line 2: nested" in told


@pytest.mark.parametrize("kind", JSON)
def test_a_line_nested_up_to_the_limit_is_read(text, kind):
    """100 objects and lists within each other by default; many brackets beside each other are none."""
    assert 1 == len(read(text(kind, '{"a":' + "[" * 99 + "]" * 99 + "}")))
    assert 1 == len(read(text(kind, json.dumps({"a": [{"b": []}] * 500}))))


@pytest.mark.parametrize("kind", [name for name in TEXTS if name.endswith(".gz")])
def test_a_file_that_unpacks_to_too_much_is_told(text, kind):
    """80 MB out of 80 KB, in many lines."""
    row = {"id": "x" * 70_000}
    told = refusal(text(kind, rows_as(kind, *[row] * 1200)))
    assert "it unpacks to more than 200 times its size, the limit of max_decompression_ratio" in told


@pytest.mark.parametrize("kind", [name for name in TEXTS if name.endswith(".gz")])
@pytest.mark.parametrize("cut", [0, 5, 25, -4, -9, -200])
def test_a_cut_compressed_file_is_told(text, kind, cut):
    """Wherever it breaks off: its rows are not all there are."""
    spec = text(kind, rows_as(kind, *({"id": f"customer-{number * 7919}"} for number in range(5000))), cut)
    assert spec.url in refusal(spec)


@pytest.mark.parametrize("kind", [name for name in TEXTS if name.endswith(".gz")])
def test_a_damaged_compressed_file_is_told(text, tmp_path, kind):
    """A byte in the middle of it."""
    spec = text(kind, rows_as(kind, *({"id": f"customer-{number * 7919}"} for number in range(5000))))
    data = bytearray((tmp_path / f"rows{kind}").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / f"rows{kind}").write_bytes(data)
    assert spec.url in refusal(spec)


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_not_there_is_told(tmp_path, kind):
    """A missing file is an error that names it."""
    assert f"nothing{kind}" in refusal(SourceSpec(str(tmp_path / f"nothing{kind}")))


@pytest.mark.parametrize("kind", TEXTS)
def test_an_empty_file_has_no_rows(text, kind):
    """A CSV file has at least a header."""
    spec = text(kind, "")
    if kind in CSV:
        assert "it has no header; the first line must contain the column names" in refusal(spec)
        assert [] == read(text(kind, "id\n"))
    else:
        assert [] == read(spec)


@pytest.mark.parametrize("kind", FILES)
def test_the_end_of_a_name_may_be_written_in_capitals(text, tmp_path, kind):
    """The ending of a file name is recognized in capital letters too."""
    if kind == ".parquet":
        pq.write_table(pa.table({"id": ["1"]}), tmp_path / "ROWS.PARQUET")
        assert [{"id": "1"}] == read(SourceSpec(str(tmp_path / "ROWS.PARQUET")))
        return
    path = text(kind, rows_as(kind, {"id": "1"})).url
    (tmp_path / f"rows{kind}").rename(tmp_path / f"OTHER{kind.upper()}")
    assert [{"id": "1"}] == read(SourceSpec(path.replace(f"rows{kind}", f"OTHER{kind.upper()}")))


# Parquet


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., SourceSpec]:
    """Writes tables (or bytes) into a folder, by the paths of their files."""

    def make(**files: pa.Table | bytes) -> SourceSpec:
        for number, table in enumerate(files.values()):
            path = tmp_path / "lake" / f"part-{number}.parquet"
            path.parent.mkdir(exist_ok=True)
            if isinstance(table, bytes):
                path.write_bytes(table)
            else:
                pq.write_table(table, path)
        return SourceSpec(f"{tmp_path}/lake/")

    return make


ALIKE = {
    "null": (pa.nulls(1), pa.array(["a"]), [None, "a"]),
    "integers": (pa.array([1], pa.int8()), pa.array([2**40]), [1, 2**40]),
    "numbers": (pa.array([2**60 + 1]), pa.array([0.5]), [2**60 + 1, 0.5]),
    "texts": (pa.array(["a"], pa.large_string()), pa.array(["b"]).dictionary_encode(), ["a", "b"]),
    "lists": (pa.array([[1]]), pa.array([[]], pa.list_(pa.null())), [[1], []]),
    "objects": (pa.array([{"a": 1}]), pa.array([{"b": "x"}]), [{"a": 1}, {"b": "x"}]),
}


@pytest.mark.parametrize("pair", ALIKE)
@pytest.mark.parametrize("swapped", [False, True])
def test_types_that_fit_together_are_read_exactly(folder, pair, swapped):
    """Each file by its own types: no integer loses digits because another file has fractions."""
    one, two, values = ALIKE[pair]
    tables = [pa.table({"x": one}), pa.table({"x": two})]
    expected = values[::-1] if swapped else values
    rows = read(folder(**dict(zip("ab", tables[::-1] if swapped else tables, strict=True))))
    assert expected == [row["x"] for row in rows]


UNLIKE = {
    "number and text": (pa.array([7]), pa.array(["007"])),
    "boolean and number": (pa.array([True]), pa.array([1])),
    "object and text": (pa.array([{"a": 1}]), pa.array(["{}"])),
    "list and text": (pa.array([["a"]]), pa.array(["a"])),
}


@pytest.mark.parametrize("pair", UNLIKE)
def test_types_that_do_not_fit_together_name_the_column_and_both_files(folder, pair):
    """One of them would be wrong."""
    one, two = UNLIKE[pair]
    told = refusal(folder(a=pa.table({"x": one}), b=pa.table({"x": two})))
    assert "the column 'x'" in told
    assert "part-0.parquet" in told
    assert "part-1.parquet" in told


def test_columns_of_later_files_are_taken(folder):
    """Columns that only later files have are read."""
    rows = read(folder(a=pa.table({"id": ["1"]}), b=pa.table({"id": ["2"], "score": [7]}), c=pa.table({"n": [1]})))
    assert [{"id": "1"}, {"id": "2", "score": 7}, {"n": 1}] == rows


def test_files_that_write_a_name_differently_are_refused(folder):
    """Else the values of one file would be lost."""
    told = refusal(folder(a=pa.table({"city": ["1"]}), b=pa.table({"City": ["2"]})))
    assert "part-1.parquet has the column 'City'" in told
    assert "part-0.parquet has 'city'" in told


def test_a_name_that_a_parquet_file_has_twice_is_refused(tmp_path):
    """A Parquet file with a repeated name is refused."""
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], ["id", "id"]), tmp_path / "twice.parquet")
    assert "has the column 'id' twice" in refusal(SourceSpec(str(tmp_path / "twice.parquet")))


def test_folders_of_partitions_give_text(tmp_path):
    """Leading zeros stay, escapes are undone, no value is null, and a column may not be in the files as well."""
    for name, number in (("shop=007", 1), ("shop=K%C3%B6ln", 2), ("shop=__HIVE_DEFAULT_PARTITION__", 3)):
        (tmp_path / "lake" / name).mkdir(parents=True)
        pq.write_table(pa.table({"n": [number]}), tmp_path / "lake" / name / "0.parquet")
    spec = SourceSpec(str(tmp_path / "lake"))
    assert {1: "007", 2: "Köln", 3: None} == {row["n"]: row["shop"] for row in read(spec)}
    pq.write_table(pa.table({"n": [4], "shop": [7]}), tmp_path / "lake" / "shop=007" / "1.parquet")
    assert "has the column 'shop' in its folder's name as well" in refusal(spec)


def test_what_other_programs_leave_in_a_folder_is_no_data(folder, tmp_path):
    """Marks, checksums, hidden files; anything else that is not Parquet is told by its name."""
    spec = folder(a=pa.table({"id": ["1"]}))
    for name in ("_SUCCESS", "_committed_1", ".part-0.parquet.crc", "part-0.parquet.crc", ".hidden", "lake_$folder$"):
        (tmp_path / "lake" / name).write_bytes(b"x")
    (tmp_path / "lake" / "_temporary").mkdir()
    (tmp_path / "lake" / "_temporary" / "part-9.parquet").write_bytes(b"x")
    assert [{"id": "1"}] == read(spec)
    (tmp_path / "lake" / "notes.txt").write_text("x")
    assert "notes.txt cannot be read as Parquet" in refusal(spec)


def test_an_empty_folder_is_told(tmp_path):
    """No file is not the same as no rows."""
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "_SUCCESS").touch()
    assert "is a folder without a Parquet file" in refusal(SourceSpec(str(tmp_path / "lake")))


def test_a_broken_parquet_file_is_told_by_its_name(folder, tmp_path):
    """Cut off, empty, or damaged in the middle."""
    good = pa.table({"id": [f"customer-{number * 7919}" for number in range(5000)]})
    folder(a=good)
    data = (tmp_path / "lake" / "part-0.parquet").read_bytes()
    middle = data[:500] + bytes(1000) + data[1500:]
    for content in (data[:-10], data[: len(data) // 2], b"", b"PAR1", middle):
        assert "part-1.parquet cannot be read as Parquet" in refusal(folder(a=good, b=content))


def test_a_file_that_vanishes_between_is_told(folder, tmp_path):
    """A file that vanishes after its columns were read is an error."""
    spec = folder(a=pa.table({"id": ["1"]}), b=pa.table({"id": ["2"]}))
    with open_source(spec) as source:
        (tmp_path / "lake" / "part-1.parquet").unlink()
        with pytest.raises(WarehouseError, match=r"part-1.parquet cannot be read as Parquet: is gone"):
            list(source.rows())


@pytest.mark.parametrize("kind", [name for name in JSON if not name.endswith(".gz")])
def test_a_file_that_changes_between_is_told(text, kind):
    """A column that was not there when the names were read would be left out."""
    spec = text(kind, '{"a":1}\n')
    with open_source(spec) as source:
        text(kind, '{"b":1}\n')
        with pytest.raises(WarehouseError, match="line 1: the file was changed while it was read"):
            list(source.rows())


# Databases

SERVED = {"duckdb://": "duckdb", "sqlite://": "sqlite", "postgresql://": "postgresql", "postgres://": "postgres"}
GENERIC = {"adbc://": "adbc", "adbc+": "adbc+"}


def test_every_kind_of_database_is_walked():
    """A scheme that is not here is not tried below."""
    assert {*SERVED, *GENERIC} == set(DATABASES)


@pytest.fixture(params=DATABASES)
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
    """With semicolons, comments and line breaks, of which none is a statement."""
    assert [{"id": "a"}] == read(SourceSpec(database, sql=sql))


@pytest.mark.parametrize(
    "sql", ["SELECT 1 AS id; SELECT 2 AS id", "SELECT 1 AS id;\n-- x\nDROP TABLE t;", "", " -- x\n", ";"]
)
def test_no_query_or_two_are_refused(database, sql):
    """No query at all and two queries are errors."""
    assert "source.sql must be one query" in refusal(SourceSpec(database, sql=sql))


def test_a_query_with_a_name_twice_is_refused(database):
    """Else the last column of that name would win."""
    told = refusal(SourceSpec(database, sql="SELECT 'a' AS customer_id, 'b' AS n, 'c' AS customer_id"))
    assert "two columns named 'customer_id'; rename one with AS" in told


def test_dollar_quotes_hide_semicolons(postgres_url):
    """Semicolons within dollar quotes do not end a statement."""
    for url in (postgres_url, "duckdb:///:memory:"):
        assert [{"id": "a;b", "n": ";$"}] == read(SourceSpec(url, sql="SELECT $$a;b$$ AS id, $x$;$$x$ AS n;\n"))


def test_other_databases_may_escape_quotes_by_backslashes():
    """A semicolon in such a text is none of a second statement's; where a backslash is a character, it is one."""
    from talon_one_warehouse.sources.sql_text import one_query

    sql = r"SELECT 'it\'s; so' AS id;"
    assert sql[:-1] + " \n" == one_query(sql, "sql", backslashes=True)
    assert r"SELECT '\' AS id " + "\n" == one_query(r"SELECT '\' AS id;", "sql", backslashes=True)
