"""Settings of files at locations that are not writable are reported before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

PLACES = ("/proc/x.db", "/proc/none/x.db", "{folder}/file/x.db", "{folder}")
SETTINGS = {  # how the setting names a place, and how a command is given it
    "store": ("{}", ("push", "s.yml")),
    "rate_limit_url": ("sqlite:///{}", ("push", "s.yml")),
    "warehouse": ("duckdb:///{}", ("load", "--streams", "loyalty_programs", "--config", "c.json", "--to")),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_place_that_cannot_be_written_ends_with_code_2(tmp_path, monkeypatch, server, in_process, setting, place):
    """The line names the setting or the file, and nothing was sent."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    path = place.format(folder=tmp_path)
    form, command = SETTINGS[setting]
    text = form.format(path)
    sync = {"source": "v.csv", "sink": "audience_members", "mode": "mirror", "key": "id"}
    sync |= {"audience": {"name": "v"}, "create_profiles": "allow"}
    (tmp_path / "v.csv").write_text("id\na\n")
    connection = {"base_url": server.url, "api_key": server.api_key, "management_key": server.management_key}
    (tmp_path / "c.json").write_text(json.dumps(connection))
    given = {} if setting == "warehouse" else {setting: text}
    (tmp_path / "s.yml").write_text(json.dumps({**connection, "syncs": {"v": sync}, **given}))
    server.clear_requests()
    done = in_process(*command, *([text] if setting == "warehouse" else []))
    assert 2 == done.code, done.err
    assert "Traceback" not in done.err
    assert setting in done.err or str(Path(path).parent) in done.err
    assert not [one for one in server.requests() if one["method"] != "GET"]
