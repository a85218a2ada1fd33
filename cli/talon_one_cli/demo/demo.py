"""``make demo``: load retail data from a local Talon.One into DuckDB, sync segments back, and check every figure.

The demo starts the emulator with the journey data and runs ``talon-one load`` three times. While it goes on,
``demo_checks`` compares copies of the warehouse with the totals of the emulator and with balances computed from the
ledger. Then ``demo_syncs`` plans, pushes and verifies three audiences and a catalog.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from demo_syncs import Syncs
from demo_syncs import table as table_of_pushes
from demo_tools import DemoFailed, control, expect

if TYPE_CHECKING:
    from collections.abc import Iterator

OUT = Path("demo-output")
WAREHOUSE = OUT / "warehouse.duckdb"
STREAMS = "loyalty_card_transactions,loyalty_card_balances"
AS_OF = "2018-01-02T00:00:00Z"  # the day after the last basket of the journey data
EXPECTED = (155_370, Decimal("4596039.58"), 2_102, 2_469)  # additions, their points, subtractions, cards
NEW_BASKETS = 1_000
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Step:
    """One load: its row counts by stream, its requests and its duration."""

    name: str
    streams: dict[str, dict[str, int]]
    requests: int
    seconds: float


@contextmanager
def emulator() -> Iterator[str]:
    """Run a local Talon.One with the journey data in a separate process and yield its URL."""
    # The Management API allows 3 requests a second for each endpoint; the demo would only wait for that.
    serve = ["serve", "--seed", "journey", "--port", "0", "--management-rate", "0"]
    command = [BIN / "talon-one-emulator", *serve]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            if not words or words[0] != "ready":
                raise DemoFailed("the emulator did not start; its error is above")
            yield next(w.removeprefix("url=") for w in words if w.startswith("url="))
        finally:
            process.terminate()


def load(url: str, name: str, as_of: str) -> Step:
    """Run ``talon-one load`` and return its report."""
    config = OUT / "config.json"
    settings = {
        "base_url": url,
        "api_key": "demo-integration-key",
        "management_key": "demo-management-key",
        "settle_seconds": 0,
        "as_of": as_of,
        "transactions_strategy": "per_entity",
        "balances_strategy": "per_entity",
    }
    config.write_text(json.dumps(settings, indent=2), encoding="utf-8")
    command = [BIN / "talon-one", "load", "--to", f"duckdb:///{WAREHOUSE}", "--config", config]
    print(f"$ talon-one load --to duckdb:///{WAREHOUSE} --config {config} --streams {STREAMS}", flush=True)
    done = subprocess.run([*command, "--streams", STREAMS, "--json"], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise DemoFailed(f"talon-one load ended with exit code {done.returncode}")
    report = json.loads(done.stdout)
    return Step(name, report["streams"], report["requests"], report["seconds"])


def query(sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on the warehouse."""
    with duckdb.connect(str(WAREHOUSE), read_only=True) as db:
        return db.execute(sql).fetchall()


class Background:
    """A script of the demo that reads a copy of the warehouse in a process of its own."""

    def __init__(self, script: str, name: str, *arguments: object) -> None:
        copy = OUT / f"warehouse-{name}.duckdb"
        shutil.copyfile(WAREHOUSE, copy)
        command = [sys.executable, str(Path(__file__).with_name(script)), str(copy), *map(str, arguments)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._copy = copy

    def result(self) -> str:
        """Wait for the script, and return what it has printed. Raise DemoFailed if it failed."""
        printed, _ = self._process.communicate()
        self._copy.unlink()
        if self._process.returncode:
            raise DemoFailed(printed.strip())
        return printed.strip()

    def stop(self) -> None:
        """End the script if it still runs."""
        self._process.kill()
        self._process.wait()


def add_baskets(url: str) -> tuple[str, Decimal]:
    """Add a basket to every other card. Return an instant after them and the sum of their points."""
    amounts = [Decimal(100 + 7 * n) / 100 for n in range(NEW_BASKETS)]
    expiry = (datetime.now(UTC) + timedelta(days=365)).strftime("%Y-%m-%dT%H:%M:%SZ")
    cards = [row[0] for row in query("SELECT DISTINCT card_identifier FROM talon_one.loyalty_card_balances ORDER BY 1")]
    rows = [
        {"program": 1, "card": cards[2 * n], "amount": float(amount), "expiryDate": expiry, "name": "Basket"}
        for n, amount in enumerate(amounts)
    ]
    control(url, "transactions", rows)
    return control(url, "clock")["now"], sum(amounts, Decimal(0))


def table(steps: list[Step]) -> None:
    """Print the row counts of each load."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(title="Loyalty data out of Talon.One, into DuckDB")
    for title in ("load", "stream", "rows read", "new in DuckDB", "calls", "seconds"):
        shown.add_column(title, justify="left" if title in ("load", "stream") else "right")
    for step in steps:
        for index, (stream, counts) in enumerate(step.streams.items()):
            of_step = (f"{step.requests:,}", f"{step.seconds:.1f}") if index == 0 else ("", "")
            name = step.name if index == 0 else ""
            shown.add_row(name, stream, f"{counts['read']:,}", f"{counts['inserted']:,}", *of_step)
    Console(width=110).print(shown)


def loads(url: str, running: list[Background]) -> tuple[list[Step], str]:
    """Run the loads, and start a check of the warehouse after the first and the last. Return an instant after them."""
    additions, points, subtractions, cards = EXPECTED
    steps = [load(url, "first", AS_OF)]
    running.append(Background("demo_checks.py", "first", url, AS_OF, additions, points, subtractions, cards))
    running.append(Background("demo_picture.py", "picture", AS_OF, OUT / "loyalty.png"))
    steps.append(load(url, "again", AS_OF))
    expect("new rows of the second load", [0, 0], [c["inserted"] for c in steps[1].streams.values()])
    later, more = add_baskets(url)
    steps.append(load(url, f"after {NEW_BASKETS:,} new baskets", later))
    expect("new rows", NEW_BASKETS, steps[2].streams["loyalty_card_transactions"]["inserted"])
    expected = (additions + NEW_BASKETS, points + more, subtractions, cards)
    running.append(Background("demo_checks.py", "last", url, later, *expected))
    return steps, later


def run(running: list[Background]) -> None:
    """Run all steps of the demo."""
    OUT.mkdir(exist_ok=True)
    WAREHOUSE.unlink(missing_ok=True)
    print("Starting a local Talon.One with the retail data of 2,469 households ...", flush=True)
    with emulator() as url:
        steps, later = loads(url, running)
        table(steps)
        pushes = Syncs(url, OUT, WAREHOUSE).run(AS_OF, later)
        first, picture, last = (one.result() for one in running)
    table_of_pushes(pushes)
    additions, total, subtractions, cards = EXPECTED
    print(f"{additions:,} additions and {total:,} points loaded for {cards:,} cards, {subtractions:,} subtractions.")
    print(f"{int(first) + int(last):,} balances equal the ledger arithmetic to the cent: 0 differences.")
    print(f"Warehouse: {WAREHOUSE} (schema talon_one). Picture: {picture}")


def main() -> int:
    """Run the demo. Return 1 if a figure is wrong."""
    started = time.monotonic()
    os.environ.setdefault("TALON_ONE_LOGLEVEL", "WARNING")
    running: list[Background] = []
    try:
        run(running)
    except DemoFailed as error:
        print(f"demo failed: {error}", file=sys.stderr)
        return 1
    finally:
        for one in running:
            one.stop()
    print(f"Done in {time.monotonic() - started:.0f} s.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
