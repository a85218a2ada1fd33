"""What MessageWriter writes, read back with the standard library."""

import io
import json
import threading
from datetime import UTC, datetime

import msgspec
import pytest

from talon_one_singer.errors import ClosedPipe, OutputError
from talon_one_singer.protocol.message_writer import MessageWriter

_NOW = datetime(2026, 11, 22, 12, 0, 0, 5, tzinfo=UTC)


class Output(io.BytesIO):
    """An output that records the size of each write and counts flushes."""

    def __init__(self):
        super().__init__()
        self.writes = []
        self.flushes = 0

    def write(self, data):
        """Record the size."""
        self.writes.append(len(data))
        return super().write(data)

    def flush(self):
        """Count the flush."""
        self.flushes += 1

    def messages(self):
        """What was written, parsed."""
        return [json.loads(line) for line in self.getvalue().split(b"\n")[:-1]]


@pytest.fixture
def out():
    return Output()


@pytest.fixture
def broken_output():
    """An output whose write or flush fails until it is repaired."""

    class Broken(Output):
        """An output of which one method fails."""

        def __init__(self, at, error):
            super().__init__()
            self._at = at
            setattr(self, at, self._fail)
            self._error = error

        def _fail(self, *_):
            raise self._error

        def repair(self):
            """Let the method work from now on."""
            delattr(self, self._at)

    return Broken


@pytest.fixture
def writer(out):
    return MessageWriter(out, clock=lambda: _NOW)


def test_a_schema_names_keys_and_bookmarks(writer, out):
    """SCHEMA carries stream, schema, key_properties and bookmark_properties."""
    writer.schema("users", {"type": "object"}, ("id",), ["updated"])
    expected = {
        "type": "SCHEMA",
        "stream": "users",
        "schema": {"type": "object"},
        "key_properties": ["id"],
        "bookmark_properties": ["updated"],
    }
    assert [expected] == out.messages()


def test_records_wrap_encoded_rows_in_one_write(writer, out):
    """A page of encoded rows becomes one line for each row in a single write, byte for byte."""
    page = msgspec.json.decode(b'[{"a":1.10},{"b":"\\u00e9"}]', type=list[msgspec.Raw])
    writer.records("users", [*page, b'{"c":null}'], "2026-01-01T00:00:00Z")
    assert 1 == len(out.writes)
    assert b'{"type":"RECORD","stream":"users","record":{"a":1.10},"time_extracted":"2026-01-01T00:00:00Z"}' in (
        out.getvalue().splitlines()
    )
    assert [{"a": 1.1}, {"b": "é"}, {"c": None}] == [m["record"] for m in out.messages()]


def test_records_take_the_time_from_the_clock(writer, out):
    """Without time_extracted, records have the time of the clock."""
    writer.records("users", [b"{}"])
    assert "2026-11-22T12:00:00.000005Z" == out.messages()[0]["time_extracted"]


def test_records_carry_the_table_version(writer, out):
    """Every record carries the given table version."""
    writer.records("users", [b"{}", b"{}"], version=7)
    writer.activate_version("users", 7)
    assert [7, 7, 7] == [m["version"] for m in out.messages()]


def test_no_records_write_nothing(writer, out):
    """An empty page writes nothing."""
    writer.records("users", [])
    assert [] == out.writes


@pytest.mark.parametrize("space", [b"\n", b"\r\n", b"\r"])
def test_rows_of_pretty_printed_json_stay_one_line(writer, out, space):
    """A line break between tokens is removed; one inside a string stays escaped."""
    writer.records("users", [b"{}", b"{" + space + b'  "a": "x\\ny"}'])
    assert [{}, {"a": "x\ny"}] == [m["record"] for m in out.messages()]
    assert 2 == len(out.getvalue().decode().splitlines())


def test_names_are_escaped(writer, out):
    """The name of a stream may contain any character."""
    writer.records('a"\\', [b"{}"])
    assert 'a"\\' == out.messages()[0]["stream"]


def test_state_flushes(writer, out):
    """After a STATE everything has been flushed to the reader."""
    writer.records("users", [b"{}"])
    before = out.flushes
    writer.state({"bookmarks": {}})
    assert 0 == before
    assert 1 == out.flushes
    assert {"type": "STATE", "value": {"bookmarks": {}}} == out.messages()[-1]


def test_threads_do_not_tear_lines(tmp_path):
    """Rows that eight threads write arrive complete, and none is lost."""
    path = tmp_path / "out"
    with path.open("wb") as out:
        writer = MessageWriter(out)
        threads = [threading.Thread(target=_write_pages, args=(writer, n)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    records = [json.loads(line)["record"] for line in path.read_bytes().splitlines()]
    assert sorted((n, i) for n in range(8) for i in range(50) for _ in range(20)) == sorted(
        (r["n"], r["i"]) for r in records
    )


def _write_pages(writer, n):
    for i in range(50):
        writer.records(f"s{n}", [b'{"n":%d,"i":%d}' % (n, i)] * 20)


def test_an_unbuffered_output_gets_everything():
    """If the output accepts only a part of a write, the rest is written too."""

    class Slow(io.BytesIO):
        def write(self, data):
            return super().write(data[:7])

    out = Slow()
    MessageWriter(out).records("users", [b'{"a":1}'], "t")
    assert {"a": 1} == json.loads(out.getvalue())["record"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BrokenPipeError(32, "Broken pipe"), (ClosedPipe, 141)),
        (ConnectionResetError(104, "reset"), (ClosedPipe, 141)),
        (OSError(28, "No space left on device"), (OutputError, 1)),
    ],
)
@pytest.mark.parametrize("at", ["write", "flush"])
def test_a_failed_write_is_final(broken_output, error, expected, at):
    """A failed write raises OutputError, and nothing is written after it."""
    out = broken_output(at, error)
    writer = MessageWriter(out)
    with pytest.raises(OutputError) as first:
        writer.state({})
    out.repair()
    size = len(out.getvalue())
    with pytest.raises(expected[0]):
        writer.records("users", [b"{}"])
    assert expected == (type(first.value), first.value.exit_code)
    assert size == len(out.getvalue())


def test_a_full_disk_says_so(broken_output):
    """The message about a full disk names the reason and what to do."""
    writer = MessageWriter(broken_output("write", OSError(28, "No space left on device")))
    with pytest.raises(OutputError, match="No space left on device; free space") as raised:
        writer.state({})
    assert 1 == len(raised.value.lines)
