"""``talon-one load`` into every kind of warehouse: the same rows, for all values and after a kill at any moment."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from talon_one_emulator import Emulator
from talon_one_warehouse import open_warehouse
from tests import commands
from tests.examples import mostly_slow
from tests.killing import Moments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS, BALANCES = "loyalty_card_transactions", "loyalty_card_balances"
AS_OF = "2030-01-01T00:00:00Z"
PLACES = {
    "duckdb": "duckdb:///{}/w.duckdb",
    "postgresql": None,
    "lake": "file://{}/lake",
    "sqlite": "sqlite:///{}/w.sqlite",
    "snowflake": None,
    "redshift": None,
    "databricks": None,
    "bigquery": None,
}
# Fixtures of those without a file.
SERVERS = {
    "postgresql": "postgres_url",
    "snowflake": "snowflake_url",
    "redshift": "redshift_load_url",
    "databricks": "databricks_url",
    "bigquery": "bigquery_url",
}
SLOW = ("snowflake", "redshift", "databricks", "bigquery")


@pytest.fixture
def emu() -> Iterator[Emulator]:
    with Emulator(seed="synthetic", cards=30, transactions=200, management_rate=0) as emulator:
        yield emulator


class Loader:
    """Loads from an emulator into a warehouse."""

    def __init__(self, emu: Emulator, url: str, folder: Path) -> None:
        self.emu, self.url = emu, url
        settings = {
            "base_url": emu.url,
            "api_key": emu.api_key,
            "management_key": emu.management_key,
            "management_requests_per_second": 1000,
            "settle_seconds": 0,
            "as_of": AS_OF,
            "page_size": 50,
            "concurrency": 2,
            "transactions_strategy": "per_entity",
            "balances_strategy": "per_entity",
        }
        self.config = folder / "config.json"
        self.config.write_text(json.dumps(settings))
        # The URL has a password: it comes from the environment, as it would on a server.
        self.environment = {**os.environ, "TALON_ONE_TO": url, "TALON_ONE_LOGLEVEL": "DEBUG"}

    def start(self, *more: str) -> subprocess.Popen[str]:
        """Start a load."""
        command = [sys.executable, "-m", "talon_one_cli", "load", "--config", str(self.config)]
        return commands.Popen(
            [*command, "--streams", f"{ROWS},{BALANCES}", "--json", *more],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def load(self) -> dict[str, int]:
        """Run a load to its end, and return the rows of the ledger by outcome."""
        process = self.start()
        output, errors = process.communicate()
        assert 0 == process.returncode, errors
        assert "planted" not in output + errors
        return json.loads(output)["streams"][ROWS]

    def rows(self, table: str, columns: str) -> list[tuple]:
        """Return the rows of the warehouse."""
        prefix = "" if self.url.startswith("sqlite") else "talon_one."
        with open_warehouse(self.url) as warehouse:
            return warehouse.query(f"SELECT {columns} FROM {prefix}{table} ORDER BY {columns}")

    def instant(self, column: str) -> str:
        """Return a column of instants in a query; as text where the client or fakesnow lacks some of them."""
        text = "STRING" if self.url.startswith("databricks") else "TEXT"
        return f"CAST({column} AS {text})" if self.url.startswith(("snowflake", "databricks")) else column

    def other(self, folder: Path) -> Loader:
        """Return a loader into another warehouse that is as fast, in DuckDB or in another schema of the server."""
        if not self.url.startswith(("snowflake", "bigquery")):
            return Loader(self.emu, f"duckdb:///{folder}/other.duckdb", folder)
        place, mark, parameters = self.url.partition("?")
        return Loader(self.emu, f"{place}/other{mark}{parameters}", folder)

    def ledger(self) -> list[tuple]:
        """Return id, card and amount of every row in the warehouse."""
        found = self.rows(ROWS, "id, card_identifier, amount")
        return sorted((number, card, Decimal(amount)) for number, card, amount in found)

    def balances(self) -> list[tuple]:
        """Return card, subledger, active and expired points."""
        found = self.rows(BALANCES, "card_identifier, subledger_id, active_points, expired_points")
        return sorted((card, sub, Decimal(active), Decimal(gone)) for card, sub, active, gone in found)

    def truth(self) -> list[tuple]:
        """Return the rows of the emulator's ledger."""
        state = self.emu.state("cards", "ledger")
        names = {card["id"]: card["identifier"] for card in state["cards"]}
        ledger = [row for row in state["ledger"] if row["card"] is not None]
        return sorted((row["id"], names[row["card"]], Decimal(row["amount"])) for row in ledger)

    def true_balances(self) -> list[tuple]:
        """Return the balances that the emulator computes independently."""
        rows = self.emu.truth(1, AS_OF)["balances"]
        return sorted((row[0], row[1], Decimal(str(row[2])), Decimal(str(row[5]))) for row in rows)


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in PLACES])
def loader(request: pytest.FixtureRequest, emu: Emulator, tmp_path: Path) -> Loader:
    """Return a loader for each kind of warehouse, which is empty."""
    url = PLACES[request.param] or request.getfixturevalue(SERVERS[request.param]).replace("/public", "")
    return Loader(emu, url.format(tmp_path), tmp_path)


def add_baskets(emu: Emulator, chance: random.Random) -> int:
    """Add new rows to some cards now, and return how many."""
    cards = [f"card-{chance.randint(1, 30):06}" for _ in range(chance.randint(50, 150))]
    rows = [{"program": 1, "card": card, "amount": f"{chance.randint(1, 10**6) / 100:.2f}"} for card in cards]
    return len(emu.add_transactions(rows))


@pytest.mark.parametrize("loader", mostly_slow(PLACES, {"duckdb", "postgresql"}), indirect=True)
def test_three_incremental_loads_bring_exactly_what_is_new(emu, loader):
    """After each load, ledger and balances equal those of the emulator, and a fourth load finds nothing new."""
    chance = random.Random(3)
    loader.load()
    for _ in range(3):
        new = add_baskets(emu, chance)
        assert {"read": new, "inserted": new, "updated": 0} == loader.load()
        assert loader.truth() == loader.ledger()
        assert loader.true_balances() == loader.balances()
    assert {"read": 0, "inserted": 0, "updated": 0} == loader.load()


@pytest.mark.parametrize("loader", mostly_slow(PLACES, {"duckdb", "postgresql", "lake"}), indirect=True)
def test_a_schema_belongs_to_one_deployment(emu, loader):
    """A load from another address is refused, with and without --full-refresh; former_base_url says that it moved."""
    settings, moved = json.loads(loader.config.read_text()), emu.url.replace("127.0.0.1", "localhost")
    loader.config.write_text(json.dumps({**settings, "shard": "1/2"}))
    loader.load()
    before = loader.ledger()
    for given, more in (({}, ()), ({}, ("--full-refresh",)), ({"shard": "2/2"}, ())):
        loader.config.write_text(json.dumps({**settings, "base_url": moved, **given}))
        process = loader.start(*more)
        _, errors = process.communicate()
        assert 2 == process.returncode
        # The parameters of these URLs, which name the stand-ins, are masked in all output.
        masked = loader.url.startswith(("snowflake", "databricks"))
        assert ("; nothing was read, " if masked else f" belongs to {emu.url}, but base_url is {moved};") in errors
    assert before == loader.ledger()
    loader.config.write_text(json.dumps({**settings, "base_url": moved, "former_base_url": emu.url}))
    loader.load()
    loader.config.write_text(json.dumps({**settings, "base_url": moved}))
    assert {"read": 0, "inserted": 0, "updated": 0} == loader.load()
    assert loader.truth() == loader.ledger()


@pytest.mark.slow
def test_a_load_killed_at_20_random_moments_ends_as_the_ledger(emu, loader, tmp_path):
    """Rows are added between the kills, and in the end the warehouse has every row once."""
    chance = random.Random(20)
    emu.fault("get_loyalty_card_transactions", "latency", count=0, seconds=0.005)
    began = time.monotonic()
    loader.other(tmp_path).load()
    moments = Moments(chance, time.monotonic() - began)
    while moments.killed < 20:
        add_baskets(emu, chance)
        moments.kill(loader.start())
    loader.load()
    assert loader.truth() == loader.ledger()
    assert loader.true_balances() == loader.balances()


AMOUNTS = ["0.30000000000000004", "123456789012345678", "12345678901234.5678", "-0", "1e-7", "0.1", "9" * 19]
DATES = {
    "2024-03-31T01:59:59+01:00": datetime(2024, 3, 31, 0, 59, 59, tzinfo=UTC),
    "2024-03-31T03:00:00+02:00": datetime(2024, 3, 31, 1, tzinfo=UTC),
    "2024-10-27T02:30:00+02:00": datetime(2024, 10, 27, 0, 30, tzinfo=UTC),
    "2024-10-27T02:30:00+01:00": datetime(2024, 10, 27, 1, 30, tzinfo=UTC),
    "2016-12-31T23:59:60Z": None,  # no calendar of a warehouse has it
    "9999-12-31T23:59:59.999999Z": datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    "0001-01-01T00:00:00Z": datetime(1, 1, 1, tzinfo=UTC),
}
# A ledger row is made in the past; the leap second is the instant after it, as PostgreSQL has it.
CREATED = {text: at for text, at in DATES.items() if not text.startswith("9999")} | {
    "2016-12-31T23:59:60Z": datetime(2017, 1, 1, tzinfo=UTC),
    "1969-12-31T23:59:59.999999Z": datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
}


def instant(value: object) -> datetime | None:
    """Return an instant as any warehouse returns it."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found and found.astimezone(UTC)


def test_hostile_numbers_and_instants_are_in_the_warehouse_unchanged(emu, loader):
    """Digits, the text of each date and its instant are kept; a leap second stays the text that it is."""
    emu.reset("synthetic", cards=1, transactions=0)
    emu.add_transactions(
        {"program": 1, "card": "card-000001", "amount": amount, "expiryDate": date, "created": created}
        for amount, date, created in zip(AMOUNTS, DATES, CREATED, strict=True)
    )
    assert {"read": 7, "inserted": 7, "updated": 0} == loader.load()
    instants = ", ".join(map(loader.instant, ("expiry_at", "created")))
    found = loader.rows(ROWS, f"id, amount, expiry_date, expiry_kind, {instants}")
    assert list(map(Decimal, AMOUNTS)) == [Decimal(row[1]) for row in found]
    kinds = ["unparsed" if at is None else "timestamp" for at in DATES.values()]
    assert list(zip(DATES, kinds, DATES.values(), strict=True)) == [(*row[2:4], instant(row[4])) for row in found]
    assert list(CREATED.values()) == [instant(row[5]) for row in found]
    assert {"read": 0, "inserted": 0, "updated": 0} == loader.load()


def test_reconcile_reads_any_warehouse(loader, talon_one):
    """In every kind of warehouse all ledgers agree, as they do in the emulator."""
    loader.load()
    done = talon_one("reconcile", "--in", loader.url)
    assert 0 == done.returncode
    assert "" == done.stderr
    assert done.stdout.endswith(" ledgers compared, 0 disagree\n")


def test_a_user_who_may_not_create_a_schema_learns_which_right_it_needs(emu, account, in_process, postgres_url):
    """PostgreSQL's refusal comes with the right to grant, and without a table of streams that were not read."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres_url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS loads_only")
        cursor.execute("CREATE ROLE loads_only LOGIN PASSWORD 'Kanari7Zx9qq'")
    address = postgres_url.partition("@")[2] or postgres_url.partition("://")[2]
    account(emu)
    done = in_process("load", "--to", f"postgresql://loads_only:Kanari7Zx9qq@{address}")
    assert (2, "") == (done.code, done.out)
    assert "permission denied for database" in done.err
    assert "the user needs CREATE on the database" in done.err
    assert "Kanari7Zx9qq" not in done.err
