"""The progress of a push on a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

MEMBERS = {"sink": "customer_profiles", "mode": "upsert", "key": "id"}


def test_a_terminal_shows_rows_and_a_file_shows_nothing(tmp_path, server, account, monkeypatch):
    """Rows that are read and sent are shown on a terminal; without one, standard error has the log only."""
    server.reset()
    server.add("attributes", {"entity": "CustomerProfile", "name": "city", "type": "string"})
    account(server)
    (tmp_path / "p.csv").write_text("id,city\n" + "".join(f"p-{n},Ulm\n" for n in range(3000)))
    (tmp_path / "s.yml").write_text(json.dumps({"syncs": {"shoppers": {"source": "p.csv", **MEMBERS}}}))
    program = [sys.executable, "-m", "talon_one_cli", "push", "s.yml", "--json"]
    monkeypatch.setenv("TERM", "xterm")
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True)
    assert 0 == done.returncode
    assert ["talon-one-store.duckdb is new"] == [one.rpartition("/")[2] for one in done.stderr.splitlines()]
    (tmp_path / "talon-one-store.duckdb").unlink()
    ours, its = pty.openpty()
    with subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.PIPE, stderr=its) as process:
        os.close(its)
        shown = b""
        try:
            while more := os.read(ours, 65536):
                shown += more
        except OSError:  # how a terminal that nobody writes to ends on Linux
            pass
        os.close(ours)
        assert process.stdout is not None
        assert "shoppers" in process.stdout.read().decode()
    assert 0 == process.returncode
    assert b"shoppers: read" in shown
    assert b"shoppers: send" in shown
