"""``make bench``: measure the connector beside its peers, and write docs/reference/performance.md.

``run.py [--rows tap_a,push] [--rounds 3] [--quick] [--only NAME]``. Each round runs every contender of a row once, so
that what disturbs the machine disturbs all of them. A contender that fails is named and has no results; the others are
measured. ``--quick`` does a tenth of the work, once, without the peers, and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
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
    """Measure a row, print every run and every error, and return the runs by contender.

    A contender that fails once is not run again. It keeps its place in the result, without runs.
    """
    left = contenders(row, given)
    found: dict[str, list[Measured]] = {contender.name: [] for contender in left}
    for _ in range(1 if given.quick else given.rounds):
        for contender in list(left):
            try:
                with tempfile.TemporaryDirectory() as folder:
                    run = contender.run(bench, Path(folder))
            except Exception as error:  # noqa: BLE001 - whatever fails, the results of the others are kept
                text = str(error) if isinstance(error, BenchFailed) else traceback.format_exc()
                print(f"{row.name}, {contender.name} failed: {text}", file=sys.stderr, flush=True)
                left.remove(contender)
                found[contender.name] = []
                continue
            found[contender.name].append(run)
            figures = "".join(f"  {name} {value:.4g}" for name, value in run.figures.items())
            print(
                f"{row.name:<16} {contender.name:<26} {contender.work / run.seconds:>10,.0f} {row.unit}/s  "
                f"{run.seconds:6.2f} s  {run.cpu_s / contender.work * 1e6:8.2f} µs CPU  {run.peak_mb:5.0f} MB{figures}",
                flush=True,
            )
    return found


def measure_rows(rows: list[Row], bench: Bench, given: argparse.Namespace) -> int:
    """Measure rows, keep their results and write the page. Return 1 if a contender failed."""
    failed, writes = [], not (given.quick or given.only)
    for row in rows:
        runs = measured(row, bench, given)
        failed += [f"{row.name} ({name})" for name, found in runs.items() if not found]
        if writes:
            results.keep(row, {name: found for name, found in runs.items() if found})
    if writes:
        write(results.load(), all_rows(1))
    if failed:
        print(f"bench failed: {', '.join(failed)}; the errors are above", file=sys.stderr)
    return 1 if failed else 0


def main() -> int:
    """Run the benchmark. Return 1 if a program fails or its result is wrong."""
    given, begin = arguments(), time.monotonic()
    try:
        rows = chosen(given)
        with mock() as server:
            code = measure_rows(rows, Bench(server), given)
    except (BenchFailed, OSError) as error:
        print(f"bench failed: {error}", file=sys.stderr)
        return 1
    print(f"{time.monotonic() - begin:.0f} s")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
