"""``make bench``: measure the connector beside its peers, and write docs/reference/performance.md.

``run.py [--rows tap_a,push] [--rounds 3] [--quick] [--only NAME]``. Each round runs every contender of a row once, so
that what disturbs the machine disturbs all of them. ``--quick`` does a tenth of the work, once, without the peers, and
writes nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import results
from measuring import BenchFailed
from report import write
from rows import all_rows
from rows.model import OURS, Bench
from servers import mock

if TYPE_CHECKING:
    from measuring import Measured
    from rows.model import Contender, Row

QUICK_SCALE = 10


def arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="", help="names of rows, with commas; all by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="only contenders whose name contains this; writes nothing")
    return parser.parse_args()


def chosen(given: argparse.Namespace) -> list[Row]:
    """Return the rows to measure.

    Raises:
        BenchFailed: a name is no row.
    """
    known = {row.name: row for row in all_rows(QUICK_SCALE if given.quick else 1)}
    names = [name.strip() for name in given.rows.split(",") if name.strip()]
    if wrong := [name for name in names if name not in known]:
        raise BenchFailed(f"no row {', '.join(wrong)}; the rows are {', '.join(known)}")
    return [known[name] for name in names] or [row for row in known.values() if row.in_quick or not given.quick]


def contenders(row: Row, given: argparse.Namespace) -> list[Contender]:
    """Return the contenders of a row that are to be measured."""
    if given.quick:
        return [one for one in row.contenders if one.name.startswith((OURS, "requests loop", "limit"))]
    return [one for one in row.contenders if given.only in one.name]


def measured(row: Row, bench: Bench, given: argparse.Namespace) -> dict[str, list[Measured]]:
    """Measure a row, print every run, and return the runs by contender."""
    found: dict[str, list[Measured]] = {}
    for _ in range(1 if given.quick else min(given.rounds, row.rounds)):
        for contender in contenders(row, given):
            with tempfile.TemporaryDirectory() as folder:
                run = contender.run(bench, Path(folder))
            found.setdefault(contender.name, []).append(run)
            figures = "".join(f"  {name} {value:.4g}" for name, value in run.figures.items())
            print(
                f"{row.name:<16} {contender.name:<26} {contender.work / run.seconds:>10,.0f} {row.unit}/s  "
                f"{run.seconds:6.2f} s  {run.cpu_s / contender.work * 1e6:8.2f} µs CPU  {run.peak_mb:5.0f} MB{figures}",
                flush=True,
            )
    return found


def main() -> int:
    """Run the benchmark. Return 1 if a program fails or its result is wrong."""
    given, begin = arguments(), time.monotonic()
    try:
        with mock() as server:
            bench = Bench(server)
            for row in chosen(given):
                runs = measured(row, bench, given)
                if not given.quick and not given.only:
                    results.save(results.load() | {row.name: results.kept_row(row, runs)})
    except BenchFailed as error:
        print(f"bench failed: {error}", file=sys.stderr)
        return 1
    if not given.quick and not given.only:
        write(results.load(), all_rows(1))
    print(f"{time.monotonic() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
