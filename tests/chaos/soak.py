"""``python -m tests.chaos.soak``: loads and pushes in one process for a long time; memory and descriptors stay flat."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from talon_one_cli.main import cli
from tests.chaos import network
from tests.chaos.commands import Load, Push
from tests.chaos.world import World

if TYPE_CHECKING:
    from tests.chaos.commands import Command

_FAULTS = (network.drop_before, network.drop_after, network.unavailable, network.half_of_gzip, network.message_200)
_PAGE = 4096
_CLI = slice(3, None)  # behind ``python -m talon_one_cli``


def main() -> int:
    """Run until the time is over; 1 if data were wrong, or memory or descriptors grew."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with World(random.Random(options.seed)) as world:
        samples = _soak(world, time.monotonic() + 60 * options.minutes)
    return _report(samples)


def _soak(world: World, deadline: float) -> list[tuple[int, int]]:
    """Memory in bytes and open descriptors after each turn."""
    world.reset()
    folder = world.folder()
    commands = (Load(world, folder, url=f"duckdb:///{folder}/w.duckdb"), Push(world, folder))
    samples = []
    while time.monotonic() < deadline:
        for command in commands:
            _turn(world, command)
        samples.append(_usage())
    return samples


def _turn(world: World, command: Command) -> None:
    """A change, a run that a fault may strike, and a run that ends with the truth."""
    command.change()
    world.proxy.reset()
    if world.chance.random() < 0.3:
        network.struck(world.proxy, world.chance, 20, world.chance.choice(_FAULTS), times=1)
        _run(command)
        world.proxy.reset()
    code = _run(command)
    wrong = command.differences()
    if code or wrong:
        raise SystemExit(f"exit code {code}: {wrong}")


def _run(command: Command) -> int:
    """The exit code of the command, run in this process."""
    arguments = command.arguments()[_CLI]
    os.environ.update(command.environment)
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())), contextlib.redirect_stderr(io.StringIO()):
        return int(cli.main(arguments, standalone_mode=False) or 0)


def _usage() -> tuple[int, int]:
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    return resident, len(list(Path("/proc/self/fd").iterdir()))


def _report(samples: list[tuple[int, int]]) -> int:
    """Compare the second quarter of the time with the last one; the first is for caches to fill."""
    quarter = len(samples) // 4
    if not quarter:
        print("too short to compare")
        return 1
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    memory = [statistics.median(one[0] for one in part) / 2**20 for part in (early, late)]
    files = [statistics.median(one[1] for one in part) for part in (early, late)]
    print(f"{len(samples)} turns; memory {memory[0]:.0f} -> {memory[1]:.0f} MB; descriptors {files[0]} -> {files[1]}")
    return 0 if memory[1] <= 1.05 * memory[0] + 5 and files[1] <= files[0] + 2 else 1


if __name__ == "__main__":
    sys.exit(main())
