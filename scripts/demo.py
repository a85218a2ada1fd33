"""``make demo``: load retail data from a local Talon.One into DuckDB, sync segments back, and check every figure.

The demo starts the emulator with the journey data, runs ``talon-one load`` three times, and compares the warehouse with
the totals of the emulator and with balances computed from the ledger. Then ``demo_syncs`` plans, pushes and verifies
three audiences and a catalog.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo_picture import draw
from demo_syncs import Syncs
from demo_syncs import table as table_of_pushes
from talon_one_client.paging.windows import to_us
from tap_talon_one.ledger.arithmetic import Entry, Points, balance

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


class DemoFailed(Exception):
    """A figure differs from the expected one."""


@contextmanager
def emulator() -> Iterator[str]:
    """Run a local Talon.One with the journey data in a separate process and yield its URL."""
    command = [BIN / "talon-one-emulator", "serve", "--seed", "journey", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            if not words or words[0] != "ready":
                raise DemoFailed("the emulator did not start; its error is above")
            yield next(w.removeprefix("url=") for w in words if w.startswith("url="))
        finally:
            process.terminate()


def control(url: str, path: str, body: Any = None) -> Any:
    """Send GET, or POST with a body, to a control endpoint of the emulator and return the JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/_emulator/{path}", data, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.loads(answer.read(), parse_float=Decimal)


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


def expect(what: str, expected: object, actual: object) -> None:
    """Raise DemoFailed unless both values are equal."""
    if expected != actual:
        raise DemoFailed(f"{what}: expected {expected}, got {actual}")


def query(sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on the warehouse."""
    from talon_one_warehouse import open_warehouse

    with open_warehouse(f"duckdb:///{WAREHOUSE}") as warehouse:
        return warehouse.query(sql)


def check_totals(extra_count: int = 0, extra_points: Decimal = Decimal(0)) -> None:
    """Check that the warehouse holds every basket and redemption, to the cent."""
    (counted,) = query(
        """SELECT count(*) FILTER (type = 'addition'), sum(amount) FILTER (type = 'addition'),
                  count(*) FILTER (type = 'subtraction'), count(DISTINCT card_identifier),
                  count(*) - count(DISTINCT id)
           FROM talon_one.loyalty_card_transactions"""
    )
    additions, points, subtractions, cards = EXPECTED
    expect("rows and points", (additions + extra_count, points + extra_points, subtractions, cards, 0), counted)


def check_balances(url: str, as_of: str) -> int:
    """Check every balance against the emulator and against the loaded ledger, and return their number."""
    totals = control(url, f"truth?program=1&as_of={as_of}")
    names = totals["columns"][2:]
    expected = {(o, s): Points(**dict(zip(names, map(Decimal, p), strict=True))) for o, s, *p in totals["balances"]}
    rows = query(
        f"""SELECT card_identifier, subledger_id, active_points, pending_points, spent_points, expired_points,
                   negative_points FROM talon_one.loyalty_card_balances WHERE as_of = '{as_of}'"""  # noqa: S608
    )
    loaded = {(card, ledger): Points(*points) for card, ledger, *points in rows}
    expect("balances that differ from those of the emulator", {}, _different(expected, loaded))
    expect("balances that differ from the ledger", {}, _different(_from_ledger(as_of), loaded))
    return len(loaded)


def _different(expected: dict[Any, Points], actual: dict[Any, Points]) -> dict[Any, Any]:
    pairs = {key: (expected.get(key), actual.get(key)) for key in expected.keys() | actual.keys()}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _from_ledger(as_of: str) -> dict[Any, Points]:
    rows = query(
        f"""SELECT card_identifier, subledger_id, type, id, created, amount,
                   CASE WHEN start_kind = 'timestamp' THEN start_at END,
                   CASE WHEN expiry_kind = 'timestamp' THEN expiry_at END
            FROM talon_one.loyalty_card_transactions WHERE created <= '{as_of}'"""  # noqa: S608
    )
    ledgers: dict[Any, list[Entry]] = {}
    for card, ledger, kind, number, created, amount, start, expiry in rows:
        instants = (None if when is None else to_us(when) for when in (start, expiry))
        entry = Entry(to_us(created), number, amount, kind == "addition", *instants)
        ledgers.setdefault((card, ledger), []).append(entry)
    when_us = to_us(datetime.fromisoformat(as_of))
    return {key: balance(entries, when_us) for key, entries in ledgers.items()}


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


def run() -> None:
    """Run all steps of the demo."""
    OUT.mkdir(exist_ok=True)
    WAREHOUSE.unlink(missing_ok=True)
    print("Starting a local Talon.One with the retail data of 2,469 households ...", flush=True)
    with emulator() as url:
        steps = [load(url, "first", AS_OF)]
        check_totals()
        balances = check_balances(url, AS_OF)
        steps.append(load(url, "again", AS_OF))
        expect("new rows of the second load", [0, 0], [c["inserted"] for c in steps[1].streams.values()])
        later, points = add_baskets(url)
        steps.append(load(url, f"after {NEW_BASKETS:,} new baskets", later))
        expect("new rows", NEW_BASKETS, steps[2].streams["loyalty_card_transactions"]["inserted"])
        check_totals(NEW_BASKETS, points)
        balances += check_balances(url, later)
        table(steps)
        pushes = Syncs(url, OUT, WAREHOUSE, expect, control).run(AS_OF, later)
    table_of_pushes(pushes)
    additions, total, subtractions, cards = EXPECTED
    print(f"{additions:,} additions and {total:,} points loaded for {cards:,} cards, {subtractions:,} subtractions.")
    print(f"{balances:,} balances equal the ledger arithmetic to the cent: 0 differences.")
    picture = draw(query, AS_OF, OUT / "loyalty.png")
    print(f"Warehouse: {WAREHOUSE} (schema talon_one). Picture: {picture}")


def main() -> int:
    """Run the demo. Return 1 if a figure is wrong."""
    started = time.monotonic()
    os.environ.setdefault("TALON_ONE_LOGLEVEL", "WARNING")
    try:
        run()
    except DemoFailed as error:
        print(f"demo failed: {error}", file=sys.stderr)
        return 1
    print(f"Done in {time.monotonic() - started:.0f} s.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
