"""Settings of files that are written, at places where nobody can write: found before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from talon_one_cli.main import cli
from talon_one_emulator import Emulator
from talon_one_singer.cli.output import run_process

PLACES = ("/proc/x.db", "/proc/none/x.db", "{folder}/file/x.db", "{folder}")
SETTINGS = {  # how the setting names a place, and how a command is given it
    "store": ("{}", ("push", "s.yml")),
    "rate_limit_url": ("sqlite:///{}", ("push", "s.yml")),
    "warehouse": ("duckdb:///{}", ("load", "--streams", "loyalty_programs", "--config", "c.json", "--to")),
}


@pytest.fixture(scope="module")
def server():
    """A local Talon.One."""
    with Emulator(seed="empty", management_rate=0) as emulator:
        yield emulator


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_place_that_cannot_be_written_ends_with_exit_code_2(tmp_path, monkeypatch, server, capsys, setting, place):
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
    with pytest.raises(SystemExit) as ended:
        run_process(cli, "talon-one", (*command, *([text] if setting == "warehouse" else [])))
    said = capsys.readouterr().err
    assert 2 == ended.value.code, said
    assert "Traceback" not in said
    assert setting in said or str(Path(path).parent) in said
    assert not [one for one in server.requests() if one["method"] != "GET"]
