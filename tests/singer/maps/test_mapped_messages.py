"""The messages of an input through maps: names, rows, origins, deletions and lines that cannot be used."""

from __future__ import annotations

import json

from talon_one_singer.maps.mapped_messages import mapped_messages
from talon_one_singer.maps.settings import MAPS
from talon_one_singer.maps.stream_maps import StreamMaps
from talon_one_singer.protocol.messages import BadLine, RecordLines, SchemaLine, StateLine, VersionLine

SCHEMA = SchemaLine(1, "raw", {"properties": {"id": {"type": "integer"}, "city": {"type": "string"}}}, ("id",))
MARK = {"_sdc_deleted_at": "2026-01-01"}


def mapped(*messages, **maps):
    """Return what the maps make of messages."""
    settings = {one.name: one.default for one in MAPS} | {"stream_maps": maps}
    return list(mapped_messages(iter([SCHEMA, *messages]), StreamMaps(settings)))


def rows(*found, stream="raw", first=2):
    """Return RecordLines of rows."""
    return RecordLines(stream, list(found), [f"line {first + n}" for n in range(len(found))], 5)


def test_all_messages_of_a_stream_get_its_new_name():
    """SCHEMA, rows, versions and bad lines are about the mapped stream; states and other streams stay."""
    bad, state, other = BadLine("line 9", "no", "raw", "x"), StateLine(8, {}), rows({"id": 3}, stream="other")
    found = mapped(rows({"id": 1, "city": "a"}), VersionLine(7, "raw", 5), bad, state, other, raw={"__alias__": "vip"})
    assert ["vip", "vip", "vip", "vip", "other"] == [one.stream for one in found if not isinstance(one, StateLine)]
    assert state in found
    assert other in found


def test_a_filter_leaves_rows_out_and_the_others_keep_their_origin():
    """Rows keep their line and version."""
    (_, found) = mapped(rows({"id": 1, "city": "a"}, {"id": 2, "city": "b"}), raw={"__filter__": "id > 1"})
    assert RecordLines("raw", [{"id": 2, "city": "b"}], ["line 3"], 5) == found


def test_a_row_that_cannot_be_mapped_is_a_bad_line_between_the_others():
    """The line is kept whole, so that it can be sent again, and the rows around it go on."""
    given = rows({"id": 1, "city": "a"}, {"id": 2}, {"id": 3, "city": "c"})
    _, before, bad, after = mapped(given, raw={"city": "city + '!'"})
    assert RecordLines("raw", [{"id": 1, "city": "a!"}], ["line 2"], 5) == before
    assert ("line 3", "raw", "record") == (bad.origin, bad.stream, bad.kind)
    assert {"type": "RECORD", "stream": "raw", "record": {"id": 2}} == json.loads(bad.content)
    assert RecordLines("raw", [{"id": 3, "city": "c!"}], ["line 4"], 5) == after


def test_a_row_that_is_marked_as_deleted_is_never_lost():
    """A mark survives a map that drops its column, a filter that leaves the row out, and columns that are missing."""
    marked = {"id": 1, **MARK}
    for maps, expected in (
        ({"id": "id", "__else__": None}, {"id": 1, **MARK}),
        ({"__filter__": "id > 1"}, marked),
        ({"city": "city + '!'"}, marked),
    ):
        _, found = mapped(rows(marked), raw=maps)
        assert [expected] == found.rows


def test_a_stream_that_is_left_out_has_no_messages():
    """Nothing of the stream goes on."""
    assert [] == mapped(rows({"id": 1}), VersionLine(3, "raw", 5), BadLine("line 4", "no", "raw", "x"), raw=None)


def test_a_map_of_a_stream_that_never_comes_is_warned_of(caplog):
    """A misspelled name is logged at the end of the input."""
    mapped(rows({"id": 1}), rwa={"city": None})
    assert "the input has no stream 'rwa', so its map did nothing" in caplog.text
