"""Text files as sources: faults of columns, names and content; a new kind of file has to join the walk."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from talon_one_warehouse import SourceSpec, WarehouseError, open_source
from talon_one_warehouse.sources.files import TEXT_FILES
from tests.source_files import FILES, read, refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


TEXTS = [name for name in FILES if not name.endswith(".parquet")]
CSV = [name for name in TEXTS if name.startswith(".csv")]
JSON = [name for name in TEXTS if not name.startswith(".csv")]


def test_every_kind_of_file_is_walked():
    """The tests below try every kind of text file that the reader knows."""
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
    """A column may appear first in the last line of a file, however long the file is."""
    lines = [json.dumps({"id": str(number)}) for number in range(25_000)]
    spec = text(kind, "\n".join([*lines, '{"id":"last","score":7}']))
    with open_source(spec) as source:
        assert ("id", "score") == source.columns
        assert {"id": "last", "score": 7} == [row for part in source.rows() for row in part][-1]


@pytest.mark.parametrize("kind", TEXTS)
def test_a_name_that_comes_twice_is_refused(text, kind):
    """A name that is repeated in a header or within one object, however deep, is refused."""
    content = "id,name,id\n1,a,2\n" if kind in CSV else '{"a":1}\n{"id":1,"name":"a","id":2}\n'
    message = refusal(text(kind, content))
    assert "'id'" in message
    assert "twice" in message or "two columns" in message
    if kind in JSON:
        assert "line 1: has the name 'b' twice" in refusal(text(kind, '{"a":[{"b":1,"b":2}]}'))


@pytest.mark.parametrize("kind", JSON)
@pytest.mark.parametrize(
    "line", [r'{"a":"\":\":","b":1}', '{"a" : 1, "b" : {"a" : 2}}', r'{"a\\":1,"a":[{"a":1},{"a":2}]}', '{"":1,"a":{}}']
)
def test_objects_whose_names_only_look_repeated_are_read(text, kind, line):
    """Quotes and colons in texts, spaces before a colon and names in other objects are no repetition."""
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
    """Names that differ only in case between lines are refused, since the values of one of them would be lost."""
    message = refusal(text(kind, '{"city":1}\n{"City":2}\n'))
    assert "line 2 has the column 'City', line 1 has 'city'; use the same name in both" in message
    assert [{"city": 1, "City": 2}, {"City": 3}] == read(text(kind, '{"city":1,"City":2}\n{"City":3}\n'))


@pytest.mark.parametrize("kind", TEXTS)
def test_leading_zeros_and_a_byte_order_mark_are_kept_and_left_out(text, kind):
    """Leading zeros are kept, and a byte order mark is left out."""
    row = {"id": "007"}
    assert [row] == read(text(kind, "\ufeff" + rows_as(kind, row)))


@pytest.mark.parametrize("kind", CSV)
def test_a_quoted_header_after_a_byte_order_mark_is_a_name(text, kind):
    """A quoted header after a byte order mark, as Excel writes it, keeps its name."""
    assert [{"id": "1", "a b": "2"}] == read(text(kind, '\ufeff"id","a b"\r\n1,2\r\n'))


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_another_encoding_is_reported(text, kind, encoding):
    """Another encoding is an error that names the line and what to do."""
    message = refusal(text(kind, rows_as(kind, {"id": "Köln"}).replace("\\u00f6", "ö").encode(encoding)))
    assert "not UTF-8 text; save the file as UTF-8" in message or "not UTF-8 text" in message
    assert "line " in message


@pytest.mark.parametrize("kind", TEXTS)
def test_a_nul_byte_is_reported(text, kind):
    """A NUL byte is an error that names the line, since what follows it may be lost."""
    message = refusal(text(kind, rows_as(kind, {"id": "1"}, {"id": "2"}).encode().replace(b"2", b"2\0")))
    assert f"line {3 if kind in CSV else 2}: " in message


@pytest.mark.parametrize("kind", CSV)
def test_a_quote_that_is_not_closed_names_the_row_where_it_opens(text, kind):
    """An open quote is reported at the row where it starts, even if the file is longer than a row may be."""
    content = 'id,n\n1,2\n3,"4\n5,6\n'
    assert "a quote in the row that begins in line 3 is not closed" in refusal(text(kind, content))
    message = refusal(text(kind, content + "7,8\n" * 1000), max_line_bytes=1000)
    assert (
        "the row has more than 1,000 bytes, the limit of max_line_bytes; check for a missing closing quote" in message
    )


@pytest.mark.parametrize("kind", CSV)
@pytest.mark.parametrize("row", ["1", "1,2,3"])
def test_a_row_of_another_width_is_reported(text, kind, row):
    """A row with more or fewer values than the header has names is an error."""
    assert "line 3: " in refusal(text(kind, f"id,n\n1,2\n{row}\n"))


@pytest.mark.parametrize("kind", TEXTS)
def test_a_large_value_is_taken(text, kind):
    """A value beyond the default limit of the csv module is read."""
    row = {"id": "x" * 1_000_000}
    assert [row] == read(text(kind, rows_as(kind, row)))


@pytest.mark.parametrize("kind", CSV)
def test_old_line_breaks_are_line_breaks(text, kind):
    """A carriage return ends a line, and is part of the value within quotes."""
    assert [{"id": "1", "n": "a\rb"}, {"id": "2", "n": None}] == read(text(kind, 'id,n\r1,"a\rb"\r2,\r'))


@pytest.mark.parametrize("kind", TEXTS)
def test_a_line_beyond_the_limit_is_reported(text, kind):
    """A line beyond the limit is an error that names file, line and setting."""
    spec = text(kind, rows_as(kind, {"id": "1"}, {"id": "x" * 2000}))
    message = refusal(spec, max_line_bytes=1000)
    assert spec.url in message
    assert f"line {3 if kind in CSV else 2}: longer than 1,000 bytes, the limit of max_line_bytes" in message


@pytest.mark.parametrize("kind", JSON)
@pytest.mark.parametrize("depth", [101, 5000, 200_000])
def test_a_line_nested_beyond_the_limit_is_reported(text, kind, depth):
    """A line nested beyond the limit is an error of one line, however deep it is."""
    message = refusal(text(kind, '{"id":1}\n{"a":' + "[" * depth + "]" * depth + "}"))
    assert "line 2: nested" in message


@pytest.mark.parametrize("kind", JSON)
def test_a_line_nested_up_to_the_limit_is_read(text, kind):
    """By default 100 nested objects and lists are read, and brackets side by side are no nesting."""
    assert 1 == len(read(text(kind, '{"a":' + "[" * 99 + "]" * 99 + "}")))
    assert 1 == len(read(text(kind, json.dumps({"a": [{"b": []}] * 500}))))


@pytest.mark.parametrize("kind", [name for name in TEXTS if name.endswith(".gz")])
def test_a_file_that_unpacks_to_too_much_is_reported(text, kind):
    """A file that unpacks from 80 KB to 80 MB in many lines is an error that names the limit."""
    row = {"id": "x" * 70_000}
    message = refusal(text(kind, rows_as(kind, *[row] * 1200)))
    assert "it unpacks to more than 200 times its size, the limit of max_decompression_ratio" in message


@pytest.mark.parametrize("kind", [name for name in TEXTS if name.endswith(".gz")])
@pytest.mark.parametrize("cut", [0, 5, 25, -4, -9, -200])
def test_a_cut_compressed_file_is_reported(text, kind, cut):
    """A compressed file that is cut anywhere is an error, since rows are missing."""
    spec = text(kind, rows_as(kind, *({"id": f"customer-{number * 7919}"} for number in range(5000))), cut)
    assert spec.url in refusal(spec)


@pytest.mark.parametrize("kind", [name for name in TEXTS if name.endswith(".gz")])
def test_a_damaged_compressed_file_is_reported(text, tmp_path, kind):
    """A compressed file with one damaged byte is an error that names it."""
    spec = text(kind, rows_as(kind, *({"id": f"customer-{number * 7919}"} for number in range(5000))))
    data = bytearray((tmp_path / f"rows{kind}").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / f"rows{kind}").write_bytes(data)
    assert spec.url in refusal(spec)


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_not_there_is_reported(tmp_path, kind):
    """A missing file is an error that names it."""
    assert f"nothing{kind}" in refusal(SourceSpec(str(tmp_path / f"nothing{kind}")))


@pytest.mark.parametrize("kind", TEXTS)
def test_an_empty_file_has_no_rows(text, kind):
    """An empty file has no rows, but a CSV file needs a header."""
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


@pytest.mark.parametrize("kind", [name for name in JSON if not name.endswith(".gz")])
def test_a_file_that_changes_between_is_reported(text, kind):
    """A column that appears after the names were read is an error, since its values would be left out."""
    spec = text(kind, '{"a":1}\n')
    with open_source(spec) as source:
        text(kind, '{"b":1}\n')
        with pytest.raises(WarehouseError, match="line 1: the file was changed while it was read"):
            list(source.rows())
