"""Processes of ``tests/commands.py`` are like those that ``subprocess`` starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests import commands, programs

LOOK = """
import json, os, signal, sys, threading
found = {
    "arguments": sys.argv,
    "folder": os.getcwd(),
    "environment": dict(os.environ),
    "input": sys.stdin.read(),
    "streams": [(one.encoding, one.errors, one.line_buffering) for one in (sys.stdin, sys.stdout, sys.stderr)],
    "descriptors": sorted(os.listdir("/proc/self/fd")),
    "handlers": {one.name: str(signal.getsignal(one)) for one in signal.Signals},
    "blocked": [one.name for one in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
    "threads": threading.active_count(),
}
json.dump(found, sys.stdout)
sys.stderr.write("\\u00e9\\n")
sys.exit(3)
"""
ENDS = {
    "raise SystemExit": 0,
    "raise SystemExit('no')": 1,
    "raise ValueError('no')": 1,
    "import os; os._exit(7)": 7,
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": -signal.SIGKILL,
    "import os, signal; os.kill(os.getpid(), signal.SIGINT)": -signal.SIGINT,
    "import atexit; atexit.register(print, 'end'); print('begin')": 0,
}


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the system does not list descriptors")  # noqa: PTH112
def test_a_process_has_what_was_asked_for(tmp_path):
    """Arguments, folder, environment, streams, descriptors and signal handlers are those of a process of its own."""
    found = []
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    for run in (subprocess.run, commands.run):
        options = {"cwd": tmp_path, "env": {**inherited, "ASKED_FOR": "é"}, "input": "a\r\nb", "text": True}
        done = run([sys.executable, "-c", LOOK, "x y", "é"], capture_output=True, **options)
        assert done.stdout, done.stderr
        found.append((done.returncode, done.stderr, json.loads(done.stdout)))
    assert found[0] == found[1]
    assert (3, "é\n") == found[1][:2]


@pytest.mark.parametrize("code", ENDS)
def test_a_process_ends_as_it_would(code):
    """Exit codes, deaths by a signal and output are those of a process of its own."""
    done = commands.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ENDS[code] == done.returncode
    assert ("begin\nend\n" if "begin" in code else "") == done.stdout
    assert ("no" in code) == ("no" in done.stderr)


def test_two_processes_at_once_can_be_waited_for_and_killed():
    """A process can be waited for with a timeout, polled and killed, while another one has ended long before."""
    waits = [sys.executable, "-c", "import sys; print('on', flush=True); sys.stdin.read()"]
    with commands.Popen(waits, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert "on\n" == process.stdout.readline()
        commands.run([sys.executable, "-m", "tap_talon_one", "--version"], check=True, stdout=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
        assert process.poll() is None
        process.kill()
        assert -signal.SIGKILL == process.wait()


SHELL = """
talon-one --version | cat
talon-one none > output 2>&1; echo "code $?"; grep -c "No such command" output
echo "print(__import__('sys').argv)" > file.py; python file.py a 'b c'
echo "a" | python -c 'import sys; print(sys.stdin.read(), sys.argv[1:])' x
VALUE='"é\\' python -c 'import os; print(os.environ["VALUE"], os.getcwd())'
python -c 'import os; os.kill(os.getpid(), 9)'; echo "code $?"
python -c 'print(1)' & wait; python -V
"""


def test_a_program_for_a_shell_is_like_the_installed_one(tmp_path):
    """A shell gets the same output and exit codes from forks and from programs of their own."""
    programs.install(tmp_path / "bin", ["talon-one"])
    installed = os.path.dirname(sys.executable)  # noqa: PTH120
    printed = []
    for folder in (installed, str(tmp_path / "bin")):
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
        shell = {"cwd": tmp_path, "env": environment, "pass_fds": (programs.descriptor(),)}
        done = subprocess.run(["bash", "-c", SHELL], stdin=subprocess.DEVNULL, capture_output=True, text=True, **shell)
        printed.append(done.stdout)
    assert printed[0] == printed[1]
    assert 10 == len(printed[0].splitlines())


def test_a_program_for_a_shell_passes_signals_on(tmp_path):
    """The command behind a program has ended when the program has ended by the same signal."""
    programs.install(tmp_path / "bin", [])
    code = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "pass_fds": (programs.descriptor(),)}
    with subprocess.Popen([tmp_path / "bin" / "python", "-c", code], **streams) as process:
        command = int(process.stdout.readline())
        process.terminate()
        assert -signal.SIGTERM == process.wait()
    with pytest.raises(ProcessLookupError):
        os.kill(command, 0)
