"""What the parts of the demo share: figures that are checked, processes, and calls of the emulator's control API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talon_one_singer import SingerError
from talon_one_singer.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from talon_one_singer.cli.signals import StopSignal

_POLL_S = 0.2
_KEPT = ("TALON_ONE_EMULATOR_CACHE", "TALON_ONE_LOGLEVEL")
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the emulator is on this machine


class DemoFailed(SingerError):
    """A figure differs from the expected one, or a command of the demo failed."""


@dataclass(frozen=True, slots=True)
class DemoData:
    """The figures of the data that the demo loads.

    Attributes:
        additions: number of additions of points.
        points: their sum.
        subtractions: number of subtractions of points.
        cards: number of cards, one for each household.
        products: number of products that are synced into a catalog.
        new_baskets: additions that the demo makes after its second load, one for every other card.
        as_of: instant of the first two loads, the day after the last basket.
    """

    additions: int
    points: Decimal
    subtractions: int
    cards: int
    products: int
    new_baskets: int
    as_of: str = "2018-01-02T00:00:00Z"


RETAIL = DemoData(155_370, Decimal("4596039.58"), 2_102, 2_469, products=92_331, new_baskets=1_000)
"""The published figures of The Complete Journey."""


def expect(what: str, expected: object, actual: object) -> None:
    """Raise DemoFailed unless both values are equal."""
    if expected != actual:
        raise DemoFailed(f"{what}: expected {expected}, got {actual}")


def control(url: str, path: str, body: Any = None) -> Any:
    """Send GET, or POST with a body, to a control endpoint of the emulator and return the JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/_emulator/{path}", data, {"Content-Type": "application/json"})  # noqa: S310
    with _OPENER.open(request) as answer:
        return json.loads(answer.read(), parse_float=Decimal)


class Programs:
    """Starts programs of this project in the current folder, as a user would.

    Settings in the environment are not handed on: they would lead to another account than that of the emulator.

    Args:
        stop: ends them.
        popen: starts a process.
        more: further variables of the environment.
    """

    def __init__(
        self,
        stop: StopSignal,
        popen: type[subprocess.Popen[str]] = subprocess.Popen,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self._stop, self._popen = stop, popen
        foreign = ("TALON_ONE_", "TAP_TALON_ONE_", "TARGET_TALON_ONE_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign) or name in _KEPT}
        self._environment = {"TALON_ONE_LOGLEVEL": "WARNING", **kept, "NO_PROXY": "*", "no_proxy": "*", **(more or {})}

    def start(self, module: str, *arguments: object, **streams: Any) -> subprocess.Popen[str]:
        """Start ``python -m module``; modules in the current folder are not imported."""
        command = [sys.executable, "-P", "-m", module, *map(str, arguments)]
        return self._popen(command, text=True, env=self._environment, **streams)

    def output_of(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        """Wait for the end of a process, and return what it has printed to its pipes.

        Raises:
            Stopped: the demo has to stop; the process has ended.
        """
        try:
            while True:
                self._stop.check()
                try:
                    output, errors = process.communicate(timeout=_POLL_S)
                except subprocess.TimeoutExpired:
                    continue
                self._stop.check()
                return output or "", errors or ""
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate()

    def talon_one(self, *arguments: object, shown: bool = False, hidden: tuple[str, ...] = ()) -> str:
        """Run a command of ``talon-one`` and return its output.

        Args:
            arguments: the command and its arguments, which are printed first.
            shown: let the command print its output instead.
            hidden: further arguments, which are not printed.

        Raises:
            DemoFailed: the command failed.
            Stopped: the demo has to stop.
        """
        say(f"$ talon-one {' '.join(map(str, arguments))}")
        pipe = None if shown else subprocess.PIPE
        process = self.start("talon_one_cli", *arguments, *hidden, stdout=pipe)
        output, _ = self.output_of(process)
        expect(f"exit code of talon-one {arguments[0]}", 0, process.returncode)
        return output


class Background:
    """A module of the demo that reads a copy of the warehouse in a process of its own.

    Args:
        programs: starts it.
        module: the module, whose first argument is the copy.
        warehouse: the DuckDB file.
        name: part of the name of the copy.
        arguments: further arguments.
    """

    def __init__(self, programs: Programs, module: str, warehouse: Path, name: str, *arguments: object) -> None:
        import shutil

        self._programs = programs
        self._copy = warehouse.with_name(f"warehouse-{name}.duckdb")
        shutil.copyfile(warehouse, self._copy)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self._process = programs.start(f"talon_one_cli.demo.{module}", self._copy, *arguments, **pipes)

    def result(self) -> str:
        """Wait for the end, and return what was printed.

        Raises:
            DemoFailed: it failed.
        """
        printed, errors = self._programs.output_of(self._process)
        if self._process.returncode:
            raise DemoFailed((printed + errors).strip())
        return printed.strip()

    def close(self) -> None:
        """End the process if it still runs, and delete the copy."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()
        self._copy.unlink(missing_ok=True)
