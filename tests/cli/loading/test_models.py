"""``talon-one models`` on what ``talon-one load`` has brought from the emulator."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from talon_one_emulator import Emulator
from talon_one_warehouse import open_warehouse
from tests import commands

if TYPE_CHECKING:
    import subprocess

AS_OF = "2024-01-20T00:00:00Z"


def talon_one(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "talon_one_cli", *map(str, arguments)]
    return commands.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def emu():
    with Emulator(seed="synthetic", cards=10, transactions=50, profile_transactions=20, management_rate=0) as emulator:
        yield emulator


@pytest.fixture(params=["duckdb", "postgresql"])
def url(request, emu, tmp_path):
    """A warehouse with the ledgers of cards and profiles and of the programs' feed."""
    file = f"duckdb:///{tmp_path}/w.duckdb"
    to = file if request.param == "duckdb" else request.getfixturevalue("postgres_url")
    settings = {"base_url": emu.url, "api_key": emu.api_key, "management_key": emu.management_key, "settle_seconds": 0}
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings | {"management_requests_per_second": 1000}))
    names = "loyalty_card_transactions,loyalty_profile_transactions,loyalty_program_transactions"
    done = talon_one("load", "--to", to, "--config", config, "--streams", names)
    assert 0 == done.returncode, done.stderr
    return to


def test_models_of_a_load_equal_the_emulators_truth(emu, url):
    """The views count each row of cards and profiles once, although the program list has it too."""
    done = talon_one("models", "--to", url, "--as-of", AS_OF)
    assert 0 == done.returncode
    assert "" == done.stderr
    lines = done.stdout.splitlines()
    assert 8 == len([line for line in lines if "skipped" not in line])
    assert [
        "talon_one.current_balances  skipped: there is none of the tables loyalty_card_balances, "
        "loyalty_profile_balances",
        "talon_one.tier_movements  skipped: there is no table loyalty_profile_balances",
        "talon_one.coupon_wallet  skipped: there is no table customer_coupons",
        "talon_one.card_profiles  skipped: there is no table loyalty_cards",
    ] == lines[8:]
    with open_warehouse(url) as warehouse:
        found = warehouse.query(
            "SELECT program_id, SUM(active_points), SUM(pending_points) FROM talon_one.liability_by_expiry_month "
            "GROUP BY program_id ORDER BY program_id"
        )
    balances = {program: emu.truth(program, AS_OF)["balances"] for program in (1, 2)}
    expected = [
        (program, *(sum(Decimal(str(row[column])) for row in rows) for column in (2, 3)))
        for program, rows in balances.items()
    ]
    assert expected == found


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "./lake"], "give a duckdb:// or postgresql:// URL"),
        (["--to", "duckdb:///:memory:"], "none of the tables loyalty_card_transactions"),
        (["--to", "duckdb:///:memory:", "--as-of", "2024-01-31"], "not an instant with a time zone"),
        (["--to", "duckdb:///:memory:", "--as-of", "yesterday"], "not an instant with a time zone"),
    ],
)
def test_what_is_wrong_is_reported_in_one_line(arguments, words):
    """A wrong argument ends with exit code 2 and a line that says what to do."""
    done = talon_one("models", *arguments)
    assert 2 == done.returncode
    assert 1 == len(done.stderr.splitlines())
    assert words in done.stderr
