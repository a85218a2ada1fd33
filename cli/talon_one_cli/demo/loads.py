"""First part of the demo: three loads into DuckDB, each of which is checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import quote

import duckdb

from talon_one_cli.demo.tools import Background, control, expect
from talon_one_cli.formatting import FigureTable, open_console
from talon_one_singer.cli.output import say

if TYPE_CHECKING:
    from pathlib import Path

    from talon_one_cli.demo.tools import DemoData, Programs

STREAMS = "loyalty_card_transactions,loyalty_card_balances"


@dataclass(frozen=True, slots=True)
class Step:
    """One load: its row counts by stream, its requests and its duration."""

    name: str
    streams: dict[str, dict[str, int]]
    requests: int
    seconds: float


class Loads:
    """Loads of the emulator's ledgers into a warehouse.

    Args:
        programs: starts the commands.
        data: the expected figures.
        out: folder of the settings and the picture.
        warehouse: the DuckDB file.

    Attributes:
        steps: the loads.
        later: an instant after the last of them.
    """

    def __init__(self, programs: Programs, data: DemoData, out: Path, warehouse: Path) -> None:
        self._programs, self._data, self._out, self._warehouse = programs, data, out, warehouse
        self._checks: list[Background] = []
        self._picture: Background | None = None
        self.steps: list[Step] = []
        self.later = ""

    def run(self, url: str) -> None:
        """Run the loads, and start a check of the warehouse after the first and the last.

        Raises:
            DemoFailed: a figure differs from the expected one, or a load failed.
        """
        data = self._data
        self._load(url, "first", data.as_of)
        self._check("first", url, data.as_of, 0, Decimal(0))
        self._picture = Background(
            self._programs, "picture", self._warehouse, "picture", data.as_of, self._out / "loyalty.png"
        )
        self._load(url, "again", data.as_of)
        expect("new rows of the second load", [0, 0], [c["inserted"] for c in self.steps[1].streams.values()])
        self.later, more = self._add_baskets(url)
        self._load(url, f"after {data.new_baskets:,} new baskets", self.later)
        expect("new rows", data.new_baskets, self.steps[2].streams["loyalty_card_transactions"]["inserted"])
        self._check("last", url, self.later, data.new_baskets, more)

    def results(self) -> tuple[int, str]:
        """Return how many balances were checked, and the path of the picture.

        Raises:
            DemoFailed: a figure differs from the expected one.
        """
        assert self._picture is not None, "run was not called"
        return sum(int(check.result()) for check in self._checks), self._picture.result()

    def close(self) -> None:
        """End what still runs."""
        for one in [*self._checks, *([self._picture] if self._picture else [])]:
            one.close()

    def _check(self, name: str, url: str, as_of: str, more: int, points: Decimal) -> None:
        data = self._data
        expected = (data.additions + more, data.points + points, data.subtractions, data.cards)
        self._checks.append(Background(self._programs, "checks", self._warehouse, name, url, as_of, *expected))

    def _load(self, url: str, name: str, as_of: str) -> None:
        config = self._out / "config.json"
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
        to = f"duckdb:///{quote(str(self._warehouse))}"
        arguments = ("load", "--to", to, "--config", config, "--streams", STREAMS)
        report = json.loads(self._programs.talon_one(*arguments, hidden=("--json",)))
        step = Step(name, report["streams"], report["requests"], report["seconds"])
        self.steps.append(step)
        if not open_console().is_terminal:
            read, new = (sum(counts[kind] for counts in step.streams.values()) for kind in ("read", "inserted"))
            say(f"{name}: {read:,} rows read, {new:,} new in DuckDB, {step.requests:,} calls, {step.seconds:.1f} s")

    def _add_baskets(self, url: str) -> tuple[str, Decimal]:
        """Add a basket to every other card. Return an instant after them and the sum of their points."""
        amounts = [Decimal(100 + 7 * n) / 100 for n in range(self._data.new_baskets)]
        expiry = (datetime.now(UTC) + timedelta(days=365)).strftime("%Y-%m-%dT%H:%M:%SZ")
        sql = "SELECT DISTINCT card_identifier FROM talon_one.loyalty_card_balances ORDER BY 1"
        with duckdb.connect(str(self._warehouse), read_only=True) as db:
            cards = [row[0] for row in db.execute(sql).fetchall()]
        rows = [
            {"program": 1, "card": cards[2 * n], "amount": float(amount), "expiryDate": expiry, "name": "Basket"}
            for n, amount in enumerate(amounts)
        ]
        control(url, "transactions", rows)
        return control(url, "clock")["now"], sum(amounts, Decimal(0))


def show_loads(steps: list[Step]) -> None:
    """Print the row counts of each load."""
    table = FigureTable(
        ("load", "stream"), ("rows read", "new in DuckDB", "calls", "seconds"),
        "Loyalty data out of Talon.One, into DuckDB",
    )  # fmt: skip
    for step in steps:
        for index, (stream, counts) in enumerate(step.streams.items()):
            of_step = (step.name, f"{step.requests:,}", f"{step.seconds:.1f}") if index == 0 else ("", "", "")
            table.add_row(of_step[0], stream, f"{counts['read']:,}", f"{counts['inserted']:,}", *of_step[1:])
    table.print(open_console())
