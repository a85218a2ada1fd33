"""``talon-one estimate``: the estimated calls are the calls that a load makes."""

from __future__ import annotations

import json

import pytest

from talon_one_emulator import Emulator
from talon_one_warehouse import open_warehouse
from tests.examples import slow

STREAMS = "loyalty_card_transactions,loyalty_card_balances"
UNTIL = "2026-01-01T00:00:00Z"
PAIRS = [("per_entity", "per_entity"), ("program_feed", "csv_export"), ("program_feed", "card_list")]


def estimated(talon_one, config, *more) -> dict[tuple[str, str], dict]:
    done = talon_one("estimate", "--config", config, "--streams", STREAMS, "--json", *more)
    assert 0 == done.returncode, done.stderr
    return {(row["stream"], row["strategy"]): row for row in json.loads(done.stdout)["estimates"]}


def load(emu, talon_one, config, path) -> dict[str, int]:
    """Load into a new file, and return the requests by operation."""
    emu.clear_requests()
    done = talon_one("load", "--to", f"duckdb:///{path}", "--config", config, "--streams", STREAMS)
    assert 0 == done.returncode, done.stderr
    return {name: count["requests"] for name, count in emu.counters().items()}


def estimate_equals_taken(emu, config_for, talon_one, tmp_path, **settings) -> None:
    """Estimate once, load with every strategy, and compare calls and rows."""
    costs = estimated(talon_one, config_for(emu, **settings), "--exact")
    tables = []
    for transactions, balances in PAIRS:
        config = config_for(emu, transactions_strategy=transactions, balances_strategy=balances, **settings)
        path = tmp_path / f"{transactions}-{balances}.duckdb"
        taken = load(emu, talon_one, config, path)
        ways = (("loyalty_card_transactions", transactions), ("loyalty_card_balances", balances))
        programs = 1  # call that lists them
        assert programs + sum(costs[way]["calls"] for way in ways) == sum(taken.values()), taken
        with open_warehouse(f"duckdb:///{path}") as warehouse:
            rows = warehouse.query("SELECT * EXCLUDE (source, _loaded_at) FROM loyalty_card_transactions ORDER BY id")
            points = """SELECT card_identifier, subledger_id, pending_points,
                               active_points - coalesce(negative_points, 0) FROM loyalty_card_balances ORDER BY ALL"""
            tables.append((rows, warehouse.query(points)))
    assert [tables[0]] * 3 == tables


@pytest.mark.parametrize("cards", [120, slow(1200)])
def test_calls_are_as_estimated_for_every_strategy(config_for, talon_one, tmp_path, cards):
    """With up to 1,200 cards and 36,000 transactions, every strategy takes exactly the estimated calls."""
    with Emulator(seed="synthetic", cards=cards, transactions=30, profile_transactions=0, management_rate=0) as emu:
        estimate_equals_taken(emu, config_for, talon_one, tmp_path, end_date=UNTIL)


@pytest.mark.slow
@pytest.mark.parametrize("order", ["shuffled", "oldest", "newest"])
def test_the_journey_costs_what_was_estimated(config_for, talon_one, tmp_path, order):
    """With the retail data, every strategy loads the same rows with the estimated calls."""
    with Emulator(seed="journey", management_rate=0, switches={"order": order}) as emu:
        emu.clock(freeze="2018-01-02T00:00:00Z")
        estimate_equals_taken(emu, config_for, talon_one, tmp_path, end_date="2018-01-02T00:00:00Z")


def test_without_a_walk_the_feed_is_estimated_within_its_bounds(config_for, talon_one, tmp_path):
    """A few calls lead to a range; the load stays within it, and auto uses the strategy that the estimate marks."""
    with Emulator(seed="synthetic", cards=300, transactions=40, profile_transactions=0, management_rate=0) as emu:
        config = config_for(emu, end_date=UNTIL, requests_per_second=20, as_of=UNTIL)
        costs = estimated(talon_one, config)
        feed = costs["loyalty_card_transactions", "program_feed"]
        asked = sum(count["requests"] for count in emu.counters().values())
        assert feed["chosen"] is True
        assert costs["loyalty_card_balances", "csv_export"]["chosen"] is True
        assert asked < 40
        config = config_for(emu, end_date=UNTIL, as_of=UNTIL, transactions_strategy="program_feed")
        taken = load(emu, talon_one, config, tmp_path / "w.duckdb")
        assert 12 <= taken["get_loyalty_program_transactions"] <= feed["at_most"]


def test_the_state_of_a_warehouse_makes_it_an_estimate_of_the_next_load(config_for, talon_one, tmp_path):
    """After a load, the estimate counts only what is new."""
    with Emulator(seed="synthetic", cards=100, transactions=40, profile_transactions=0, management_rate=0) as emu:
        config = config_for(emu, transactions_strategy="program_feed", as_of=UNTIL)
        load(emu, talon_one, config, tmp_path / "w.duckdb")
        costs = estimated(talon_one, config, "--to", f"duckdb:///{tmp_path}/w.duckdb")
        assert 1 == costs["loyalty_card_transactions", "program_feed"]["calls"]


def test_an_estimate_knows_when_a_check_is_due(config_for, talon_one, tmp_path):
    """With ``recheck_days``, the estimate of the next load has the calls of the check that is due, and says so."""
    with Emulator(seed="synthetic", cards=100, transactions=40, profile_transactions=0, management_rate=0) as emu:
        given = {"transactions_strategy": "program_feed", "as_of": UNTIL, "page_size": 100}
        load(emu, talon_one, config_for(emu, **given, recheck_days=30), tmp_path / "w.duckdb")
        found = []
        for days in (30, 0):
            config = config_for(emu, **given, recheck_days=days)
            more = ("--to", f"duckdb:///{tmp_path}/w.duckdb")
            feed = estimated(talon_one, config, *more)["loyalty_card_transactions", "program_feed"]
            found.append((feed["check"], feed["calls"] > 40))
        text = talon_one("estimate", "--config", config, "--streams", STREAMS, *more).stdout
    assert [(False, False), (True, True)] == found
    assert "loyalty_card_transactions of program 1: the check for deleted transactions is due (recheck_days)" in text


def test_the_table_says_why_a_way_cannot_be_taken(config_for, talon_one):
    """Each strategy has a line with its costs or with the setting that it needs."""
    with Emulator(seed="synthetic", cards=20, transactions=5, management_rate=0) as emu:
        config = config_for(emu, as_of=UNTIL, card_ids=["card-000001"])
        done = talon_one("estimate", "--config", config, "--streams", STREAMS)
        assert 0 == done.returncode, done.stderr
        lines = {tuple(line.strip("* ").split()[:3]): line for line in done.stdout.splitlines()[1:-1]}
        assert "card_ids selects some ids" in lines["loyalty_card_transactions", "1", "program_feed"]
        assert lines["loyalty_card_transactions", "1", "per_entity"].startswith("*")
        assert "3 calls" in done.stdout.splitlines()[-1]


def test_a_stream_without_read_strategies_is_reported(config_for, talon_one):
    """A stream that is read in one way only is an error that names the streams with a choice."""
    with Emulator(seed="demo") as emu:
        done = talon_one("estimate", "--config", config_for(emu), "--streams", "attributes")
    assert 2 == done.returncode
    assert "none of the streams has read strategies to compare; loyalty_card_transactions, " in done.stderr
