"""What a tap sends, read: rows, order, places, and every kind of line that cannot be used."""

from __future__ import annotations

import io
import os
import tracemalloc
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon_one_singer.errors import SingerError
from talon_one_singer.protocol.message_reader import read_messages
from talon_one_singer.protocol.message_writer import MessageWriter
from talon_one_singer.protocol.messages import BadLine, RecordLines, SchemaLine, StateLine, VersionLine
from talon_one_singer.settings.input_limits import InputLimits

RECORD = b'{"type":"RECORD","stream":"users","record":{"id":1}}'


def read(*lines, **options):
    """The messages of the lines."""
    return list(read_messages(io.BytesIO(b"\n".join(lines)), **options))


def bad(line, **options):
    """The BadLine of a line between two good ones."""
    before, found, after = read(RECORD, line, RECORD, b"", **options)
    assert ["line 1"] == before.origins
    assert ["line 3"] == after.origins
    assert "line 2" == found.origin
    return found


def test_messages_come_in_their_order():
    """SCHEMA, rows, STATE and ACTIVATE_VERSION are yielded in the order of the input."""
    found = read(
        b'{"type":"SCHEMA","stream":"users","schema":{"type":"object"},"key_properties":["id"]}',
        RECORD,
        RECORD.replace(b"1", b"2"),
        b'{"type":"STATE","value":{"bookmarks":{}}}',
        RECORD.replace(b"1", b"3"),
        b'{"type":"ACTIVATE_VERSION","stream":"users","version":7}',
    )
    assert [
        SchemaLine(1, "users", {"type": "object"}, ("id",)),
        RecordLines("users", [{"id": 1}, {"id": 2}], ["line 2", "line 3"], None),
        StateLine(4, {"bookmarks": {}}),
        RecordLines("users", [{"id": 3}], ["line 5"], None),
        VersionLine(6, "users", 7),
    ] == found


def test_rows_of_one_stream_and_version_come_together():
    """Another stream, another version, or max_rows rows start a new group of rows."""
    parts = [(b"a", b"1"), (b"a", b"1"), (b"a", b"1"), (b"a", b"2"), (b"b", b"2"), (b"b", b"null")]
    lines = [b'{"type":"RECORD","stream":"%s","record":{},"version":%s}' % part for part in parts]
    found = [(m.stream, m.version, m.origins) for m in read(*lines, max_rows=2)]
    expected = [("a", 1, ["line 1", "line 2"]), ("a", 1, ["line 3"]), ("a", 2, ["line 4"]), ("b", 2, ["line 5"])]
    assert [*expected, ("b", None, ["line 6"])] == found


def test_numbers_keep_all_digits():
    """Fractions become Decimals with all digits, and integers of any size stay integers."""
    (found,) = read(
        b'{"type":"RECORD","stream":"s","record":{"a":1.10,"b":-1E-7,"c":%s,"d":[5,{"e":0.0}]}}' % (b"9" * 99)
    )
    assert [{"a": "1.10", "b": "-1E-7", "c": "9" * 99, "d": "[5, {'e': Decimal('0.0')}]"}] == [
        {name: str(value) for name, value in row.items()} for row in found.rows
    ]
    assert [Decimal, Decimal, int, list] == [type(value) for value in found.rows[0].values()]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"hello", "not JSON: invalid character (byte 0)"),
        (b"{'type': 1}", "not JSON: object keys must be strings (byte 1)"),
        (RECORD[:-1], "not JSON: its end is missing"),
        (RECORD + b"}", "not JSON: trailing characters"),
        (RECORD + RECORD, "not JSON: trailing characters"),
        (RECORD.replace(b"1", b"NaN"), "holds NaN or Infinity"),
        (RECORD.replace(b"1", b"-Infinity"), "holds NaN or Infinity"),
        (RECORD.replace(b"1", b"1" * 5000), "holds an integer of more than 4,300 digits"),
        (RECORD.replace(b"1", b"1e9999999999999999999"), "holds a number whose exponent is too large"),
        (RECORD.replace(b"1", b'"\xff"'), "not UTF-8 text"),
        (RECORD.replace(b"1", b'"\xed\xa0\x80"'), "not UTF-8 text"),
        (RECORD.replace(b"1", rb'"\ud800"'), "holds half of a surrogate pair"),
        (RECORD.replace(b"1", rb'"\ud800 and more"'), "holds half of a surrogate pair"),
        (RECORD.replace(b"1", rb'"\udc00"'), "holds half of a surrogate pair"),
        (rb'"\ud800"', "holds half of a surrogate pair"),
        (b"[" * 100_000, "nested too deeply"),
        (b"17", "a number instead of a JSON object"),
        (b"1.5", "a number instead of a JSON object"),
        (b"[]", "an array instead of a JSON object"),
        (b"null", "null instead of a JSON object"),
        (b"{}", "it has no type"),
        (b'{"type":"RECORDS"}', "its type is none of STATE, SCHEMA, RECORD, BATCH, ACTIVATE_VERSION"),
        (b'{"type":null}', "its type is none of STATE, SCHEMA"),
        (b'{"type":{}}', "its type is none of STATE, SCHEMA"),
        (b'{"type":"STATE"}', "the STATE has no value"),
        (b'{"type":"STATE","value":[]}', "value must be an object, not an array"),
        (b'{"type":"RECORD","record":{}}', "the RECORD has no stream"),
        (b'{"type":"RECORD","stream":5,"record":{}}', "stream must be a string, not a number"),
    ],
)
def test_a_line_that_cannot_be_used_is_reported(line, reason):
    """An unusable line is reported with a reason, and reading continues with the next line."""
    found = bad(line)
    assert reason in found.reason
    assert found.stream is None


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (b'"type":"RECORD"', "the RECORD has no record"),
        (b'"type":"RECORD","record":null', "the RECORD has no record"),
        (b'"type":"RECORD","record":[1]', "record must be an object, not an array"),
        (b'"type":"RECORD","record":{},"version":"1"', "version must be an integer, not a string"),
        (b'"type":"RECORD","record":{},"version":true', "version must be an integer, not a boolean"),
        (b'"type":"SCHEMA","key_properties":[]', "the SCHEMA has no schema"),
        (b'"type":"SCHEMA","schema":true', "schema must be an object, not a boolean"),
        (b'"type":"SCHEMA","schema":{},"key_properties":"id"', "key_properties must be a list, not a string"),
        (b'"type":"SCHEMA","schema":{},"key_properties":[1]', "key_properties must be a list of strings"),
        (b'"type":"ACTIVATE_VERSION"', "the ACTIVATE_VERSION has no version"),
        (b'"type":"ACTIVATE_VERSION","version":1.5', "version must be an integer, not a number"),
        (b'"type":"BATCH","manifest":[]', "the BATCH has no encoding"),
        (b'"type":"BATCH","encoding":{"format":"jsonl"}', "the BATCH has no manifest"),
        (b'"type":"BATCH","encoding":{"format":"jsonl"},"manifest":[1]', "manifest must be a list of strings"),
        (
            b'"type":"BATCH","encoding":{"format":"avro"},"manifest":[]',
            "the encoding.format of the BATCH is not jsonl, parquet or arrow",
        ),
    ],
)
def test_a_message_with_a_wrong_part_names_its_stream(rest, reason):
    """A BadLine names its stream if the stream is known."""
    found = bad(b'{"stream":"users",' + rest + b"}")
    assert "users" == found.stream
    assert reason == found.reason


@pytest.mark.parametrize("keys", [b"", b',"key_properties":null', b',"key_properties":[]'])
def test_a_schema_may_have_no_keys(keys):
    """key_properties may be missing, null or empty, because taps use all three forms."""
    assert [SchemaLine(1, "s", {}, ())] == read(b'{"type":"SCHEMA","stream":"s","schema":{}%s}' % keys)


def test_fields_that_do_not_belong_to_a_message_do_not_matter():
    """A RECORD with unknown or unusual additional fields is read as a RECORD."""
    (found,) = read(b'{"value":1,"schema":[],"time_extracted":{},"x":1,"record":{"a":1},"stream":"s","type":"RECORD"}')
    assert [{"a": 1}] == found.rows


@pytest.mark.parametrize(("rest", "version"), [(b"", None), (b',"version":null', None), (b',"version":3', 3)])
def test_a_repeated_type_does_not_lose_the_row(rest, version):
    """If a message has two types, the last one counts, as in every JSON reader."""
    (found,) = read(b'{"type":"STATE","type":"RECORD","stream":"s","record":{"a":1}%s}' % rest)
    assert RecordLines("s", [{"a": 1}], ["line 1"], version) == found


def test_empty_lines_are_skipped_but_counted():
    """Line numbers count empty lines, with Windows line ends too."""
    found = read(b"", b"  ", RECORD + b"\r", b"\r", RECORD)
    assert ["line 3", "line 5"] == [place for message in found for place in message.origins]


@pytest.mark.parametrize("size", [1, 2, 1 << 20])
def test_a_byte_order_mark_is_dropped(size):
    """A byte order mark is dropped, also if its bytes arrive one by one."""
    source = Slow(b"\xef\xbb\xbf" + RECORD + b"\n" + RECORD, size)
    assert ["line 1", "line 2"] == [place for message in read_messages(source) for place in message.origins]


class Slow(io.BytesIO):
    """A source that returns at most a few bytes at once."""

    def __init__(self, content, size):
        super().__init__(content)
        self._size = size

    def read1(self, size=-1):
        """Return a few bytes."""
        return super().read1(min(size, self._size))


@given(
    st.lists(st.sampled_from([RECORD, b"", b"x" * 30, b'{"type":"STATE","value":{}}', RECORD + b" " * 99])), st.data()
)
def test_where_the_input_is_cut_does_not_matter(lines, data):
    """The messages do not depend on how the input is split into reads."""
    content = b"\n".join(lines)
    size = data.draw(st.integers(1, len(content) + 1))
    expected = list(_single(read(content, limits=InputLimits(max_line_bytes=80))))
    assert expected == list(_single(read_messages(Slow(content, size), limits=InputLimits(max_line_bytes=80))))


def _single(messages):
    for message in messages:
        if isinstance(message, RecordLines):
            yield from zip(message.rows, message.origins, strict=True)
        else:
            yield message


def test_a_last_line_without_a_line_break_counts():
    """The last line of a file is read without a line break at its end."""
    assert [StateLine(1, {})] == read(b'{"type":"STATE","value":{}}')


@pytest.mark.parametrize("cut", [1, 20, 45, len(RECORD) - 1])
def test_a_torn_end_is_reported(cut):
    """Input that ends in the middle of a line is distinguished from a line that is not JSON."""
    good, torn = read(RECORD, RECORD[:cut])
    assert ["line 1"] == good.origins
    assert "line 2" == torn.origin
    assert "the input ends in the middle of this line" == torn.reason
    assert RECORD[:cut].decode() == torn.text


def test_a_line_that_is_too_long_is_reported_and_left_out():
    """Only the beginning of a long line is kept, however it arrives, and its neighbors are read."""
    line = b'{"type":"RECORD","stream":"s","record":{"a":"%s"}}' % (b"x" * 5000)
    found = bad(line, limits=InputLimits(max_line_bytes=1000))
    assert "longer than 1,000 bytes, the limit of max_line_bytes" == found.reason
    assert line[:500].decode() == found.text
    pieces = list(read_messages(Slow(b"\n".join((RECORD, line, RECORD)), 100), limits=InputLimits(max_line_bytes=1000)))
    assert [["line 1"], found, ["line 3"]] == [getattr(each, "origins", each) for each in pieces]
    assert read(line, b"", limits=InputLimits(max_line_bytes=len(line)))[0].rows


def test_a_long_line_that_would_be_json_when_cut_is_refused():
    """A long line is refused even if its kept beginning is valid JSON."""
    assert "longer than" in bad(RECORD + b" " * 5000, limits=InputLimits(max_line_bytes=1000)).reason


def test_a_long_line_at_a_torn_end_is_reported_as_torn():
    """A long line at the end of a torn input is reported as long and as torn."""
    (found,) = read(b"x" * 5000, limits=InputLimits(max_line_bytes=1000))
    assert (
        "longer than 1,000 bytes, the limit of max_line_bytes, and the input ends in the middle of this line"
        == found.reason
    )


def test_the_text_of_a_bad_line_is_printable_and_short():
    """Control characters and invalid bytes are escaped, and the text has at most 500 characters."""
    assert r"a\t\x1b[31m\xff\u202e" == bad(b"a\t\x1b[31m\xff\xe2\x80\xae").text
    assert "€" * 500 == bad("€".encode() * 600).text
    assert r"\x00" * 125 == bad(b"\0" * 600).text


def test_a_reason_holds_no_values():
    """Reasons contain no values, because logs must not contain personal data."""
    secret = b"jane@example.com"
    lines = (RECORD.replace(b"1", b'"%s" "' % secret), b'"%s"' % secret, b'{"type":"%s"}' % secret, secret)
    assert not [line for line in lines if secret.decode() in bad(line).reason]


def test_a_large_line_needs_a_few_times_its_size():
    """A line of 50 MB needs less than 500 MB of memory."""
    size = 50_000_000
    content = b'{"type":"RECORD","stream":"s","record":{"a":"' + b"x" * size + b'"}}\n'
    source = Slow(content, 65536)
    tracemalloc.start()
    (found,) = read_messages(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == len(found.rows[0]["a"])
    assert peak < 3.5 * size


def test_lines_that_are_too_long_do_not_need_memory():
    """Only the beginning of an endless line is kept in memory."""
    source = Slow(b"x" * 20_000_000, 65536)
    tracemalloc.start()
    (found,) = read_messages(source, limits=InputLimits(max_line_bytes=1_000_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "x" * 500 == found.text
    assert peak < 4_000_000


@pytest.fixture
def pipe():
    """Both ends of a pipe, as files; the writing end is unbuffered."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb", buffering=0) as out:
        yield source, out


def test_rows_do_not_wait_for_more(pipe):
    """Rows in the pipe are yielded before the group is full, and a STATE comes after its rows."""
    source, out = pipe
    messages = read_messages(source)
    out.write(RECORD + b"\n" + RECORD[:9])
    assert ["line 1"] == next(messages).origins
    out.write(RECORD[9:] + b'\n{"type":"STATE","value":{}}\n')
    assert ["line 2"] == next(messages).origins
    assert StateLine(3, {}) == next(messages)


def test_a_pipe_that_does_not_wait_is_read_to_its_end(pipe):
    """An empty moment of a non-blocking pipe is not taken for its end."""
    source, out = pipe
    os.set_blocking(source.fileno(), False)
    messages = read_messages(source)
    out.write(RECORD + b"\n")
    next(messages)
    assert os.get_blocking(source.fileno())


def test_an_input_that_fails_is_an_error():
    """An input that fails raises an error after the rows before the failure were yielded."""

    class Failing(io.BytesIO):
        def read1(self, size=-1):
            found = super().read1(size)
            if not found:
                raise OSError(5, "Input/output error")
            return found

    messages = read_messages(Failing(RECORD + b"\n"))
    assert ["line 1"] == next(messages).origins
    with pytest.raises(SingerError, match="cannot read the input: Input/output error; run again"):
        next(messages)


SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
ROWS = st.dictionaries(st.text(), VALUES, max_size=5)
WRITTEN = st.one_of(
    st.tuples(st.just("records"), st.text(), st.lists(ROWS, min_size=1, max_size=5), st.none() | st.integers()),
    st.tuples(st.just("state"), ROWS),
    st.tuples(st.just("schema"), st.text(), ROWS, st.lists(st.text())),
    st.tuples(st.just("activate_version"), st.text(), st.integers()),
)
encode = msgspec.json.Encoder(decimal_format="number").encode


@given(st.lists(WRITTEN), st.integers(1, 200), st.integers(1, 4))
def test_what_the_writer_writes_is_read(messages, size, max_rows):
    """The reader returns every message of the writer with its values and in its order."""
    out = io.BytesIO()
    writer = MessageWriter(out)
    for kind, *values in messages:
        if kind == "records":
            stream, rows, version = values
            writer.records(stream, list(map(encode, rows)), version=version)
        else:
            getattr(writer, kind)(*values)
    found = read_messages(Slow(out.getvalue(), size), max_rows=max_rows)
    assert list(_written(messages)) == list(_read(found))


def _written(messages):
    for kind, *values in messages:
        if kind == "records":
            yield from ((kind, values[0], row, values[2]) for row in values[1])
        else:
            yield kind, *values


def _read(messages):
    for message in messages:
        match message:
            case RecordLines(stream, rows, _, version):
                yield from (("records", stream, row, version) for row in rows)
            case StateLine(_, value):
                yield "state", value
            case SchemaLine(_, stream, schema, keys):
                yield "schema", stream, schema, list(keys)
            case VersionLine(_, stream, version):
                yield "activate_version", stream, version
            case BadLine():
                yield message


@pytest.mark.parametrize(
    "row",
    [
        b'{"a":1,"a":2}',
        b'{"b":{"a":1,"a":2}}',
        b'{"b" : 1, "c":[{"a" : 1, "a" : 1}]}',
        b'{"a":1,"a":2,"b"  :3}',
        b'{"a":1,"a":2,"b" \t:3}',
    ],
)
def test_a_row_that_has_a_name_twice_is_reported(row):
    """A row with a repeated name is reported, because either value could be meant."""
    found = bad(b'{"type":"RECORD","stream":"s","record":%b}' % row)
    assert "has the name 'a' twice in one object" == found.reason


@pytest.mark.parametrize("line", [RECORD.replace(b"1", b"[" * depth + b"]" * depth) for depth in (99, 500, 5000)])
def test_a_row_that_is_nested_too_deeply_is_reported(line):
    """A row nested beyond the setting or beyond Python's limit is reported; its neighbors are read."""
    first, found, last = read(RECORD, line, RECORD)
    assert 1 == len(first.rows)
    assert 1 == len(last.rows)
    assert "nested" in found.reason


def test_a_row_nested_up_to_the_limit_is_read():
    """The message and the row count as two levels of nesting."""
    line = RECORD.replace(b"1", b"[" * 98 + b"]" * 98)
    assert 3 == sum(len(found.rows) for found in read(RECORD, line, RECORD))


LINES = st.sampled_from(
    [
        RECORD,
        RECORD.replace(b"users", b"orders"),
        b'{"type": "RECORD", "stream": "users", "record": {"id": 2.50}, "version": 3}',
        b'{"type":"RECORD","stream":"users","record":{"a":[1,{"b":2}]},"time_extracted":"2024-01-01T00:00:00Z"}',
        b'{"type":"RECORD","stream":"users","record":{"a" :1}}',
        b'{"type":"RECORD","stream":"users","record":{"a\\":":"{"}}',
        b'{"stream":"users","type":"RECORD","record":{"id":4}}',
        b'{"type":"RECORD","stream":"users","record":{"a":1,"a":2}}',
        b'{"type":"RECORD","stream":"users","record":{"a"\r:1,"a":2}}',
        b'{"type":"RECORD","stream":"users","record":{"a":[' + b"[" * 99 + b"]" * 99 + b"]}}",
        b'{"type":"RECORD","stream":"users","record":{"id":1},"record":{"id":2}}',
        b'{"type":"RECORD","stream":"users","record":{"id":NaN}}',
        b'{"type":"RECORD","stream":"users","record":{"a":[{}',
        b'{"type":"RECORD","stream":"users","record":{}},' + RECORD,
        b"]}}",
        b'{"type":"RECORD","stream":"users"}',
        b'{"type":"STATE","value":{"x":1}}',
        b"",
        b"no JSON",
    ]
)


class LineByLine(io.BytesIO):
    """A pipe from which each read returns one line."""

    def read1(self, size=-1):
        """Return a line."""
        return self.readline()


@given(st.lists(LINES, max_size=12))
def test_lines_of_a_block_are_read_as_if_they_came_one_by_one(lines):
    """The messages of lines that arrive together are those of lines that arrive one by one."""
    text = b"".join(line + b"\n" for line in lines)
    assert list(_single(read_messages(LineByLine(text)))) == list(_single(read_messages(io.BytesIO(text))))


def _single(messages):
    for message in messages:
        if isinstance(message, RecordLines):
            rows = zip(message.rows, message.origins, strict=True)
            yield from ((message.stream, repr(row), origin, message.version) for row, origin in rows)
        else:
            yield message
