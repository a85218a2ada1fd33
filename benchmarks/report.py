"""Write the results into docs/reference/performance.md, between its markers, and as a chart beside it."""

from __future__ import annotations

import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chart import draw
from measuring import ROOT
from results import medians
from rows.model import OURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rows.model import Mark, Median, Row

PAGE = ROOT / "docs/reference/performance.md"
CHART = ROOT / "docs/images/performance.svg"
SHOWN_VERSIONS = ("singer-sdk", "dlt", "drt-core", "requests", "urllib3", "pyreqwest", "msgspec", "duckdb", "pyarrow")


def _machine() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory_kb = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(encoding="utf-8"))
    cores = len(re.findall(r"^processor", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE))
    return (
        f"{cores} cores ({model[1] if model else platform.machine()}), "
        f"{int(memory_kb[1]) / 1e6 if memory_kb else 0:.0f} GB, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}"
    )


def _versions() -> str:
    locks = [ROOT / "requirements/dev.lock", *sorted((ROOT / "requirements/bench").glob("*.lock"))]
    text = "\n".join(lock.read_text(encoding="utf-8") for lock in locks)
    found = {}
    for name in SHOWN_VERSIONS:
        versions = re.findall(rf"^{name}==([\w.]+)", text, re.MULTILINE)
        found[name] = "/".join(dict.fromkeys(versions))
    return ", ".join(f"{name} {version}" for name, version in found.items() if version)


def _number(value: float) -> str:
    if value >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 10 else f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def _mark(mark: Mark, found: Mapping[str, Median]) -> tuple[str, str, str]:
    wanted = f"{'≤' if mark.at_most else '≥'} {_number(mark.limit)} {mark.what}"
    figure = mark.measured(found)
    if figure is None:
        return wanted, "", "not measured"
    return wanted, _number(figure), "yes" if mark.is_met_by(figure) else "**no**"


def _marks(results: Mapping[str, Any], rows: list[Row]) -> Iterator[str]:
    yield "| work | mark | measured | met |"
    yield "|---|---|---|---|"
    for row in rows:
        if row.name in results:
            found = medians(results[row.name])
            for mark in row.marks:
                yield f"| {row.title} | {' | '.join(_mark(mark, found))} |"


def _programs(results: Mapping[str, Any], rows: list[Row]) -> Iterator[str]:
    yield "| work | program | rate | this connector | CPU | peak memory |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        if row.name not in results:
            continue
        found = medians(results[row.name])
        ours = next((one for name, one in found.items() if name.startswith(OURS)), None)
        unit = row.unit.removesuffix("s")
        for index, (name, one) in enumerate(found.items()):
            ratio = "" if name.startswith(OURS) or not ours else f"{_number(ours.rate / one.rate)} times as fast"
            cpu = f"{_number(one.cpu_us)} µs a {unit}" if one.cpu_s else ""
            memory = f"{one.peak_mb:.0f} MB" if one.peak_mb else ""
            yield (
                f"| {row.title if index == 0 else ''} | {name} | {_number(one.rate)} {row.unit}/s | {ratio} "
                f"| {cpu} | {memory} |"
            )


def _missing(results: Mapping[str, Any], rows: list[Row]) -> Iterator[str]:
    for row in rows:
        if row.name not in results:
            yield f"- {row.title}"
        elif names := [one.name for one in row.contenders if one.name not in results[row.name]["contenders"]]:
            yield f"- {row.title}: {', '.join(names)}"


def write(results: Mapping[str, Any], rows: list[Row]) -> None:
    """Replace what stands between the markers of the page, and the chart."""
    parts = []
    if results:
        days = sorted({one["at"] for one in results.values()})
        when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
        parts = [
            f"Measured {when} on {_machine()}. Versions: {_versions()}. Each figure is the median of the rounds.",
            "\n".join(_marks(results, rows)),
            "\n".join(_programs(results, rows)),
        ]
    if missing := [*_missing(results, rows)]:
        parts.append("\n".join(["No results yet, or the last run failed:\n", *missing]))
    page = PAGE.read_text(encoding="utf-8")
    front, rest = page.split("<!-- results -->", 1)
    back = rest.split("<!-- end of results -->", 1)[1]
    text = "\n\n".join(["<!-- results -->", *parts, "<!-- end of results -->"])
    PAGE.write_text(front + text + back, encoding="utf-8")
    CHART.write_text(draw(results, rows), encoding="utf-8")
