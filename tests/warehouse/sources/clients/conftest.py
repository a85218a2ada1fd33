"""A sync of audience members whose source is a client's query."""

from __future__ import annotations

import json

import pytest

from talon_one_cli.main import cli
from talon_one_emulator import Emulator
from talon_one_singer.cli.output import run_process


@pytest.fixture(scope="module")
def server():
    """An empty emulator."""
    with Emulator(seed="empty", management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def push(server, tmp_path, monkeypatch, capsys):
    """Return a function that pushes a source into an audience, and returns exit code, all output and the members."""
    server.reset("empty")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TALON_ONE_BASE_URL", server.url)
    monkeypatch.setenv("TALON_ONE_API_KEY", server.api_key)
    monkeypatch.setenv("TALON_ONE_MANAGEMENT_KEY", server.management_key)

    def run(source, key="customer_id"):
        sync = {"source": source, "sink": "audience_members", "mode": "mirror", "key": key}
        sync |= {"audience": {"name": "people"}, "create_profiles": "allow"}
        (tmp_path / "s.yml").write_text(json.dumps({"store": "st.duckdb", "syncs": {"people": sync}}))
        with pytest.raises(SystemExit) as ended:
            run_process(cli, "talon-one", ("push", "s.yml"))
        said = capsys.readouterr()
        state = server.state("memberships", "profiles")
        names = {row["id"]: row["integration_id"] for row in state["profiles"]}
        return ended.value.code, said.out + said.err, {names[row["profile"]] for row in state["memberships"]}

    return run
