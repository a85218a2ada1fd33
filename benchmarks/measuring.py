"""Run a program, and measure its seconds, its CPU time and its peak memory."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BIN = ROOT / ".venv/bin"
PEERS = HERE / "peers"


class BenchFailed(Exception):
    """A program ended with an error, or its result is wrong."""


@dataclass(frozen=True)
class Measured:
    """One run of one program.

    Attributes:
        seconds: from the start of the process to its end.
        cpu_s: user and system time of the process and of the processes that it waited for.
        peak_mb: the largest resident memory of the process.
        figures: other figures by name.
    """

    seconds: float
    cpu_s: float
    peak_mb: float
    figures: dict[str, float] = field(default_factory=dict)


def python_of(name: str) -> Path:
    """Return the Python of a locked environment for the benchmark, like ``dlt``."""
    return ROOT / f".venvs/bench-{name}/bin/python"


def peer(environment: str, script: str, *arguments: str | Path) -> list[str | Path]:
    """Return the command that runs a script of ``peers`` in its environment."""
    return [python_of(environment), PEERS / script, *arguments]


def measure(
    command: Sequence[str | Path],
    folder: Path,
    *,
    stdout: Path | None = None,
    stdin: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Measured:
    """Run a program to its end.

    The peak is that of ``getrusage``, in which Linux includes the memory of this process before the exec: so this
    process stays small, and results are checked in processes of their own.

    Raises:
        BenchFailed: the exit code is not 0; the message has the end of the program's stderr.
    """
    errors = folder / "stderr.txt"
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TALON_ONE", "TAP_"))}
    with (
        open(stdin or os.devnull, "rb") as given,  # noqa: PTH123 - a path of the operating system
        open(stdout or os.devnull, "wb") as out,  # noqa: PTH123
        errors.open("wb") as error,
    ):
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=given, stdout=out, stderr=error, cwd=folder, env=clean | dict(env or {})
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        text = errors.read_text(encoding="utf-8", errors="replace")[-2_000:]
        raise BenchFailed(f"{' '.join(map(str, command))[:200]} ended with {process.returncode}:\n{text}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
