"""What a program of ``tests/programs.py`` does: run a command in ``tests/command_server.py``, and end as it does.

``python -IS program_client.py SERVER -c CODE ARGUMENTS``, with the descriptor of the server's socket. `site`, `socket`
and `json` are not imported: they would take three quarters of the time.
"""

from __future__ import annotations

import _signal
import _socket
import os
import sys
from _json import encode_basestring_ascii as _text
from array import array

_SIGNALS = (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP)


def _send(server: int, command: list[str]) -> _socket.socket:
    """Hand over command, folder, environment and streams, and return the socket that gets the exit status."""
    status, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
    names = ",".join(f"{_text(name)}:{_text(value)}" for name, value in os.environ.items())
    folder = os.getcwd()  # noqa: PTH109 - pathlib is slow to import
    request = f"[[{','.join(map(_text, command))}],{_text(folder)},{{{names}}}]"
    streams = array("i", [0, 1, 2, theirs.fileno()])
    rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)
    _socket.socket(fileno=server).sendmsg([request.encode()], [rights])
    theirs.close()
    return status


def main() -> None:
    """Pass signals on to the command, and end with its exit code or by its signal."""
    _signal.pthread_sigmask(_signal.SIG_BLOCK, _SIGNALS)
    status = _send(int(sys.argv[1]), sys.argv[2:])
    process = int.from_bytes(status.recv(8), "big")
    for number in _SIGNALS:
        _signal.signal(number, lambda number, _: os.kill(process, number))
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, _SIGNALS)
    code = os.waitstatus_to_exitcode(int.from_bytes(status.recv(8), "big"))
    if code < 0:
        if -code in _SIGNALS:
            _signal.signal(-code, _signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


main()
