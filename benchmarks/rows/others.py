"""Comparisons of a large mirror, a shared rate limit, start-up, and growth."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from measuring import BIN, HERE, BenchFailed, Measured, measure, peer
from rows import loading, pushing, reading
from rows.model import OURS, Bench, Contender, Mark, Row, peak_mb, seconds
from rows.reading import Reading

if TYPE_CHECKING:
    from pathlib import Path

BUDGET = 100  # requests per second
STARTS = 7
MOST, USED = "requests in the fullest second", "share of the budget used"


def _mirror(members: int, _bench: Bench, folder: Path) -> Measured:
    out = folder / "out.json"
    changed = str(members // 200)  # 1 %: one half leaves, and as many join
    measure([sys.executable, HERE / "mirror.py", str(members), changed, changed], folder, stdout=out)
    found = json.loads(out.read_text(encoding="utf-8"))
    return Measured(found["second_diff_s"], found["cpu_s"], found["peak_mb"])


def _budget(processes: int, requests: int, bench: Bench, folder: Path) -> Measured:
    """Read balances with several taps that share a rate limit; the figures are those of the requests at the server."""
    given = [Reading("balances", 20, requests // processes, 8) for _ in range(processes)]
    bench.mock.set(prepare=(20, 1))
    catalog = folder / "catalog.json"
    streams = [stream for stream in bench.catalog if stream["stream"] == "loyalty_card_balances"]
    catalog.write_text(json.dumps({"streams": streams}), encoding="utf-8")
    shared = {"requests_per_second": BUDGET, "rate_limit_url": f"sqlite:///{folder}/rate.db"}
    begin = time.perf_counter()
    with ExitStack() as stack:
        running = []
        for number, one in enumerate(given):
            config = folder / f"config-{number}.json"
            config.write_text(json.dumps(reading.settings_of(one, bench.mock.url) | shared), encoding="utf-8")
            out = stack.enter_context((folder / f"out-{number}.jsonl").open("wb"))
            command = [BIN / "tap-talon-one", "--config", config, "--catalog", catalog]
            running.append(stack.enter_context(subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)))
        if any(process.wait() for process in running):
            raise BenchFailed(f"one of {processes} taps with a shared rate limit failed")
    whole_s = time.perf_counter() - begin
    for number, one in enumerate(given):
        one.check(bench, folder / f"out-{number}.jsonl")
    arrivals = sorted(bench.mock.seen()["arrivals"])
    figures = {MOST: float(most_in_a_second(arrivals)), USED: used(arrivals)}
    return Measured(whole_s, 0.0, 0.0, figures)


def most_in_a_second(arrivals: list[float]) -> int:
    """Return the largest number of arrivals in any window of one second, its end left out."""
    most, first = 0, 0
    for last, at in enumerate(arrivals):
        while at - arrivals[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def used(arrivals: list[float]) -> float:
    """Return the share of the budget that was used between the first and the last arrival."""
    return (len(arrivals) - 1) / (arrivals[-1] - arrivals[0]) / BUDGET


def _start(command: list[str | Path], _bench: Bench, folder: Path) -> Measured:
    runs = [measure(command, folder) for _ in range(STARTS)]
    return Measured(*(median(getattr(run, key) for run in runs) for key in ("seconds", "cpu_s", "peak_mb")))


def _server(requests: int, kind: str, bench: Bench, folder: Path) -> Measured:
    bench.mock.set(prepare=(50_000, 1))
    path = f"/v1/loyalty_programs/1/cards/{Reading('', 50_000, 1).names[0]}/{kind}"
    port = bench.mock.url.rpartition(":")[2]
    return measure(peer("limit", "raw_sockets.py", port, path, str(requests)), folder)


def _growth(name: str, title: str, programs: list[Contender]) -> Row:
    small, large = programs
    times = Mark(
        "times the seconds for 10 times the rows",
        10.5,
        lambda medians: medians[large.name].seconds / medians[small.name].seconds,
        at_most=True,
    )
    return Row(name, title, "rows", programs, [times], in_quick=False)


def _sized(run: partial[Measured], rows: int) -> Contender:
    return Contender(f"{OURS}, {rows:,} rows", rows, run)


def _growths() -> list[Row]:
    ledgers = [Reading("transactions", rows, 20) for rows in (5_000, 50_000)]
    pushes = [pushing.Pushing(rows) for rows in (40_000, 400_000)]
    return [
        _growth("growth_tap", "Growth of reads", [_sized(partial(reading.ours, one), one.work) for one in ledgers]),
        _growth(
            "growth_load",
            "Growth of loads into DuckDB",
            [_sized(partial(loading.ours, "duckdb", one), one.work) for one in ledgers],
        ),
        _growth("growth_push", "Growth of pushes", [_sized(partial(pushing.ours, one), one.rows) for one in pushes]),
    ]


def _budgets() -> list[Row]:
    programs = [
        Contender(f"{OURS}, {count} process{'es' * (count > 1)}", 1_000, partial(_budget, count, 1_000))
        for count in (1, 4, 8)
    ]
    names = [one.name for one in programs]
    marks = [
        Mark("of the budget used", 0.95, lambda medians: min(medians[name].figures[USED] for name in names)),
        Mark(MOST, BUDGET, lambda medians: max(medians[name].figures[MOST] for name in names), at_most=True),
    ]
    return [Row("budget", "A budget of 100 requests/s, shared", "requests", programs, marks, in_quick=False)]


def rows(scale: int) -> list[Row]:
    """Return the rows, with a part of the work if ``scale`` is not 1."""
    members = 10_000_000 // scale
    starts = [
        Contender(OURS, 1, partial(_start, [BIN / "tap-talon-one", "--version"])),
        Contender(reading.SDK, 1, partial(_start, peer("singer-sdk", "singer_sdk_tap.py", "--version"))),
        Contender("limit: python", 1, partial(_start, [sys.executable, "-c", "pass"])),
    ]
    capacity = [
        Contender("requests for balances", 50_000, partial(_server, 50_000, "balances")),
        Contender("requests for pages of 1,000 rows", 5_000, partial(_server, 5_000, "transactions")),
    ]
    return [
        Row("server", "What the mock server can do", "requests", capacity, in_quick=False),
        Row(
            "mirror",
            "10,000,000 members compared, 1 % changed",
            "members",
            [Contender(OURS, members, partial(_mirror, members))],
            [seconds(8 / scale), peak_mb(250)],
            in_quick=False,
        ),
        *_budgets(),
        Row("start", "tap-talon-one --version", "starts", starts, [seconds(0.15)]),
        *_growths(),
    ]
