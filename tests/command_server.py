"""A process that has imported what the commands of this project import, and forks one process for each command.

``tests/commands.py`` starts it, and sends requests: a command line, a folder and an environment as JSON, with the
descriptors of standard input, output and error and of a socket, which gets the process id and then the exit status.
A request without descriptors is a list of modules to import.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from importlib import import_module

_LARGEST_REQUEST = 1 << 20
_PACKAGES = (
    "tap_talon_one",
    "target_talon_one",
    "talon_one_cli",
    "talon_one_client",
    "talon_one_loading",
    "talon_one_receiver",
    "talon_one_singer",
    "talon_one_storage",
    "talon_one_warehouse",
)
_RARE = (
    "talon_one_warehouse.connections.",  # their clients take seconds
    "talon_one_warehouse.sources.clients.",
    "talon_one_loading.dlt_source",  # dlt is in an environment of its own
)
_LIBRARIES = (
    "adbc_driver_postgresql.dbapi",
    "adbc_driver_sqlite.dbapi",
    "jinja2",
    "jsonschema_rs",
    "requests",
    "yaml",
    "zoneinfo",
)


class _Commands:
    """Runs commands until the socket of the tests is closed."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._running: dict[int, tuple[int, socket.socket]] = {}  # by descriptor of the process
        self._ready = select.poll()
        self._ready.register(control, select.POLLIN)

    def serve(self) -> tuple[bytes, list[int]] | None:
        """Return a request and its streams in each fork, and None in this process at its end."""
        while True:
            for descriptor, _ in self._ready.poll():
                if descriptor in self._running:
                    self._report(descriptor)
                    continue
                request, descriptors, *_ = socket.recv_fds(self._control, _LARGEST_REQUEST, 4)
                if not request:
                    return None
                if not descriptors:
                    _import(json.loads(request))
                    continue
                *streams, status = descriptors
                if not self._fork(streams, socket.socket(fileno=status)):
                    return request, streams

    def _fork(self, streams: list[int], status: socket.socket) -> bool:
        """Return False in the new process."""
        process = os.fork()
        if not process:
            self._control.close()
            status.close()
            for descriptor, (_, other) in self._running.items():
                os.close(descriptor)
                other.close()
            return False
        for stream in streams:
            os.close(stream)
        status.send(process.to_bytes(8, "big"))
        descriptor = os.pidfd_open(process)
        self._running[descriptor] = process, status
        self._ready.register(descriptor, select.POLLIN)
        return True

    def _report(self, descriptor: int) -> None:
        """Send the exit status of a process that has ended."""
        process, status = self._running.pop(descriptor)
        self._ready.unregister(descriptor)
        os.close(descriptor)
        _, code = os.waitpid(process, 0)
        with status, suppress(OSError):
            status.send(code.to_bytes(8, "big"))


def _use(request: bytes, streams: list[int]) -> tuple[str, str]:
    """Give this process what a request says; return ``-m`` and a module, or ``-c`` and code."""
    (option, program, *arguments), folder, environment = json.loads(request)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        old = getattr(sys, name)
        new = open(number, "w" if number else "r", -1 if number < 2 else 1, old.encoding, old.errors, "\n", False)  # noqa: SIM115
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[0] = folder if option == "-m" else ""
    sys.argv = [option, *arguments]
    tempfile.tempdir = None
    return option, program


def _own_modules() -> list[str]:
    """Return the modules of the commands but those of programs, which run when they are imported."""
    found = [
        module.name
        for package in _PACKAGES
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}.")
    ]
    return [name for name in found if not name.endswith(".__main__") and not name.startswith(_RARE)]


def _import(names: list[str]) -> None:
    """Import modules, which no garbage collection of a command looks at."""
    for name in names:
        import_module(name)
    gc.collect()
    gc.freeze()


class _End:
    """Ends the process after its exit handlers, without taking apart what it has imported."""

    def __init__(self) -> None:
        self._code: int | None = None
        atexit.register(self._leave)  # the first that is registered is the last that is called

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._code = 0
        elif isinstance(error, SystemExit):
            self._code = error.code if isinstance(error.code, int) else error.code is not None

    def _leave(self) -> None:
        if self._code is not None:
            with suppress(Exception):  # the interpreter reports it
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(self._code & 0xFF)
        gc.unfreeze()


def main() -> None:
    """Import everything, then run commands."""
    control = socket.socket(fileno=int(sys.argv[1]))
    del sys.path[0]  # the folder of the tests
    _import([*_LIBRARIES, *_own_modules()])
    import_module("talon_one_singer.cli.process").keep_pandas_out()
    sys.path.insert(0, "")
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    if (request := _Commands(control).serve()) is None:
        os._exit(0)
    option, program = _use(*request)
    end = _End()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with end:
        if option == "-m":
            sys.modules.pop(f"{program}.__main__", None)  # a test may have had it imported
            runpy.run_module(program, run_name="__main__", alter_sys=True)
        else:
            exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main()
