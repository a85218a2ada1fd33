"""Results of all rounds, kept as JSON: a row that is measured again replaces only its own results."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from measuring import HERE, ROOT
from rows.model import Median

if TYPE_CHECKING:
    from measuring import Measured
    from rows.model import Row

FILE = HERE / "results.json"


def _median(work: int, rounds: list[dict[str, Any]]) -> Median:
    seconds, cpu_s, peak_mb = (median(run[key] for run in rounds) for key in ("seconds", "cpu_s", "peak_mb"))
    figures = {key: median(run["figures"][key] for run in rounds) for key in rounds[0]["figures"]}
    return Median(work, seconds, cpu_s, peak_mb, figures)


def medians(kept: dict[str, Any]) -> dict[str, Median]:
    """Return the median of each contender of a row."""
    return {name: _median(one["work"], one["rounds"]) for name, one in kept["contenders"].items()}


def _rounded(run: Measured) -> dict[str, Any]:
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(run).items()}


def _kept(row: Row, runs: dict[str, list[Measured]]) -> dict[str, Any]:
    work = {contender.name: contender.work for contender in row.contenders}
    contenders = {name: {"work": work[name], "rounds": [*map(_rounded, rounds)]} for name, rounds in runs.items()}
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    return {"at": datetime.now(UTC).strftime("%Y-%m-%d"), "commit": commit, "contenders": contenders}


def load() -> dict[str, Any]:
    """Return all results by row."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return found


def keep(row: Row, runs: dict[str, list[Measured]]) -> None:
    """Replace the results of a row by those of its runs; without runs it has none."""
    kept = load()
    kept.pop(row.name, None)
    if runs:
        kept[row.name] = _kept(row, runs)
    FILE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
