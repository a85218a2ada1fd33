"""``talon-one listen`` reports mistakes in its options and its environment in one line, and starts nothing."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture
def port_in_use():
    """Return a port on which a program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


def test_mistakes_end_the_command_with_what_to_do(in_process, monkeypatch, tmp_path, port_in_use):
    """A host without a secret, half a login, a port in use, a wrong warehouse, a foreign journal: exit code 2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("no journal" * 100)
    monkeypatch.setenv("TALON_ONE_TO", "duckdb:///w.duckdb")
    cases = {
        ("--host", "0.0.0.0"): "set TALON_ONE_LISTEN_TOKEN",
        ("--port", port_in_use): f"cannot listen on 127.0.0.1 port {port_in_use}",
        ("--to", "duckdb:///:memory:"): "is in memory",
        ("--to", "nosuch://host"): "nosuch",
        ("--journal", "file"): "cannot open the journal file",
    }
    for arguments, message in cases.items():
        done = in_process("listen", "--port", "0", *arguments)
        assert (2, True) == (done.code, message in done.err), done.err
    monkeypatch.setenv("TALON_ONE_LISTEN_USER", "me")
    done = in_process("listen", "--port", "0")
    assert (2, True) == (done.code, "TALON_ONE_LISTEN_PASSWORD belong together" in done.err), done.err
