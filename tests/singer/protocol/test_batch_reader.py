"""The files of BATCH messages, read back: every format, and every way in which a file or a row is broken."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import io
import json
import sys
from decimal import Decimal

import fsspec
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.registry import _registry
from fsspec.spec import AbstractFileSystem
from hypothesis import given
from hypothesis import strategies as st

from talon_one_singer.errors import ConfigError
from talon_one_singer.protocol.batch_writer import BatchFiles
from talon_one_singer.protocol.message_reader import read_messages
from talon_one_singer.protocol.message_writer import MessageWriter
from talon_one_singer.protocol.messages import BadLine, RecordLines, SchemaLine
from talon_one_singer.settings.input_limits import InputLimits

encode = msgspec.json.Encoder(decimal_format="number").encode
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": ["string", "null"]},
        "points": {"type": ["null", "number"]},
        "active": {"type": ["boolean", "null"]},
        "created": {"type": ["string", "null"], "format": "date-time"},
        "attributes": {"type": ["object", "null"]},
        "tags": {"type": ["array", "null"]},
        "either": {"type": ["string", "integer"]},
    },
}
ROWS = [
    {"id": 1, "name": "é", "points": Decimal("12.5"), "active": True, "created": "2026-01-02T03:04:05Z"},
    {"id": 2, "attributes": {"Email": "a@example.com", "n": Decimal("1.10")}, "tags": ["x", {"y": None}]},
    {"id": 3, "points": Decimal("-0.000001"), "created": "2026-01-02T03:04:05.00012Z", "either": "5"},
    {"id": 4, "points": Decimal(10) ** 19, "attributes": {}, "tags": [], "either": 5},
]


@pytest.fixture
def batch(tmp_path):
    """Returns what is read from a BATCH with these files, after the SCHEMA."""

    def read(form, *files, schema=SCHEMA, compression=None, **options):
        out = io.BytesIO()
        writer = MessageWriter(out)
        writer.schema("s", schema, ["id"])
        encoding = {"format": form} | ({"compression": compression} if compression else {})
        writer.batch("s", encoding, [str(file) for file in files])
        first, *found = read_messages(io.BytesIO(out.getvalue()), **options)
        assert isinstance(first, SchemaLine)
        return found

    return read


@pytest.fixture
def parquet(tmp_path, batch):
    """Returns what is read from a Parquet file with one column."""

    def read(values, kind, schema=SCHEMA, **options):
        path = tmp_path / "file.parquet"
        pq.write_table(pa.table({"a": pa.array(values, kind)}), path)
        return batch("parquet", path, schema=schema, **options)

    return read


def values(found):
    """The values of the one column."""
    return [row["a"] for message in found for row in message.rows]


def without_nulls(row):
    return {name: value for name, value in row.items() if value is not None}


@pytest.mark.parametrize("form", ["jsonl", "parquet", "arrow"])
def test_what_batch_files_writes_is_read(tmp_path, form):
    """Rows come back with their values from a SCHEMA and a BATCH as the tap writes them."""
    files, out = BatchFiles(form, str(tmp_path)), io.BytesIO()
    writer = MessageWriter(out)
    writer.schema("s", files.schema(SCHEMA), ["id"])
    urls = [files.write("s", SCHEMA, list(map(encode, rows))) for rows in (ROWS[:3], ROWS[3:])]
    writer.batch("s", files.encoding, urls)
    writer.state({"done": True})
    _, *groups, state = read_messages(io.BytesIO(out.getvalue()), max_rows=2)
    assert ROWS == [without_nulls(row) for group in groups for row in group.rows]
    paths = [url.removeprefix("file://") for url in urls]
    expected = [[f"{paths[0]} row 1", f"{paths[0]} row 2"], [f"{paths[0]} row 3"], [f"{paths[1]} row 1"]]
    assert expected == [group.origins for group in groups]
    assert {"done": True} == state.value


EPOCH, MICROSECOND = dt.datetime.fromisoformat("1970-01-01"), dt.timedelta(microseconds=1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
JSON = st.recursive(st.none() | st.booleans() | st.integers(-5, 5) | TEXTS, st.lists, max_leaves=4)
DRAWN = st.fixed_dictionaries(
    {"id": st.integers(-(2**63), 2**63 - 1)},
    optional={
        "name": TEXTS,
        "points": st.decimals(-(10**19), 10**19, places=6) | st.integers(-(10**19), 10**19),
        "active": st.booleans(),
        "created": st.integers(-5 * 10**15, 7 * 10**15).map(lambda us: f"{(EPOCH + us * MICROSECOND).isoformat()}Z"),
        "attributes": st.dictionaries(TEXTS, JSON, max_size=3),
        "tags": st.lists(JSON, max_size=3),
    },
)


@pytest.mark.parametrize("form", ["jsonl", "parquet", "arrow"])
@given(rows=st.lists(DRAWN, min_size=1, max_size=4))
def test_any_rows_come_back(tmp_path_factory, form, rows):
    """Whatever the values are, the rows that are read equal the rows that were written."""
    files, out = BatchFiles(form, str(tmp_path_factory.getbasetemp() / "drawn")), io.BytesIO()
    writer = MessageWriter(out)
    writer.schema("s", files.schema(SCHEMA), ["id"])
    writer.batch("s", files.encoding, [files.write("s", SCHEMA, list(map(encode, rows)))])
    _, *groups = read_messages(io.BytesIO(out.getvalue()))
    assert list(map(_comparable, rows)) == [_comparable(without_nulls(r)) for group in groups for r in group.rows]


def _comparable(row):
    created = {"created": dt.datetime.fromisoformat(row["created"])} if "created" in row else {}
    return row | created


@pytest.mark.parametrize(
    ("compression", "name", "pack"),
    [
        ("gzip", "a", gzip.compress),
        ("none", "a.gz", bytes),
        ("bz2", "a", bz2.compress),
        (None, "a.jsonl.gz", gzip.compress),
        (None, "a.jsonl", bytes),
    ],
)
def test_json_lines_are_unpacked_as_the_encoding_says(tmp_path, batch, compression, name, pack):
    """The encoding's compression decides; without it, the name of the file does."""
    path = tmp_path / name
    path.write_bytes(pack(b'{"a":1.10}\n\n{"a":2}'))
    (found,) = batch("jsonl", path, compression=compression)
    assert [{"a": Decimal("1.10")}, {"a": 2}] == found.rows
    assert [f"{path} row 1", f"{path} row 3"] == found.origins


@pytest.mark.parametrize("written", ["literally", "encoded"])
def test_file_urls_with_a_space_are_found(tmp_path, batch, written):
    """A file is found if its writer has encoded the space in URL and name, or in the URL only."""
    path = tmp_path / ("a b.jsonl" if written == "encoded" else "a%20b.jsonl")
    path.write_bytes(b'{"a":1}')
    (found,) = batch("jsonl", f"file://{tmp_path}/a%20b.jsonl")
    assert [{"a": 1}] == found.rows


def test_any_file_system_of_fsspec_is_read(batch):
    """Batch files may be in any file system of fsspec, such as an object store."""
    with fsspec.open("memory://folder/a.jsonl", "wb") as file:
        file.write(b'{"a":1}')
    (found,) = batch("jsonl", "memory://folder/a.jsonl")
    assert ["memory://folder/a.jsonl row 1"] == found.origins
    assert [{"a": 1}] == found.rows


def test_broken_rows_of_json_lines_are_reported_between_the_good_ones(tmp_path, batch):
    """Each broken row of a JSON Lines file is reported with file and row number."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":NaN}\n[]\n{"a":"%s"}\n{"a":2}\n{"a":' % (b"x" * 1000))
    one, *bad, two, torn = batch("jsonl", path, limits=InputLimits(max_line_bytes=1000))
    reasons = ("holds NaN or Infinity, which JSON cannot represent", "an array instead of a JSON object")
    assert [*reasons, "longer than 1,000 bytes, the limit of max_line_bytes"] == [each.reason for each in bad]
    assert [f"{path} row {n}" for n in (2, 3, 4)] == [each.origin for each in bad]
    assert [{"a": 1}] == one.rows
    assert [{"a": 2}] == two.rows
    assert [f"{path} row 5"] == two.origins
    assert BadLine(f"{path} row 6", "the input ends in the middle of this line", "s", '{"a":') == torn


def test_a_torn_gzip_file_gives_its_rows_and_is_reported(tmp_path, batch):
    """The rows before the cut of a gzip file are read, and the cut is reported."""
    path = tmp_path / "a.jsonl.gz"
    rows = b"".join(b'{"a":%d,"b":"%s"}\n' % (n, str(n * 7919**9).encode()) for n in range(100_000))
    path.write_bytes(gzip.compress(rows)[:-1000])
    *good, bad = batch("jsonl", path, compression="gzip")
    found = [row["a"] for group in good for row in group.rows]
    assert list(range(len(found))) == found
    assert 50_000 < len(found) < 100_000
    assert str(path) == bad.origin
    assert (
        "the file cannot be read: Compressed file ended before the end-of-stream marker" == bad.reason.split(" was")[0]
    )


@pytest.mark.parametrize("form", ["jsonl", "parquet", "arrow"])
def test_a_file_that_is_not_there_is_reported(tmp_path, batch, form):
    """A missing file is reported, and the other files of the manifest are read."""
    path = tmp_path / "none"
    bad, *_ = batch(form, path, path)
    assert BadLine(str(path), "the file cannot be read: it does not exist", "s", str(path)) == bad


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_file_that_is_none_is_reported(tmp_path, batch, form):
    """A file of another format is reported with its name and the reader's message."""
    path = tmp_path / "file"
    path.write_bytes(b"not a table" * 10)
    (bad,) = batch(form, path)
    assert str(path) == bad.origin
    assert bad.reason.startswith("the file cannot be read: ")


class Talkative(AbstractFileSystem):
    """A file system whose errors contain everything it knows."""

    protocol = "talkative"

    def _open(self, path, *_args, **_options):
        raise PermissionError(f"no access to {path}")


@pytest.mark.parametrize(
    ("url", "place", "reason"),
    [
        ("nosuch://user:secret@host/a?token=secret", "nosuch://host/a", "Protocol not known: nosuch"),
        ("memory://a?token=secret", "memory://a", "it does not exist"),
        ("talkative://u:secret@h/a?t=secret", "talkative://h/a", "no access to u:********@h/a?********"),
        ("talkative://secret@h/a", "talkative://h/a", "no access to ********@h/a"),
    ],
)
def test_secrets_of_a_url_are_not_shown(batch, url, place, reason):
    """Messages contain neither the password nor the signature of a URL."""
    fsspec.register_implementation("talkative", Talkative, clobber=True)
    (bad,) = batch("jsonl", url)
    assert place == bad.origin
    assert f"the file cannot be read: {reason}" == bad.reason
    assert "secret" not in repr(bad)


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_without_pyarrow_it_is_said_what_to_install(tmp_path, batch, monkeypatch, form):
    """Without pyarrow the run fails instead of losing the rows, and says what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ConfigError, match=rf"a BATCH in {form} needs pyarrow: pip install 'talon-one-connector"):
        batch(form, tmp_path / "file")


def test_without_its_package_a_file_system_is_an_error_too(batch, monkeypatch):
    """The error of a file system without its package names the package to install."""
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(_registry, "s3", raising=False)
    with pytest.raises(
        ConfigError, match=r"s3://bucket/a cannot be read: .*s3fs.*pip install 'talon-one-connector\[s3"
    ):
        batch("jsonl", "s3://bucket/a")


@pytest.mark.parametrize(
    ("kind", "given_values", "expected"),
    [
        (pa.decimal128(38, 18), ["1.500000000000000000", "100", "0", None], ["1.5", "100", "0", None]),
        (pa.decimal256(76, 40), ["1" * 30 + "." + "1" * 40], ["1" * 30 + "." + "1" * 40]),
        (pa.decimal128(5, 0), ["100"], ["100"]),
        (pa.float64(), [0.1, 1e300, -0.5, None], ["0.1", "1E+300", "-0.5", None]),
        (pa.float32(), [0.1, None], ["0.1", None]),
        (pa.float64(), [None, None], [None, None]),
    ],
)
def test_numbers_with_a_fraction_are_decimals(parquet, kind, given_values, expected):
    """A decimal column returns all its digits, without the zeros that only pad its scale."""
    is_decimal = pa.types.is_decimal(kind)
    written = [Decimal(value) if value and is_decimal else value for value in given_values]
    found = values(parquet(written, kind))
    assert expected == [None if value is None else str(value) for value in found]
    assert {Decimal, type(None)} >= {type(value) for value in found}


NOON = dt.datetime(2026, 1, 2, 12, 0, 0, 120_000, dt.UTC)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (pa.timestamp("us", "UTC"), NOON, "2026-01-02T12:00:00.12Z"),
        (pa.timestamp("us", "Europe/Berlin"), NOON, "2026-01-02T12:00:00.12Z"),
        (pa.timestamp("us"), NOON, "2026-01-02T12:00:00.12Z"),
        (pa.timestamp("s"), NOON.replace(microsecond=0), "2026-01-02T12:00:00Z"),
        (pa.timestamp("ms", "UTC"), NOON.replace(microsecond=0), "2026-01-02T12:00:00Z"),
        (pa.timestamp("ns", "UTC"), 1_000_000_001, "1970-01-01T00:00:01.000000001Z"),
        (pa.timestamp("us", "UTC"), -1, "1969-12-31T23:59:59.999999Z"),
        (pa.date32(), NOON.date(), "2026-01-02"),
        (pa.date64(), NOON.date(), "2026-01-02"),
        (pa.time64("us"), dt.time(1, 2, 3), "01:02:03"),
        (pa.uint64(), 2**64 - 1, 2**64 - 1),
        (pa.large_string(), "x", "x"),
        (pa.dictionary(pa.int8(), pa.string()), "x", "x"),
        (pa.list_(pa.float64()), [0.5, None], [Decimal("0.5"), None]),
        (pa.list_(pa.date32(), 2), [NOON.date()] * 2, ["2026-01-02"] * 2),
        (
            pa.struct([("d", pa.date32()), ("l", pa.list_(pa.bool_()))]),
            {"d": NOON.date(), "l": [True]},
            {"d": "2026-01-02", "l": [True]},
        ),
        (pa.map_(pa.string(), pa.decimal128(9, 2)), [("x", Decimal("1.50"))], {"x": Decimal("1.5")}),
    ],
)
def test_columns_become_what_records_hold(tmp_path, batch, kind, value, expected):
    """Times become RFC 3339 text in UTC, lists and structs become JSON, and nulls stay null."""
    path = tmp_path / "file.arrow"
    table = pa.table({"a": pa.array([None, value, None, value], kind)})
    with pa.ipc.new_file(str(path), table.schema) as file:
        file.write_table(table.slice(1))
    assert [expected, None, expected] == values(batch("arrow", path))
    assert {type(expected), type(None)} == {type(each) for each in values(batch("arrow", path))}


def test_an_arrow_stream_is_read_like_an_arrow_file(tmp_path, batch):
    """A file of format ``arrow`` may be an Arrow file or an Arrow stream."""
    path = tmp_path / "file.arrows"
    table = pa.table({"a": list(range(10))})
    with pa.ipc.new_stream(str(path), table.schema) as file:
        file.write_table(table, max_chunksize=4)
    found = batch("arrow", path, max_rows=3)
    assert list(range(10)) == values(found)
    assert 3 == max(len(group.rows) for group in found)


@pytest.mark.parametrize(
    "kind", [pa.binary(), pa.duration("s"), pa.list_(pa.binary()), pa.struct([("b", pa.binary())])]
)
def test_a_column_that_json_has_not_is_reported(parquet, kind):
    """A file with a column type that JSON lacks is refused as a whole, since its rows would be incomplete."""
    (bad,) = parquet([None], kind)
    assert isinstance(bad, BadLine)
    assert bad.reason.startswith("the file cannot be read: column a is of type")


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("place", range(1, 6))
def test_a_row_with_nan_is_reported_between_the_good_ones(tmp_path, parquet, broken, place):
    """A row with NaN is reported, and the rows around it are read."""
    given_values = [1.5, 2.5, 3.5, 4.5]
    given_values.insert(place - 1, broken)
    found = parquet(given_values, pa.float64())
    (bad,) = [each for each in found if isinstance(each, BadLine)]
    assert f"{tmp_path}/file.parquet row {place}" == bad.origin
    spelled = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(broken)]
    assert f"holds a value that cannot be read: column a: {spelled} is not a number that JSON can hold" == bad.reason
    good = [each for each in found if isinstance(each, RecordLines)]
    assert [Decimal("1.5"), Decimal("2.5"), Decimal("3.5"), Decimal("4.5")] == values(good)
    assert [n for n in range(1, 6) if n != place] == [int(p.split()[-1]) for each in good for p in each.origins]


def test_a_row_that_is_no_text_is_reported(tmp_path, batch):
    """A row whose text is not UTF-8 is reported; not all writers of Parquet and Arrow check it."""
    path = tmp_path / "file.arrow"
    column = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff")]
    )
    table = pa.table({"a": column})
    with pa.ipc.new_file(str(path), table.schema) as file:
        file.write_table(table)
    good, bad = batch("arrow", path)
    assert ["a"] == values([good])
    assert f"{path} row 2" == bad.origin


TEXT_COLUMN = {"type": ["string", "null"], "contentMediaType": "application/json"}


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        ({"type": ["object", "null"]}, '{"x":1.10}', {"x": Decimal("1.10")}),
        ({"type": ["array"]}, "[1]", [1]),
        ({"anyOf": [{"type": "object"}, {"type": "null"}]}, '{"x":{}}', {"x": {}}),
        ({}, "[]", []),
        ({"type": ["string", "object"]}, "5", "5"),
        ({"type": ["object"]}, "{no", "{no"),
        ({"type": ["string", "integer"]}, "[1]", "[1]"),
        (TEXT_COLUMN, '{"x":null}', {"x": None}),
        (TEXT_COLUMN, "5", 5),
        (TEXT_COLUMN, '"5"', "5"),
        (TEXT_COLUMN, "NaN", "NaN"),
        ({"type": "string"}, "{}", "{}"),
        ({"type": ["null", "string"]}, "[1]", "[1]"),
    ],
)
def test_json_text_becomes_what_it_stands_for(parquet, schema, text, expected):
    """Text is decoded where the schema says object, array or JSON text; other text is unchanged."""
    assert [expected] == values(parquet([text], pa.string(), {"properties": {"a": schema}}))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [({"type": "string"}, {}), ({"type": ["string", "null"]}, {"a": None}), ({}, {"a": None})],
)
def test_null_where_no_null_may_be_is_a_field_that_was_not_there(parquet, schema, expected):
    """Null in a column that must not be null means that the row does not have the field."""
    (found,) = parquet([None], pa.string(), {"properties": {"a": schema}})
    assert [expected] == found.rows


def test_a_batch_before_its_schema_is_read(tmp_path):
    """The reader accepts a BATCH before its SCHEMA; the target decides whether that is allowed."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a":1}')
    message = {"type": "BATCH", "stream": "s", "encoding": {"format": "jsonl"}, "manifest": [str(path)]}
    (found,) = read_messages(io.BytesIO(json.dumps(message).encode()))
    assert [{"a": 1}] == found.rows


@pytest.mark.parametrize("compression", ["zstd", "GZIP", "lz77", 7, ["gzip"], {"a": 1}, True])
def test_an_unknown_compression_is_named(tmp_path, batch, compression):
    """An unknown compression is refused with the supported ones, before any file is opened."""
    (found,) = batch("jsonl", tmp_path / "not-there.jsonl", compression=compression)
    assert isinstance(found, BadLine)
    assert f"compression {str(compression)!r} is not supported; use gzip or none" in found.reason
