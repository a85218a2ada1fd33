"""``talon-one load`` into a lake: complete, idempotent, resumable."""

import json
import random
import subprocess
import sys
import time
from decimal import Decimal

import duckdb
import pytest
from deltalake import DeltaTable

from talon_one_emulator import Emulator
from tests.killing import Moments

STREAMS = "loyalty_card_transactions,loyalty_card_balances"
AS_OF = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def emu():
    """An emulator with 40 cards of 400 transactions."""
    with Emulator(seed="synthetic", cards=40, transactions=400, management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def command(emu, tmp_path):
    """The command line of a load into the folder ``lake``."""
    settings = {"base_url": emu.url, "api_key": emu.api_key, "management_key": emu.management_key, "as_of": AS_OF}
    more = {"settle_seconds": 0, "management_requests_per_second": 1000, "concurrency": 4, "page_size": 50}
    (tmp_path / "config.json").write_text(json.dumps(settings | more))
    program = [sys.executable, "-m", "talon_one_cli", "load", "--json", "--streams", STREAMS]
    return [*program, "--to", f"file://{tmp_path}/lake", "--config", str(tmp_path / "config.json")]


@pytest.fixture
def rows(tmp_path):
    """Rows of a SELECT over the Delta tables that the load has left: ``rows(sql)``."""

    def select(sql):
        with duckdb.connect() as db:
            db.execute("CREATE SCHEMA talon_one; SET TimeZone = 'UTC'")
            for name in STREAMS.split(","):
                data = DeltaTable(tmp_path / "lake" / "talon_one" / name).to_pyarrow_table()
                db.register("data", data)
                db.execute(f"CREATE TABLE talon_one.{name} AS FROM data")
            return db.execute(sql).fetchall()

    return select


def truth(emu):
    """The ledger of the emulator."""
    state = emu.state("cards", "ledger")
    names = {card["id"]: card["identifier"] for card in state["cards"]}
    return sorted((r["id"], names[r["card"]], Decimal(r["amount"])) for r in state["ledger"] if r["card"] is not None)


LEDGER = "SELECT id, card_identifier, amount FROM talon_one.loyalty_card_transactions ORDER BY id"


def test_a_load_brings_every_row_and_a_second_one_nothing_new(emu, command, rows):
    """Ledgers and balances of a load equal the emulator's to the digit, and a second load adds nothing."""
    reports = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(2)]
    counts = [[report["streams"][name]["inserted"] for name in STREAMS.split(",")] for report in reports]
    balances = [
        (owner, ledger, *(Decimal(str(figure)) for figure in points))
        for owner, ledger, *points, _ in emu.truth(1, AS_OF)["balances"]
    ]
    assert truth(emu) == rows(LEDGER)
    assert sorted(balances) == rows(
        "SELECT card_identifier, subledger_id, active_points, pending_points, spent_points, expired_points "
        "FROM talon_one.loyalty_card_balances ORDER BY ALL"
    )
    assert [[len(truth(emu)), len(balances)], [0, 0]] == counts


def kill(command, times, seed):
    """Kill loads at random moments, and let one come to its end."""
    began = time.monotonic()
    subprocess.run([*command, "--help"], check=True, capture_output=True)
    start_s = time.monotonic() - began
    moments = Moments(random.Random(seed), 4 * start_s)
    while moments.killed < times:
        moments.kill(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    subprocess.run(command, check=True, capture_output=True)


def test_a_killed_load_loses_and_doubles_nothing(emu, command, rows):
    """A load killed at three random moments loses no row and doubles none."""
    kill(command, 3, 3)
    assert truth(emu) == rows(LEDGER)


@pytest.mark.slow
def test_a_load_killed_twenty_times_loses_and_doubles_nothing(emu, command, rows):
    """A load killed at twenty random moments loses no row and doubles none."""
    kill(command, 20, 20)
    assert truth(emu) == rows(LEDGER)
