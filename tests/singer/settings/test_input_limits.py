"""Limits of input hold wherever input comes in; a new place has to take them from the settings."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from dataclasses import fields

import pytest

from talon_one_singer.errors import ConfigError
from talon_one_singer.protocol.message_reader import read_messages
from talon_one_singer.protocol.message_writer import MessageWriter
from talon_one_singer.protocol.messages import BadLine, RecordLines
from talon_one_singer.settings.input_limits import INPUT, InputError, InputLimits, unpacked
from talon_one_singer.settings.json_files import MAX_NESTING_DEPTH, read_json_object
from talon_one_singer.settings.table import SettingsTable

PACK = {"gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
ROW = b'{"id":"%b"}\n' % (b"x" * 100_000)


def test_the_settings_are_the_limits():
    """There is a setting for each limit, with the same default."""
    assert [setting.name for setting in INPUT] == [field.name for field in fields(InputLimits)]
    assert InputLimits() == InputLimits.of(SettingsTable("X", INPUT).load([]))


def rows_of_batch(tmp_path, content, compression, **limits):
    """Return what is read from a BATCH with one compressed file of JSON Lines."""
    path = tmp_path / f"rows.{compression}"
    path.write_bytes(content)
    out = io.BytesIO()
    writer = MessageWriter(out)
    writer.schema("s", {"properties": {"id": {}}}, ["id"])
    writer.batch("s", {"format": "jsonl", "compression": compression}, [str(path)])
    _, *found = read_messages(io.BytesIO(out.getvalue()), limits=InputLimits(**limits))
    return found


@pytest.mark.parametrize("compression", PACK)
def test_a_batch_file_that_unpacks_to_too_much_is_reported(tmp_path, compression):
    """A compression bomb of any format is reported in one line, with bounded memory."""
    packed = PACK[compression](ROW * 400)
    found = rows_of_batch(tmp_path, packed, compression)
    assert "unpacks to more than 200 times its size, the limit of max_decompression_ratio" in found[-1].reason
    raised = rows_of_batch(tmp_path, packed, compression, max_decompression_ratio=10**9)
    assert 400 == sum(len(each.rows) for each in raised if isinstance(each, RecordLines))


@pytest.mark.parametrize("compression", PACK)
@pytest.mark.parametrize("cut", [0, 30, -3])
def test_a_cut_batch_file_is_reported(tmp_path, compression, cut):
    """A truncated batch file is reported with its name."""
    rows = b"".join(b'{"id":"%d"}\n' % (number * 7919) for number in range(5000))
    found = rows_of_batch(tmp_path, PACK[compression](rows)[:cut], compression)
    assert isinstance(found[-1], BadLine)
    assert str(tmp_path) in found[-1].origin


def test_what_is_not_compressed_has_no_ratio():
    """A file that is not compressed is read as it is."""
    file = io.BytesIO(b"x")
    assert file is unpacked(file, None, InputLimits())


def test_an_empty_compressed_file_is_reported():
    """An empty compressed file is an error, because no program writes one on purpose."""
    with pytest.raises(InputError, match="it is empty, which a compressed file never is"):
        unpacked(io.BytesIO(b""), "gzip", InputLimits()).read(1)


@pytest.mark.parametrize("what", ["config", "catalog", "state", "plan"])
@pytest.mark.parametrize("depth", [MAX_NESTING_DEPTH, 300, 900, 100_000])
def test_a_json_file_that_is_nested_too_deeply_is_reported(tmp_path, what, depth):
    """JSON nested beyond the limit is an error in one line, at any depth."""
    path = tmp_path / "deep.json"
    path.write_text('{"a":' + "[" * depth + "]" * depth + "}")
    with pytest.raises(
        ConfigError, match=f"the {what} file .*deep.json is not readable as JSON: it is nested more than 100 deep"
    ):
        read_json_object(str(path), what)
    path.write_text('{"a":' + "[" * 99 + "]" * 99 + "}")
    assert 1 == len(read_json_object(str(path), what))
