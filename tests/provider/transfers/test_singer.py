"""Singer processes as a task."""

from __future__ import annotations

import json
import os
import sys

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_talon_one.transfers.singer import SingerOperator

pytestmark = pytest.mark.usefixtures("database", "connection")


def test_singer_processes_keep_their_state_between_runs(emu, run_dag, tmp_path):
    """The second run starts from the state of the first, and the key reaches the processes by their environment."""
    for names in ("a,b", "b,c"):
        run = run_dag("singer", names=names, base_url=emu.url, folder=str(tmp_path))
        assert "success" == run.state
        assert {"states": 1} == run.xcom("sync")
    assert {"runs": 2} == json.loads((tmp_path / "state.json").read_text())
    assert 3 == len(emu.state("memberships")["memberships"])


# A tap that notes its process, and never ends by itself.
WAITS = "import os, pathlib, signal; pathlib.Path('tap').write_text(str(os.getpid())); print('{}', flush=True); "
SILENT, TALKATIVE = WAITS + "signal.pause()", WAITS + "[print('x' * 9999) for _ in iter(int, 1)]"
ENDS = "import sys; sys.stdin.readline(); {}print('no such table', file=sys.stderr); raise SystemExit(3)"
STATE = "print('{\"n\": 1}', flush=True); "
CUT = STATE + "print('{\"n', end='', flush=True); "


def python(code):
    """Return the command of a program."""
    return [sys.executable, "-c", code]


@pytest.mark.parametrize("tap", [SILENT, TALKATIVE])
@pytest.mark.parametrize("before", ["", STATE, CUT])
def test_a_target_that_fails_ends_the_tap(run_task, tmp_path, monkeypatch, tap, before):
    """The error names the target alone with its last line, the tap ends, and the last state is kept."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "state.json"
    given = {"tap": python(tap), "target": python(ENDS.format(before)), "state_path": path.as_uri()}
    with pytest.raises(AirflowException) as failed:
        run_task(SingerOperator, **given)
    assert "the target ended with exit code 3; its last line: no such table" == str(failed.value)
    assert not is_running(int((tmp_path / "tap").read_text()))
    assert before == "" or {"n": 1} == json.loads(path.read_text())


def test_a_line_that_is_no_state_ends_both(run_task, tmp_path, monkeypatch):
    """The error does not quote the line, which may have values of rows; the tap ends."""
    monkeypatch.chdir(tmp_path)
    target = python("import sys; sys.stdin.readline(); print('planted', flush=True); sys.stdin.read()")
    with pytest.raises(AirflowException, match="a line that is no JSON") as failed:
        run_task(SingerOperator, tap=python(SILENT), target=target, state_path=(tmp_path / "s").as_uri())
    assert "planted" not in str(failed.value)
    assert not is_running(int((tmp_path / "tap").read_text()))


@pytest.mark.parametrize("missing", ["tap", "target"])
def test_a_program_that_cannot_be_started_is_named(run_task, tmp_path, monkeypatch, missing):
    """The error names the parameter and the program, and a tap without a target is not started."""
    monkeypatch.chdir(tmp_path)
    given = {"tap": python(SILENT), "target": ["cat"], missing: ["no-such-program"]}
    with pytest.raises(AirflowFailException) as failed:
        run_task(SingerOperator, **given)
    assert f"the {missing} cannot be started: no-such-program: No such file or directory" in str(failed.value)
    assert not (tmp_path / "tap").exists()


def is_running(process):
    """Return whether there is a process of that number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
