"""``subprocess.run`` and ``subprocess.Popen`` for commands of this project, whose processes start at once.

A command that a test runs takes longer to import its modules than for its work. A command line ``python -m module`` or
``python -c code``, with or without ``-P`` before it, is run here by a fork of a process that has imported the modules
(``tests/command_server.py``), with a process id, streams, a folder, an environment and memory of its own. Tests of a
start, of imports, of memory or of what an interpreter does at its end use ``subprocess``.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SERVER = Path(__file__).with_name("command_server.py")
# Interpreter and libraries read these when they start: with other values, a command is started anew.
_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "LD_", "MALLOC_", "ARROW_", "OPENSSL_", "RUST_")
_HARMLESS = {"ARROW_DEFAULT_MEMORY_POOL", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


class Popen(subprocess.Popen):
    """``subprocess.Popen``, of which ``[sys.executable, "-m" or "-c", ...]`` starts at once if no limits are set."""

    _status: socket.socket | None = None

    def _execute_child(self, *given: Any) -> None:
        command, _, preexec, _, kept, folder, environment, _, _, _, *pipes = given[:16]
        command = [word for place, word in enumerate(map(os.fsdecode, command)) if (place, word) != (1, "-P")]
        environment = dict(os.environ if environment is None else environment)
        streams = [pipe if pipe >= 0 else number for number, pipe in enumerate((pipes[0], pipes[3], pipes[5]))]
        forks = command[0] == sys.executable and command[1] in {"-m", "-c"} and not preexec and not kept
        if not forks or any(map(os.isatty, streams)) or _read_at_start(environment) != server()[1]:
            super()._execute_child(*given)
            return
        self._status, theirs = socket.socketpair()
        with theirs:
            request = json.dumps([command[1:], str(Path(folder or "").resolve()), environment]).encode()
            socket.send_fds(server()[0], [request], [*streams, theirs.fileno()])
        self.pid = int.from_bytes(self._status.recv(8), "big")
        self._child_created = True
        self._close_pipe_fds(*pipes)

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if self._status is None:
            return super()._try_wait(wait_flags)
        try:
            status = self._status.recv(8, socket.MSG_DONTWAIT if wait_flags & os.WNOHANG else 0)
        except BlockingIOError:
            return 0, 0
        self._status.close()
        assert status, "the process that runs commands has ended"
        return self.pid, int.from_bytes(status, "big")

    def _internal_poll(self, *given: Any, **named: Any) -> int | None:
        if self._status is None:
            return super()._internal_poll(*given, **named)
        if self.returncode is None and self._waitpid_lock.acquire(blocking=False):
            try:
                process, status = self._try_wait(os.WNOHANG)
                if process:
                    self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


def run(
    command: Sequence[Any],
    *,
    input: str | bytes | None = None,  # noqa: A002 - as in subprocess
    capture_output: bool = False,
    timeout: float | None = None,
    check: bool = False,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """Run a command to its end, and return its exit code and output."""
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    if input is not None:
        options["stdin"] = subprocess.PIPE
    with Popen(command, **options) as process:
        try:
            output, errors = process.communicate(input, timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(process.args, process.returncode, output, errors)
    if check:
        done.check_returncode()
    return done


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if value and name.startswith(_AT_START) and name not in _HARMLESS
    }


def preload(*modules: str) -> None:
    """Import modules into the process that runs commands, so that no command has to."""
    server()[0].send(json.dumps(modules).encode())


@cache
def server() -> tuple[socket.socket, dict[str, str]]:
    """Start the process that runs commands, once; return the socket for requests, and the values read at its start."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with theirs:
        server = subprocess.Popen(
            [sys.executable, _SERVER, str(theirs.fileno())],
            env={**environment, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    atexit.register(server.wait)
    atexit.register(ours.close)
    return ours, _read_at_start(environment)
