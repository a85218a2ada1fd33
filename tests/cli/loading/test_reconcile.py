"""``talon-one reconcile`` and ``talon-one expiring`` against the emulator."""

from __future__ import annotations

import csv
import io
import json
import random
import subprocess
import sys
from decimal import Decimal

import duckdb
import pytest

from talon_one_emulator import Emulator
from tests import commands

AT = "2026-01-01T00:00:00Z"


@pytest.fixture
def emu():
    with Emulator(seed="synthetic", cards=200, transactions=25, profile_transactions=5, management_rate=0) as emulator:
        yield emulator


def tamper(emu, count: int) -> set[str]:
    """Make the balances of this many cards use another amount than their transactions show, and return these cards."""
    state = emu.state("cards", "ledger")
    names = {card["id"]: card["identifier"] for card in state["cards"]}
    rows = [r for r in state["ledger"] if r["card"] is not None and r["addition"]]
    chosen = random.Random(7).sample(sorted({r["card"] for r in rows}), count)
    first = {r["card"]: r for r in reversed(rows)}
    emu.recount([{"id": first[c]["id"], "amount": str(Decimal(first[c]["amount"]) + 1)} for c in chosen])
    return {names[card] for card in chosen}


@pytest.mark.parametrize("strategy", ["per_entity", "csv_export"])
@pytest.mark.parametrize("era", [pytest.param("seed", marks=pytest.mark.slow), "current"])
def test_exactly_the_cards_that_were_tampered_with_are_listed(emu, config_for, talon_one, strategy, era):
    """Seven of 200 cards disagree with their transactions; the command names these seven and ends with 4."""
    emu.reset("synthetic", era=era, cards=200, transactions=25, profile_transactions=5)
    config = config_for(emu, balances_strategy=strategy)
    clean = talon_one("reconcile", "--config", config, "--at", AT)
    assert 0 == clean.returncode, clean.stderr
    assert clean.stdout.endswith(" ledgers compared, 0 disagree\n"), clean.stderr
    expected = tamper(emu, 7)
    found = talon_one("reconcile", "--config", config, "--at", AT, "--json")
    assert 4 == found.returncode, found.stderr
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    assert expected == {row["owner"] for row in rows}
    assert [row["reported"] for row in rows] == [row["told"] for row in rows]  # alias


def test_what_a_warehouse_holds_can_be_reconciled(emu, config_for, talon_one, tmp_path):
    """After a load no call is needed: the tables themselves are compared, at their latest balances."""
    to = f"duckdb:///{tmp_path}/w.duckdb"
    expected = tamper(emu, 2)
    streams = "loyalty_card_transactions,loyalty_card_balances"
    loaded = talon_one("load", "--to", to, "--config", config_for(emu, as_of=AT), "--streams", streams)
    assert 0 == loaded.returncode, loaded.stderr
    emu.clear_requests()
    found = talon_one("reconcile", "--in", to)
    assert 4 == found.returncode, found.stderr
    assert expected == {line.split()[1].split("/")[0] for line in found.stdout.splitlines()[:-1]}
    assert {} == emu.counters()


@pytest.fixture
def changed_after_a_load(emu, config_for, talon_one, tmp_path):
    """A warehouse with all transactions, and newer balances: two transactions of one card are gone, one is changed."""
    to = f"duckdb:///{tmp_path}/w.duckdb"
    config = config_for(emu, as_of=AT)
    load = ["load", "--to", to, "--config", config, "--streams"]
    assert 0 == talon_one(*load, "loyalty_card_transactions").returncode
    emu.recount([{"id": row["id"], "amount": "77"} for row in emu.state("ledger")["ledger"] if row["id"] == 60])
    rows = [row for row in emu.state("ledger")["ledger"] if row["card"] == 1 and row["addition"]]
    gone = sorted(row["id"] for row in rows[:2])
    emu.delete_transactions(gone)
    assert 0 == talon_one(*load, "loyalty_card_balances").returncode
    return to, config, gone


def test_transactions_that_are_gone_are_named(emu, changed_after_a_load, talon_one):
    """Of the ledgers that disagree only the transactions are named that Talon.One no longer has."""
    to, config, gone = changed_after_a_load
    found = talon_one("reconcile", "--in", to, "--config", config, "--rows")
    assert 4 == found.returncode, found.stderr
    line = f"card card-000001 of program 1: transactions that Talon.One no longer has: {', '.join(map(str, gone))}"
    assert [line] == [each for each in found.stdout.splitlines() if "no longer has" in each]
    rows = talon_one("reconcile", "--in", to, "--config", config, "--rows", "--json").stdout.splitlines()
    named = {(row["owner"], *row["deleted_transactions"]) for row in map(json.loads, rows)}
    assert {("card-000001", *gone), ("card-000003",)} == named


def test_transactions_that_a_load_has_marked_are_not_counted(emu, config_for, talon_one, tmp_path):
    """After a load that checks the ledgers, transactions that are gone make no difference any more."""
    to = f"duckdb:///{tmp_path}/w.duckdb"
    config = config_for(emu, as_of=AT, recheck_days=0)
    load = ["load", "--to", to, "--config", config, "--streams", "loyalty_card_transactions,loyalty_card_balances"]
    assert 0 == talon_one(*load).returncode
    emu.delete_transactions(row["id"] for row in emu.state("ledger")["ledger"][:3])
    loaded = talon_one(*load)
    assert "loyalty_card_transactions: rows that are gone at Talon.One: 3" in loaded.stdout, loaded.stderr
    found = talon_one("reconcile", "--in", to)
    assert 0 == found.returncode, found.stdout


def test_a_card_that_talon_one_does_not_know_names_no_rows(emu, changed_after_a_load, talon_one):
    """Nothing is known of the rows of an unknown card: the load may have hashed its identifier."""
    to, config, _ = changed_after_a_load
    emu.reset("synthetic", cards=0, transactions=0)
    found = talon_one("reconcile", "--in", to, "--config", config, "--rows")
    assert 4 == found.returncode, found.stderr
    assert "does not know the card 'card-000001' of program 1" in found.stderr
    assert "no longer has" not in found.stdout


def test_without_a_warehouse_no_rows_can_be_named(emu, config_for, talon_one):
    """The option that names rows of a warehouse needs one."""
    done = talon_one("reconcile", "--config", config_for(emu), "--rows")
    assert 2 == done.returncode
    assert "--rows needs --in" in done.stderr


def test_rows_made_at_the_very_instant_agree_in_either_way(emu, config_for, talon_one):
    """A row at the instant of the balance is never a difference, because its effect is not documented."""
    emu.add_transactions([{"program": 1, "card": "card-000001", "amount": "12.5", "created": AT}])
    done = talon_one("reconcile", "--config", config_for(emu), "--at", AT)
    assert 0 == done.returncode, done.stdout + done.stderr


def test_a_start_date_is_refused(emu, config_for, talon_one):
    """Half a ledger has no balance, so the command names the setting to leave out."""
    done = talon_one("reconcile", "--config", config_for(emu, start_date="2025-01-01"))
    assert 2 == done.returncode
    assert "start_date is set" in done.stderr


def test_an_empty_warehouse_is_reported(talon_one, tmp_path):
    """Before a load there is nothing to compare, and the command says so."""
    done = talon_one("reconcile", "--in", f"duckdb:///{tmp_path}/w.duckdb")
    assert 2 == done.returncode
    assert "run talon-one load" in done.stderr


def test_balances_that_exist_are_compared_whatever_the_other_kind_has(emu, config_for, talon_one, tmp_path):
    """Empty tables of profiles are no error, transactions without balances a warning; no balances are an error."""
    emu.reset("synthetic", cards=2, transactions=5, profile_transactions=2)
    path = tmp_path / "w.duckdb"
    assert 0 == talon_one("load", "--to", f"duckdb:///{path}", "--config", config_for(emu)).returncode

    def without_rows_of(table):
        with duckdb.connect(str(path)) as db:
            db.execute(f"DELETE FROM talon_one.{table}")
        return talon_one("reconcile", "--in", f"duckdb:///{path}")

    done = without_rows_of("loyalty_profile_balances")
    assert 0 == done.returncode
    assert "so that the rows of loyalty_profile_transactions (4) are not compared" in done.stderr
    done = without_rows_of("loyalty_profile_transactions")
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.endswith(" ledgers compared, 0 disagree\n")
    done = without_rows_of("loyalty_card_balances")
    assert 2 == done.returncode
    assert "no row in loyalty_card_balances and loyalty_profile_balances; run talon-one load" in done.stderr


def test_points_that_expire_by_a_date(emu, config_for, talon_one):
    """The report equals what the emulator counts as expired in between, card by card."""
    since, until = "2024-06-01T00:00:00Z", "2025-06-01T00:00:00Z"
    config = config_for(emu, balances_strategy="per_entity", loyalty_program_ids=[1])
    done = talon_one("expiring", "--config", config, "--from", since, "--by", until)
    assert 0 == done.returncode, done.stderr

    def expired(as_of):
        truth = emu.truth(1, as_of)
        column = truth["columns"].index("expired")
        return {(row[0], row[1]): Decimal(row[column]) for row in truth["balances"]}

    before, after = expired(since), expired(until)
    expected = {key: after[key] - before.get(key, 0) for key in after if after[key] > before.get(key, 0)}
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert expected == {(row["owner"], row["subledger"]): Decimal(row["expiring"]) for row in rows}
    assert len(expected) > 10
    assert f"points of {len(expected)} ledgers expire by 2025-06-01" in done.stderr


def test_a_date_in_the_past_is_refused(emu, config_for, talon_one):
    """A --by that is not after --from is refused."""
    done = talon_one("expiring", "--config", config_for(emu), "--by", "2020-01-01")
    assert 2 == done.returncode
    assert "--by 2020-01-01T00:00:00+00:00 is not after" in done.stderr


def test_a_reader_that_leaves_ends_the_report_quietly(emu, config_for):
    """``| head -1`` ends the command with exit code 141 and without a traceback."""
    arguments = ["--config", config_for(emu), "--from", "2024-06-01", "--by", "2025-06-01", "--json"]
    with commands.Popen(
        [sys.executable, "-m", "talon_one_cli", "expiring", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        said = process.stderr.read().decode()
    assert 141 == process.returncode
    assert "Traceback" not in said


WIDE = "123456789012345678.123456789012345678"


@pytest.fixture
def tied():
    """Return three cards: rows that tie, points that expire before they start, amounts of 36 digits."""
    with Emulator(seed="empty", management_rate=0) as emulator:
        emulator.add("cards", *({"program": 1, "identifier": name} for name in ("tied", "never", "wide")))
        day = "2024-01-{:02}T00:00:00Z".format
        emulator.add_transactions(
            {"program": 1, **row}
            for row in (
                {"card": "tied", "amount": 10, "created": day(1), "expiryDate": day(20)},
                {"card": "tied", "amount": 10, "created": day(2), "type": "subtraction"},
                {"card": "tied", "amount": 10, "created": day(2), "expiryDate": day(10)},
                {"card": "never", "amount": 10, "created": day(1), "startDate": "on_action", "expiryDate": day(10)},
                {"card": "never", "amount": 5, "created": day(1), "startDate": day(12), "expiryDate": day(10)},
                {"card": "wide", "amount": WIDE, "created": day(1), "expiryDate": day(20)},
                {"card": "wide", "amount": "0.000000000000000001", "created": day(1), "expiryDate": day(20)},
            )
        )
        yield emulator


@pytest.mark.parametrize("at", ["2024-01-02", "2024-01-11", "2024-01-15"])
def test_rows_of_one_instant_and_points_that_never_start_raise_no_alarm(tied, config_for, talon_one, at):
    """Additions count before subtractions, expired points are not pending, and sums keep all digits."""
    done = talon_one(
        "reconcile", "--config", config_for(tied, balances_strategy="per_entity"), "--at", f"{at}T00:00:00Z"
    )
    assert 0 == done.returncode, done.stderr
    assert "3 ledgers compared, 0 disagree\n" == done.stdout, done.stderr


def test_a_difference_keeps_its_digits(tied, config_for, talon_one):
    """A balance that is wrong by 10^-18 in 36 digits is printed with all of them."""
    last = tied.state("ledger")["ledger"][-1]["id"]
    tied.recount([{"id": last, "amount": "0.000000000000000003"}])
    done = talon_one(
        "reconcile", "--config", config_for(tied, balances_strategy="per_entity"), "--at", "2024-01-05T00:00:00Z"
    )
    assert 4 == done.returncode, done.stderr
    assert (
        f"reported active points: {WIDE[:-2]}81, sum of its transactions: {WIDE[:-1]}9 (+0.000000000000000002)"
        in done.stdout
    )


def test_expiring_points_keep_their_digits(tied, config_for, talon_one):
    """Points that expire are exact in each row and in the total, including those that never started."""
    arguments = ["--from", "2024-01-02T00:00:00Z", "--by", "2024-01-25T00:00:00Z"]
    done = talon_one("expiring", "--config", config_for(tied, balances_strategy="per_entity"), *arguments)
    assert 0 == done.returncode, done.stderr
    rows = {row["owner"]: row["expiring"] for row in csv.DictReader(io.StringIO(done.stdout))}
    assert {"never": "15", "tied": "10", "wide": f"{WIDE[:-1]}9"} == rows
    assert "123,456,789,012,345,703.123456789012345679 points of 3 ledgers" in done.stderr
