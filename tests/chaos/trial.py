"""Running one command with one fault, and judging the outcome."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests import commands
from tests.chaos.commands import COMMANDS
from tests.chaos.faults import Cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.faults import Fault
    from tests.chaos.world import World

DEADLINE_S = 120.0
_SENT = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)  # sent by faults; any other signal is a crash
_TRACES = (b"Traceback (most recent call last)", b"internal error: this is a bug")


@dataclass(frozen=True)
class Ended:
    """A run that has ended: exit code (None: it was killed at the deadline), standard output and standard error."""

    code: int | None
    output: bytes
    errors: bytes


@dataclass(frozen=True)
class Outcome:
    """The outcome of a cell.

    Attributes:
        ok: the data are correct in the end, and errors were named.
        word: the text for the table.
        detail: what was observed, if the cell failed.
    """

    ok: bool
    word: str
    detail: str = ""


def run_cell(world: World, name: str, fault: Fault, seed: str) -> Outcome | None:
    """Run a command with a fault. Return None if the fault does not apply to it.

    The command must end with correct data, or with a named error and no traceback. The next run, without the fault,
    must end with correct data.
    """
    world.reset()
    world.chance = random.Random(seed)
    folder = world.folder()
    command = COMMANDS[name](world, folder)
    if not fault.applies(command):
        return None
    cell = Cell(world, command, folder, world.chance, total=1)
    if fault.after_first_run or world.chance.random() < 0.7:
        first = _run(cell, faulty=False)
        if first.code != 0 or command.differences():
            return Outcome(False, "bad start", f"{command.differences()} {_tail(first)}")
        command.change()
    cell.total = _requests_of(cell, name)
    fault.inject(cell)
    faulty_run = _run(cell, faulty=True)
    verdict = _failure(cell, fault, faulty_run)
    world.proxy.reset()
    if cell.heal is not None:
        cell.heal()
    if verdict is not None:
        return verdict
    return _healed(cell, faulty_run)


def _requests_of(cell: Cell, name: str) -> int:
    """Estimate the number of requests of the next run: those of the last one, or a guess for the first run."""
    return cell.world.proxy.requests or (20 if cell.command.reads else 8)


def _failure(cell: Cell, fault: Fault, faulty_run: Ended) -> Outcome | None:
    """Return the failure of the run with the fault; None if there is none."""
    if faulty_run.code is None:
        return Outcome(False, "hangs", f"no end after {DEADLINE_S:.0f} s; {_tail(faulty_run)}")
    # OpenBLAS ends the process with SIGINT if it cannot start threads.
    aborted = faulty_run.code < 0 and fault.may_abort
    if not aborted and any(trace in faulty_run.errors for trace in _TRACES):
        return Outcome(False, "traceback", _tail(faulty_run, 3000))
    if faulty_run.code == 0 and not fault.late and not cell.second and (wrong := _differences(cell)):
        return Outcome(False, "wrong, exit code 0", f"{wrong} {_tail(faulty_run)}")
    if faulty_run.code > 0 and b"rror" not in faulty_run.errors and faulty_run.code not in (130, 141, 143):
        return Outcome(False, "no error said", _tail(faulty_run))
    if faulty_run.code < 0 and -faulty_run.code not in _SENT and not aborted:
        return Outcome(False, "crash", _tail(faulty_run))
    return None


def _differences(cell: Cell) -> list[str]:
    """Return what is wrong, except a damaged file that the run did not read and that reading names."""
    return [line for line in cell.command.differences() if cell.damaged is None or str(cell.damaged) not in line]


def _healed(cell: Cell, faulty_run: Ended) -> Outcome:
    again = _run(cell, faulty=False)
    wrong = cell.command.differences() if again.code == 0 else ["the next run failed"]
    before = f"exit code {faulty_run.code}"
    if wrong:
        return Outcome(False, "not healed", f"{before}, then {wrong}: {_tail(faulty_run, 600)} | {_tail(again)}")
    return Outcome(True, "truth" if faulty_run.code == 0 else f"{_named(faulty_run)}, then truth")


def _named(faulty_run: Ended) -> str:
    assert faulty_run.code is not None
    words = {-9: "killed", 143: "stopped", 130: "stopped", -15: "stopped", -2: "stopped", 141: "ended"}
    return words.get(faulty_run.code, "error" if faulty_run.code > 0 else "aborted")


def _tail(ended: Ended, size: int = 800) -> str:
    return f"[exit code {ended.code}] " + ended.errors[-size:].decode(errors="replace")


def _run(cell: Cell, *, faulty: bool) -> Ended:
    """Start the command and wait for its end."""
    cell.world.proxy.requests = 0
    environment = {**os.environ, **cell.command.environment}
    arguments = cell.command.arguments()
    environment |= cell.command.environment
    stdin = cell.command.stdin()
    stdout: int | object = subprocess.PIPE
    if faulty and cell.stdout == "/dev/full":
        stdout = os.open("/dev/full", os.O_WRONLY)
    before = _before(cell) if faulty else None
    start = _starter(arguments, environment, stdout, before)
    second = start() if faulty and cell.second else None
    cell.process = start()
    ended = _waited(cell.process, stdin)
    if second is not None:
        other = _waited(second, stdin)
        if other.code == 0:
            cell.command.ended(other.output)
    if isinstance(stdout, int) and stdout != subprocess.PIPE:
        os.close(stdout)
    cell.command.ended(ended.output)
    return ended


def _starter(
    arguments: list[str], environment: dict[str, str], stdout: object, before: Callable[[], None] | None
) -> Callable[[], subprocess.Popen[bytes]]:
    def start() -> subprocess.Popen[bytes]:
        return commands.Popen(
            arguments,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=stdout,  # type: ignore[arg-type]
            stderr=subprocess.PIPE,
            preexec_fn=before,
        )

    return start


def _before(cell: Cell) -> Callable[[], None]:
    def prepare() -> None:
        if cell.stdout == "closed":
            os.close(1)
        if cell.limits is not None:
            cell.limits()

    return prepare


def _waited(process: subprocess.Popen[bytes], stdin: bytes) -> Ended:
    timer = threading.Timer(DEADLINE_S, process.kill)
    timer.start()
    output, errors = process.communicate(stdin)
    expired = not timer.is_alive()
    timer.cancel()
    return Ended(None if expired else process.returncode, output or b"", errors)
