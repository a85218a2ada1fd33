"""Singer processes as a task."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.usefixtures("database", "connection")


def test_singer_processes_keep_their_state_between_runs(emu, run_dag, tmp_path):
    """The second run starts from the state of the first, and the key reaches the processes by their environment."""
    for names in ("a,b", "b,c"):
        run = run_dag("singer", names=names, base_url=emu.url, folder=str(tmp_path))
        assert "success" == run.state
        assert {"states": 1} == run.xcom("sync")
    assert {"runs": 2} == json.loads((tmp_path / "state.json").read_text())
    assert 3 == len(emu.state("memberships")["memberships"])
