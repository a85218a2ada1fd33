"""``talon-one listen`` reports mistakes in one line and starts nothing, and tries rejected notifications again."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

import pytest

from talon_one_receiver.notification import Notification
from talon_one_receiver.stored.merging import merge
from talon_one_warehouse import open_warehouse


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


def test_rejected_notifications_are_tried_again(in_process, tmp_path):
    """Without tables of notifications, the exit code is 2; with one that is not valid still, 1, and its reason."""
    url = f"duckdb:///{tmp_path}/w.duckdb"
    done = in_process("listen", "--to", url, "--retry-rejected")
    assert (2, True) == (done.code, "has no tables of notifications" in done.err), done.err
    unknown = Notification.of_request("u-1", b'{"NotificationType": "Future"}', datetime(2026, 11, 26, tzinfo=UTC))
    with open_warehouse(url) as warehouse:
        merge(warehouse, [unknown])
    done = in_process("listen", "--to", url, "--retry-rejected")
    assert (1, "0 merged, 1 rejected again, 0 without their exact body\n") == (done.code, done.out)
    assert "u-1: the NotificationType 'Future' is not known" in done.err
