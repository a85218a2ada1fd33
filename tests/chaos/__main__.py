"""``python -m tests.chaos``: run every command with every fault, at random moments of a printed seed."""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.chaos.commands import COMMANDS
from tests.chaos.faults import FAULTS
from tests.chaos.trial import run_cell
from tests.chaos.world import World

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "reliability.md"
BEGIN, END = "<!-- chaos -->", "<!-- end -->"

Result = dict[str, Any]


def main() -> int:
    """Run all cells. Return 1 if one failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and mounts are removed
    options = _options()
    if options.part:
        _run_part(options)
        return 0
    print(f"seed {options.seed}", flush=True)
    started = time.monotonic()
    with ThreadPoolExecutor(options.jobs) as pool:
        parts = pool.map(lambda number: _part(options, number), range(options.jobs))
        results = [one for part in parts for one in part]
    broken = [one for one in results if not one["ok"]]
    minutes = (time.monotonic() - started) / 60
    print(f"seed {options.seed}: {len(results)} cells in {minutes:.0f} minutes, {len(broken)} broken")
    if options.write_docs:
        _write_page(results, options.seed)
    return 1 if broken or not results else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--command", action="append", default=[], choices=COMMANDS, help="only this one; repeatable")
    parser.add_argument("--fault", action="append", default=[], help="only faults whose name holds this; repeatable")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--write-docs", action="store_true", help="write the table of docs/reference/reliability.md")
    return parser.parse_args()


def _part(options: argparse.Namespace, number: int) -> list[Result]:
    """Run a share of the cells in another process with its own servers. Print each result and return all."""
    command = [sys.executable, "-m", "tests.chaos", "--seed", str(options.seed), "--part", f"{number}/{options.jobs}"]
    for name in ("command", "fault"):
        command += [word for value in getattr(options, name) for word in (f"--{name}", value)]
    results: list[Result] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                one = json.loads(line)
                results.append(one)
                mark = "ok    " if one["ok"] else "BROKEN"
                print(f"{mark} {one['command']} under {one['fault']}: {one['word']} ({one['seconds']} s)", flush=True)
                if not one["ok"]:
                    print(f"    {one['detail']}", flush=True)
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise SystemExit(f"a part of the cells ended with exit code {process.returncode}")
    return results


def _run_part(options: argparse.Namespace) -> None:
    number, of = map(int, options.part.split("/"))
    wanted = [fault for fault in FAULTS if not options.fault or any(word in fault.name for word in options.fault)]
    cells = [(name, fault) for name in options.command or COMMANDS for fault in wanted]
    with World() as world:
        for name, fault in cells[number::of]:
            started = time.monotonic()
            outcome = run_cell(world, name, fault, f"{options.seed} {name} {fault.name}")
            if outcome is not None:
                result = {"command": name, "fault": fault.name, "ok": outcome.ok, "word": outcome.word}
                seconds = round(time.monotonic() - started, 1)
                print(json.dumps(result | {"detail": outcome.detail, "seconds": seconds}), flush=True)


def _write_page(results: list[Result], seed: int) -> None:
    found = {(one["fault"], one["command"]): one["word"] for one in results}
    names = [name for name in COMMANDS if any(command == name for _, command in found)]
    lines = [f"| fault | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for fault in FAULTS:
        cells = [found.get((fault.name, name), "-") for name in names]
        lines.append(f"| {fault.name.replace('|', '&#124;')} | {' | '.join(cells)} |")
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    table = "\n".join(lines)
    PAGE.write_text(f"{head}{BEGIN}\n{table}\n\nSeed {seed}.\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
