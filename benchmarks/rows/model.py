"""What a row of the benchmark consists of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from measuring import BIN, HERE, BenchFailed, Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from servers import Mock

OURS = "this connector"


@dataclass(frozen=True)
class Median:
    """The median of the rounds of one contender, and its amount of work."""

    work: int
    seconds: float
    cpu_s: float
    peak_mb: float
    figures: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Units of work per second."""
        return self.work / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU time per unit of work."""
        return self.cpu_s / self.work * 1e6


@dataclass(frozen=True)
class Mark:
    """What must be reached.

    Attributes:
        what: the figure in words, like ``rows/s``.
        limit: the least value, or with ``at_most`` the largest one.
        value: the figure, from the medians by contender; raises KeyError if one that it needs is missing.
    """

    what: str
    limit: float
    value: Callable[[Mapping[str, Median]], float]
    at_most: bool = False

    def measured(self, medians: Mapping[str, Median]) -> float | None:
        """Return the figure, or None if a contender that it compares has no results."""
        try:
            return self.value(medians)
        except KeyError:
            return None

    def is_met_by(self, figure: float) -> bool:
        """Return whether a figure reaches the mark."""
        return figure <= self.limit if self.at_most else figure >= self.limit


def rate(limit: float, unit: str) -> Mark:
    """Return the mark of a rate."""
    return Mark(unit, limit, lambda medians: medians[OURS].rate)


def seconds(limit: float) -> Mark:
    """Return the mark of a duration."""
    return Mark("s", limit, lambda medians: medians[OURS].seconds, at_most=True)


def cpu_us(limit: float, unit: str) -> Mark:
    """Return the mark of the CPU time of a unit of work."""
    return Mark(f"µs of CPU a {unit}", limit, lambda medians: medians[OURS].cpu_us, at_most=True)


def peak_mb(limit: float) -> Mark:
    """Return the mark of the peak memory."""
    return Mark("MB", limit, lambda medians: medians[OURS].peak_mb, at_most=True)


def times(limit: float, peer: str) -> Mark:
    """Return the mark of the ratio to a peer's rate."""
    return Mark(f"times {peer}", limit, lambda medians: medians[OURS].rate / medians[peer].rate)


def added_s(limit: float, without: str) -> Mark:
    """Return the mark of the seconds more than another contender."""
    return Mark(
        f"s more than {without}",
        limit,
        lambda medians: medians[OURS].seconds - medians[without].seconds,
        at_most=True,
    )


class Bench:
    """What the contenders share: the mock server, and the catalog of the tap."""

    def __init__(self, server: Mock) -> None:
        self.mock = server

    @cached_property
    def catalog(self) -> list[dict[str, object]]:
        """The streams that the tap discovers."""
        config = json.dumps(
            {"base_url": self.mock.url, "api_key": "bench-key", "loyalty_program_ids": [1], "card_ids": ["1"]}
        )
        found = subprocess.run(
            [BIN / "tap-talon-one", "--config", "/dev/stdin", "--discover"],
            input=config.encode(),
            stdout=subprocess.PIPE,
            check=True,
        )
        streams: list[dict[str, object]] = json.loads(found.stdout)["streams"]
        return streams

    def check(
        self,
        kind: str,
        path: str | Path,
        rows: int,
        cents: int,
        balances: int = 0,
        *,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Check the output of a contender, in an environment with more variables.

        Raises:
            BenchFailed: rows are missing, doubled or wrong.
        """
        command = [sys.executable, HERE / "checks.py", kind, str(path), str(rows), str(cents), str(balances)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, env=os.environ | dict(env or {}))
        if done.returncode:
            raise BenchFailed(f"{path}: {done.stdout.strip()}")


@dataclass(frozen=True)
class Contender:
    """A program that does the work of a row.

    Attributes:
        name: how the results call it.
        work: how much it does, in the unit of the row; slow programs do less.
        run: runs it once in an empty folder, and checks what it has done.
    """

    name: str
    work: int
    run: Callable[[Bench, Path], Measured]


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        name: the word that selects it.
        title: what is done, and how.
        unit: what ``work`` counts.
        contenders: the connector and whatever it is compared with.
        marks: what the connector must reach.
        in_quick: whether ``make bench-quick`` measures it.
    """

    name: str
    title: str
    unit: str
    contenders: list[Contender]
    marks: list[Mark] = field(default_factory=list)
    in_quick: bool = True
