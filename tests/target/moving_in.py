"""A loyalty program that moves into an empty emulator: its files, its syncs, and pushes that are killed.

The program is that of the journey data, or a part of it: cards with points, and profiles with tiers and join dates.
"""

from __future__ import annotations

import csv
import json
import signal
import sqlite3
import sys
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING, Any

import yaml

from talon_one_emulator.seeds import journey
from target_talon_one.store.opening import open_store
from tests import commands

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable

    from talon_one_emulator import Emulator

IMPORTS = (
    "import_loyalty_cards",
    "import_loyalty_points",
    "import_loyalty_customers_tiers",
    "import_loyalty_join_dates",
)
SYNCS: dict[str, dict[str, Any]] = {
    "profiles": {
        "sink": "customer_profiles",
        "map": {"integrationId": "customer", "attributes": ["segment"]},
        "key": "customer",
    },
    "cards": {"sink": "loyalty_cards_import", "loyalty_program_id": 1, "depends_on": "profiles"},
    "points": {"sink": "loyalty_points_import", "loyalty_program_id": 1, "depends_on": "cards"},
    "tiers": {"sink": "loyalty_tiers_import", "loyalty_program_id": 2, "depends_on": "profiles"},
    "join_dates": {"sink": "loyalty_join_dates_import", "loyalty_program_id": 2, "depends_on": "profiles"},
}
_TIERS = (("Gold", 1000), ("Silver", 100), ("Bronze", 0))


@dataclass
class Program:
    """A loyalty program by its additions: (id, card, amount, expiry, created), one for each basket."""

    additions: list[tuple[int, str, str, str, str]]
    cards: dict[str, Decimal] = field(init=False)

    def __post_init__(self) -> None:
        self.cards = {}
        for _, card, amount, _, _ in self.additions:
            self.cards[card] = self.cards.get(card, Decimal(0)) + Decimal(amount)

    @property
    def total(self) -> Decimal:
        """The sum of all points."""
        return sum(self.cards.values(), Decimal(0))

    def tier(self, card: str) -> str:
        """Return the tier that the points of a card give."""
        return next(name for name, least in _TIERS if self.cards[card] >= least)

    def joined(self) -> dict[str, str]:
        """Return the instant of the first addition of each card."""
        found: dict[str, str] = {}
        for _, card, _, _, created in self.additions:
            found[card] = min(created, found.get(card, created))
        return found

    def write(self, folder: Path) -> None:
        """Write a file for each sync."""
        _write(folder, "profiles", "customer,segment", ([_owner(card), "moved"] for card in self.cards))
        _write(folder, "cards", "identifier,status,customerProfileIds", ([c, "active", _owner(c)] for c in self.cards))
        points = ([f"basket-{n}", card, amount, expiry, "Moved in"] for n, card, amount, expiry, _ in self.additions)
        _write(folder, "points", "pointsId,cardIdentifier,amount,expiryDate,reason", points)
        tiers = ([_owner(card), self.tier(card), "2090-01-01T00:00:00Z"] for card in self.cards)
        _write(folder, "tiers", "customerProfileId,tierName,expiryDate", tiers)
        dates = ([_owner(card), created] for card, created in self.joined().items())
        _write(folder, "join_dates", "customerProfileId,joinDate", dates)


def journey_program() -> Program:
    """Return the program of the journey data, from the file of its seed, which an emulator has built."""
    with sqlite3.connect(f"file:{journey.cache_file()}?mode=ro", uri=True) as database:
        rows = database.execute(
            "SELECT l.id, c.identifier, l.amount, json_extract('{' || l.head || '}', '$.expiryDate'), "
            "json_extract('{' || l.head || '}', '$.created') "
            "FROM ledger AS l JOIN cards AS c ON c.id = l.card WHERE l.addition ORDER BY l.id"
        ).fetchall()
    return Program(rows)


def small_program(cards: int, baskets: int) -> Program:
    """Return a program that is made up: baskets of many cards, some of them equal."""
    return Program(
        [
            (
                n,
                f"card-{n % cards}",
                f"{n % 9 + 1}.{n % 4}5",
                f"2090-{n % 12 + 1:02}-01T00:00:00Z",
                "2017-03-01T10:00:00Z",
            )
            for n in range(baskets)
        ]
    )


def _owner(card: str) -> str:
    return card.replace("card-", "household-")


def _write(folder: Path, name: str, heading: str, rows: Iterable[list[Any]]) -> None:
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading.split(","))
        writer.writerows(rows)


class Move:
    """Commands that move a program into an emulator, some of which are killed.

    Args:
        emu: the empty emulator.
        folder: holds files, store and rejects.
    """

    def __init__(self, emu: Emulator, folder: Path) -> None:
        self.emu, self.folder, self.killed = emu, folder, 0
        emu.add("attributes", {"entity": "CustomerProfile", "name": "segment", "type": "string"})
        syncs = {name: {"source": {"url": str(folder / f"{name}.csv")}, **given} for name, given in SYNCS.items()}
        settings = {
            "base_url": emu.url,
            "management_requests_per_second": 100_000,
            "lookup_after_seconds": 0,
            "store": str(folder / "store.duckdb"),
            "rejects_directory": str(folder / "rejects"),
            "results_directory": str(folder / "results"),
        }
        (folder / "move-in.yml").write_text(yaml.safe_dump({"syncs": syncs}))
        keys = {"api_key": emu.api_key, "management_key": emu.management_key}
        (folder / "config.json").write_text(json.dumps(settings | keys))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return commands.run(self._command(*arguments), capture_output=True, text=True, timeout=300)

    def run_until(self, enough: Callable[[], bool], *arguments: str) -> int:
        """Run a command, kill it as soon as there is enough, and return its exit code."""
        with (self.folder / "output.txt").open("ab") as output:
            process = commands.Popen(self._command(*arguments), stdout=output, stderr=output)
            while process.poll() is None and not enough():
                time.sleep(0.001)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
        self.killed += process.returncode == -signal.SIGKILL
        self._wait_until_idle()
        return process.returncode

    def requests(self) -> int:
        """Return how many imports the emulator has received."""
        counters = self.emu.counters()
        return sum(counters[name]["requests"] for name in IMPORTS if name in counters)

    def answers(self) -> int:
        """Return how many imports the emulator has answered."""
        counters = self.emu.counters()
        return sum(sum(counters[name]["statuses"].values()) for name in IMPORTS if name in counters)

    def unknown(self) -> list[str]:
        """Return the runs that have rows with an unknown result."""
        with open_store(str(self.folder / "store.duckdb")) as store:
            return sorted({one["run"] for one in store.rejects.find() if one["kind"] == "unknown"})

    def _command(self, command: str, *arguments: str) -> list[str]:
        config = ["--config", str(self.folder / "config.json")]
        return [sys.executable, "-m", "talon_one_cli", command, *arguments, *config]

    def _wait_until_idle(self) -> None:
        """Wait until the emulator has ended the requests of the killed process, as lookup_after_seconds does."""
        idle = 0
        while idle < 5:  # each look lets the emulator read what has arrived
            counters = self.emu.counters().values()
            busy = any(one["requests"] > sum(one["statuses"].values()) for one in counters)
            idle = 0 if busy else idle + 1


def check_moved(emu: Emulator, program: Program) -> None:
    """Check that an emulator has each addition once, and all cards, tiers and join dates."""
    state = emu.state("ledger", "cards", "profiles", "profile_tiers", "program_members")
    names = {row["id"]: row["identifier"] for row in state["cards"]}
    owners = {row["id"]: row["integration_id"] for row in state["profiles"]}
    sums = dict.fromkeys(names.values(), Decimal(0))
    for row in state["ledger"]:
        sums[names[row["card"]]] += Decimal(row["amount"])
    assert len(program.additions) == len(state["ledger"])
    assert program.cards == sums
    assert program.total == sum(sums.values())
    assert {_owner(card): program.tier(card) for card in program.cards} == {
        owners[row["profile"]]: row["tier"] for row in state["profile_tiers"]
    }
    assert {_owner(card) for card in program.cards} == {owners[row["profile"]] for row in state["program_members"]}
