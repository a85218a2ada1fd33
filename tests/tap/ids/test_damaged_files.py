"""Every kind of ids file against faults of columns, names and content; a new kind has to join the walk."""

from __future__ import annotations

import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from talon_one_singer import ConfigError
from talon_one_singer.settings.input_limits import InputLimits
from tap_talon_one.ids import sources as ids
from tap_talon_one.ids.sources import ids_in_file

KINDS = [f"{kind}{end}" for kind in (".csv", ".jsonl", ".ndjson", ".json", ".parquet") for end in ("", ".gz")]


def test_every_kind_of_file_is_walked():
    """The tests below cover every kind of file that the reader supports."""
    assert set(ids._READERS) == {kind.removesuffix(".gz") for kind in KINDS}


def content_of(kind, names, *rows):
    """Return the content of a file of the kind with these names and rows; a name may occur twice."""
    if kind.startswith(".csv"):
        data = "".join(",".join(row) + "\n" for row in (names, *rows)).encode()
    elif kind.startswith(".parquet"):
        out = io.BytesIO()
        columns = [pa.array([row[at] for row in rows]) for at in range(len(names))]
        pq.write_table(pa.table(columns, list(names)), out)
        data = out.getvalue()
    else:
        objects = (
            "{" + ",".join(f"{json.dumps(n)}:{json.dumps(v)}" for n, v in zip(names, row, strict=True)) + "}\n"
            for row in rows
        )
        data = "".join(objects).encode()
    return gzip.compress(data) if kind.endswith(".gz") else data


@pytest.fixture
def found(write):
    """Ids in a file of a kind: ``found(kind, content, **limits)``."""

    def read(kind, content, **limits):
        path = write(f"ids{kind}", content)
        return list(ids_in_file(path, "card_id", setting="card_ids_file", limits=InputLimits(**limits)))

    return read


def refusal(found, kind, content, **limits):
    """Return the line with which a file is refused; it names setting and file."""
    with pytest.raises(ConfigError) as refused:
        found(kind, content, **limits)
    words = str(refused.value)
    assert words.startswith("card_ids_file: ")
    assert f"ids{kind}" in words
    assert "\n" not in words
    return words


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["CARD_ID", " card_id ", "Card_Id"])
def test_the_column_may_be_written_differently(found, kind, name):
    """The column of ids is found whatever its letter case and surrounding spaces."""
    assert ["007"] == found(kind, content_of(kind, ["n", name], ["1", "007"]))


@pytest.mark.parametrize("kind", KINDS)
def test_two_columns_that_could_be_meant_are_reported(found, kind):
    """An ambiguous name is an error that names the setting to change."""
    words = refusal(found, kind, content_of(kind, ["CARD_ID", "Card_Id"], ["1", "2"]))
    assert "'card_id' could mean the column 'CARD_ID' or 'Card_Id'" in words
    assert "card_ids_column" in words


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_that_comes_twice_is_reported(found, kind):
    """A repeated column is an error; otherwise the last one would be read."""
    words = refusal(found, kind, content_of(kind, ["card_id", "n", "card_id"], ["1", "2", "3"]))
    assert "'card_id'" in words
    assert "twice" in words or "two columns" in words


TEXTS = [kind for kind in KINDS if not kind.startswith(".parquet")]


@pytest.mark.parametrize("kind", TEXTS)
def test_a_line_beyond_the_limit_is_reported(found, kind):
    """A line beyond the limit is an error that names line and setting."""
    content = content_of(kind, ["card_id"], ["1"], ["x" * 2000])
    assert "longer than 1,000 bytes, the limit of max_line_bytes" in refusal(found, kind, content, max_line_bytes=1000)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.endswith(".gz")])
def test_a_file_that_unpacks_to_too_much_is_reported(found, kind):
    """A file that unpacks from 40 KB to 40 MB is reported."""
    many = [["x" * 100_000]] * 400
    content = content_of(kind, ["card_id"], *many)
    if kind.startswith(".parquet"):
        content = gzip.compress(bytes(40_000_000))
    words = refusal(found, kind, content)
    assert "unpacks to more than 200 times its size, the limit of max_decompression_ratio" in words


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.endswith(".gz")])
@pytest.mark.parametrize("cut", [0, 12, -5])
def test_a_cut_compressed_file_is_reported(found, kind, cut):
    """A cut file lacks ids, so it is an error."""
    content = content_of(kind, ["card_id"], *([str(number * 7919)] for number in range(2000)))
    refusal(found, kind, content[:cut])


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_reported(found, kind, encoding):
    """A file in another encoding is an error that names the line."""
    plain = kind.removesuffix(".gz")
    data = content_of(plain, ["card_id"], ["ö"]).decode().replace("\\u00f6", "ö").encode(encoding)
    words = refusal(found, kind, gzip.compress(data) if kind.endswith(".gz") else data)
    assert "not UTF-8 text" in words
    assert ", line " in words


@pytest.mark.parametrize("kind", [kind for kind in TEXTS if kind.startswith(".csv")])
@pytest.mark.parametrize("text", ["card_id,n\n1\n", "card_id,n\n1,2,3\n", 'card_id,n\n"1,2\n', "card_id\n1\0\n"])
def test_a_broken_row_is_reported(found, kind, text):
    """A row with missing or extra values is an error; it is not left out."""
    assert ", line 2: " in refusal(found, kind, gzip.compress(text.encode()) if kind.endswith(".gz") else text)


@pytest.mark.parametrize("kind", [kind for kind in TEXTS if not kind.startswith(".csv")])
def test_a_line_nested_too_deeply_is_reported(found, kind):
    """JSON beyond the limit is an error at any depth."""
    for depth in (101, 5000):
        data = b'{"card_id":"1"}\n{"card_id":' + b"[" * depth + b"]" * depth + b"}\n"
        assert ", line 2: nested" in refusal(found, kind, gzip.compress(data) if kind.endswith(".gz") else data)
