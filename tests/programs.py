"""Programs for the PATH of a shell that start at once: forks of the process that has imported their modules.

A shell cannot use ``tests/commands.py``, and the guides run a hundred commands through one.
"""

from __future__ import annotations

import shlex
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from tests import commands

if TYPE_CHECKING:
    from collections.abc import Iterable

_CLIENT = Path(__file__).with_name("program_client.py")
_SCRIPT = "import sys; sys.argv[0] = {name!r}; from {module} import {attribute} as main; sys.exit(main())"
_FILE = 'import runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name="__main__")'


def descriptor() -> int:
    """Return the descriptor that a shell has to leave open for the programs."""
    return commands.server()[0].fileno()


def environment() -> dict[str, str]:
    """Return the variables that an interpreter reads at its start: those of the programs have these values."""
    return commands.server()[1]


def install(folder: Path, names: Iterable[str]) -> None:
    """Write ``python`` and console scripts of installed distributions into an empty folder."""
    folder.mkdir()
    scripts = entry_points(group="console_scripts")
    for name in names:
        entry = scripts[name]
        code = _SCRIPT.format(name=name, module=entry.module, attribute=entry.attr)
        _write(folder / name, f'{_forked("-c", code)} "$@"')
    by_option = f'case "$1" in -c | -m) {_forked()} "$@" ;; -*) exec {sys.executable} "$@" ;; esac'
    _write(folder / "python", f'{by_option}\n{_forked("-c", _FILE)} "$@"')


def _forked(*command: str) -> str:
    return f"exec {shlex.join([sys.executable, '-IS', str(_CLIENT), str(descriptor()), *command])}"


def _write(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
