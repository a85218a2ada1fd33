"""Reading JSON files."""

import codecs
import os

import pytest

from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.json_files import read_json_object


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_any_unicode_encoding_is_read(tmp_path, encoding):
    """A file in UTF-16 or UTF-32, as Windows shells write it, is read."""
    path = tmp_path / "config.json"
    path.write_text('{"a": "é"}', encoding=encoding)
    assert {"a": "é"} == read_json_object(str(path), "config")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "line 1 column 1"),
        (b'{"a": "\xe9"}', "not readable as JSON: 'utf-8' codec can't decode"),
        (codecs.BOM_UTF8, "line 1 column 1"),
        (b"7", "must contain a JSON object, {...}, not a number"),
        (b"null", "not null"),
        (b"[" * 100_000, "not readable as JSON"),
    ],
)
def test_what_is_no_json_object_is_reported(tmp_path, content, problem):
    """Any content other than a JSON object is a ConfigError that names the file."""
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        read_json_object(str(path), "config")
    assert f"the config file {path}" in str(raised.value)
    assert problem in str(raised.value)


def test_a_folder_is_reported(tmp_path):
    """The path of a folder is reported in one sentence."""
    with pytest.raises(ConfigError, match=r"cannot read the config file .*: Is a directory"):
        read_json_object(str(tmp_path), "config")


@pytest.mark.parametrize("what", ["config", "catalog", "state", "plan"])
@pytest.mark.parametrize(
    "text", ['{"a": 1, "b": 2, "a": 3}', '{"x": [{"a": 1, "a": 1}]}', '{"x": {"a": {}, "a": null}}']
)
def test_a_key_that_comes_twice_is_an_error(tmp_path, what, text):
    """A repeated key is an error at any depth; JSON decoders would silently keep the last value."""
    path = tmp_path / "f.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_json_object(str(path), what)
    assert f"the {what} file {path} has the key 'a' twice in one object; keep one of them" == str(raised.value)


@pytest.mark.parametrize("what", ["config", "catalog", "state", "plan"])
def test_a_file_without_end_is_an_error(tmp_path, what):
    """A device that never ends and a huge file are refused before they fill the memory."""
    (tmp_path / "huge.json").touch()
    os.truncate(tmp_path / "huge.json", 10**12)
    for path in ("/dev/zero", str(tmp_path / "huge.json")):
        with pytest.raises(ConfigError, match=f"cannot read the {what} file {path}: it is larger than 64 MB"):
            read_json_object(path, what)
