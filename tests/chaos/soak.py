"""``python -m tests.chaos.soak``: load and push in one process for a long time, and check memory and descriptors.

The servers run in another process, so that only the connector is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from talon_one_cli.main import cli
from tests.chaos import network
from tests.chaos.commands import Load, Push
from tests.chaos.world import World

if TYPE_CHECKING:
    from tests.chaos.commands import Command

_FAULTS = (network.drop_before, network.drop_after, network.unavailable, network.half_of_gzip, network.message_200)
_PAGE = 4096
_CLI = slice(3, None)  # the arguments after ``python -m talon_one_cli``


class Usage(NamedTuple):
    """Resident memory in bytes, and the number of open descriptors."""

    memory: int
    descriptors: int


def main() -> int:
    """Run for the given time. Return 1 if memory or descriptors grew."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with World(random.Random(options.seed)) as world:
        samples = _soak(world, time.monotonic() + 60 * options.minutes)
    return _report(samples)


def _soak(world: World, deadline: float) -> list[Usage]:
    """Return memory and descriptors of the process that runs the commands, after each turn."""
    world.reset()
    folder = world.folder()
    commands = (Load(world, folder, url=f"duckdb:///{folder}/w.duckdb"), Push(world, folder))
    samples: list[Usage] = []
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as runner:
        while time.monotonic() < deadline:
            for command in commands:
                usage = _turn(world, command, runner)
            samples.append(usage)
    return samples


def _turn(world: World, command: Command, runner: ProcessPoolExecutor) -> Usage:
    """Change the sources, maybe run the command with a fault, and run it without; raise SystemExit on wrong data."""
    command.change()
    world.proxy.reset()
    if world.chance.random() < 0.3:
        network.install(world.proxy, world.chance, 20, world.chance.choice(_FAULTS), times=1)
        _run(command, runner)
        world.proxy.reset()
    code, usage = _run(command, runner)
    wrong = command.differences()
    if code or wrong:
        raise SystemExit(f"exit code {code}: {wrong}")
    return usage


def _run(command: Command, runner: ProcessPoolExecutor) -> tuple[int, Usage]:
    arguments = command.arguments()[_CLI]
    return runner.submit(run_here, arguments, dict(command.environment)).result()


def run_here(arguments: list[str], environment: dict[str, str]) -> tuple[int, Usage]:
    """Run a command in this process. Return its exit code and the usage of the process."""
    os.environ.update(environment)
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())), contextlib.redirect_stderr(io.StringIO()):
        code = int(cli.main(arguments, standalone_mode=False) or 0)
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    return code, Usage(resident, len(list(Path("/proc/self/fd").iterdir())))


def _report(samples: list[Usage]) -> int:
    """Compare the second quarter of the time with the last one. In the first one, caches are filled."""
    quarter = len(samples) // 4
    if not quarter:
        print("the run is too short to compare; give it more minutes")
        return 1
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    memory = [statistics.median(one.memory for one in part) / 2**20 for part in (early, late)]
    files = [statistics.median(one.descriptors for one in part) for part in (early, late)]
    print(f"{len(samples)} turns; memory {memory[0]:.0f} -> {memory[1]:.0f} MB; descriptors {files[0]} -> {files[1]}")
    return 0 if memory[1] <= 1.05 * memory[0] + 5 and files[1] <= files[0] + 2 else 1


if __name__ == "__main__":
    sys.exit(main())
