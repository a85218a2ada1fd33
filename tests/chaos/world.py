"""The servers of a chaos run: an emulator with a proxy, PostgreSQL, S3, and a small disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from talon_one_emulator import Emulator
from tests import servers
from tests.chaos.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

READ_TIMEOUT_S = 4  # long enough that a busy machine alone causes no timeout
CARDS, TRANSACTIONS = 12, 60
AS_OF = "2030-01-01T00:00:00Z"
DISK_BYTES = 64 << 20


@dataclass
class Ledger:
    """Rows and balances of the loyalty program, in Talon.One or where they were loaded."""

    rows: list[tuple[int, str, Decimal]]
    balances: list[tuple[str, str, Decimal]]


@dataclass
class World:
    """Servers that run during a whole chaos run. ``reset`` prepares them for the next cell."""

    chance: Random = field(default_factory=lambda: Random(0))
    emulator: Emulator = field(init=False)
    proxy: Proxy = field(init=False)
    _stack: ExitStack = field(default_factory=ExitStack)
    _numbers: count[int] = field(default_factory=count)
    _postgres: servers.Postgres | None = None
    _s3: str | None = None
    _disk: Path | None = None

    def __enter__(self) -> World:
        enter = self._stack.enter_context
        self.emulator = enter(Emulator(seed="empty", management_rate=0))
        self.proxy = enter(Proxy(self.emulator.url.removeprefix("http://")))
        self.root = Path(enter(tempfile.TemporaryDirectory(prefix="chaos-")))
        self.root.chmod(0o755)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    @property
    def postgres(self) -> servers.Postgres:
        """Return the PostgreSQL, which is started on first use."""
        if self._postgres is None:
            self._postgres = self._stack.enter_context(servers.postgres())
        return self._postgres

    @property
    def s3_environment(self) -> dict[str, str]:
        """Return the variables with which a command finds the S3, which is started on first use."""
        if self._s3 is None:
            self._s3 = self._stack.enter_context(servers.s3())
        return {
            "AWS_ENDPOINT_URL": self._s3,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "chaos-secret-of-s3",
            "AWS_DEFAULT_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
        }

    @property
    def disk(self) -> Path:
        """Return a separate file system of DISK_BYTES. Only root can mount one."""
        if self._disk is None:
            self._disk = self.root / "disk"
            self._disk.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", self._disk], check=True)
            self._stack.callback(subprocess.run, ["umount", "-l", self._disk])
        return self._disk

    def folder(self) -> Path:
        """Return an empty folder on the small disk, or in the temporary folder if there is none."""
        parent = self.disk if os.geteuid() == 0 else self.root
        for old in parent.iterdir():
            with suppress(OSError):
                shutil.rmtree(old)
        folder = parent / f"cell-{next(self._numbers)}"
        folder.mkdir()
        return folder

    def bucket(self) -> str:
        """Create a bucket and return its name."""
        name = f"bucket-{next(self._numbers)}"
        url = self.s3_environment["AWS_ENDPOINT_URL"]
        urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()
        urllib.request.urlopen(urllib.request.Request(f"{url}/{name}", method="PUT")).close()
        return name

    def database(self) -> str:
        """Create a database and return its URL."""
        return self.postgres.create_database(f"cell_{next(self._numbers)}")

    def reset(self) -> None:
        """Remove all effects of the last cell."""
        self.proxy.reset()
        self.emulator.reset("synthetic", cards=CARDS, transactions=TRANSACTIONS)
        self.emulator.clear_faults()
        self.emulator.clear_requests()

    def settings(self) -> dict[str, Any]:
        """Return the settings of every command: the URL of the proxy and short timeouts."""
        return {
            "base_url": self.proxy.url,
            "api_key": self.emulator.api_key,
            "management_key": self.emulator.management_key,
            "management_requests_per_second": 1000,
            "read_timeout_seconds": READ_TIMEOUT_S,
            "retry_budget_seconds": 2 * READ_TIMEOUT_S,
        }

    # The loyalty program

    def add_baskets(self) -> None:
        """Add ledger rows to some cards, created now."""
        chance = self.chance
        cards = [f"card-{chance.randint(1, CARDS):06}" for _ in range(chance.randint(20, 60))]
        rows = [{"program": 1, "card": card, "amount": f"{chance.randint(1, 10**6) / 100:.2f}"} for card in cards]
        self.emulator.add_transactions(rows)

    def ledger(self) -> Ledger:
        """Return the ledgers and balances of the cards as the emulator has them."""
        state = self.emulator.state("cards", "ledger")
        names = {card["id"]: card["identifier"] for card in state["cards"]}
        rows = sorted((r["id"], names[r["card"]], Decimal(r["amount"])) for r in state["ledger"] if r["card"])
        balances = self.emulator.truth(1, AS_OF)["balances"]
        return Ledger(rows, sorted((row[0], row[1], Decimal(str(row[2]))) for row in balances))

    # Segments

    def members(self, audience: str) -> set[str]:
        """Return the integration ids of the members of an audience."""
        state = self.emulator.state("memberships", "profiles", "audiences")
        names = {profile["id"]: profile["integration_id"] for profile in state["profiles"]}
        wanted = {row["id"] for row in state["audiences"] if row["name"] == audience}
        return {names[row["profile"]] for row in state["memberships"] if row["audience"] in wanted}

    def items(self) -> dict[str, str]:
        """Return the price of each item of catalog 1, as text without trailing zeros."""
        rows = self.emulator.state("items")["items"]
        return {row["sku"]: plain(row["price"]) for row in rows if row["catalog"] == 1}


def plain(number: object) -> str:
    """Return the shortest text of a number."""
    return f"{Decimal(str(number)).normalize():f}"


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a JSON file and return its path."""
    path.write_text(json.dumps(content))
    return path


def write_csv(path: Path, header: str, rows: Iterable[str]) -> Path:
    """Write a CSV file and return its path."""
    path.write_text("\n".join([header, *rows, ""]))
    return path


PYTHON = sys.executable
