"""Check the warehouse of the demo: every row to the cent, and every balance, against the emulator and the ledger.

``python -m talon_one_cli.demo.checks WAREHOUSE URL AS_OF ADDITIONS POINTS SUBTRACTIONS CARDS`` prints the number of
balances.
"""

from __future__ import annotations

import sys
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb

from talon_one_cli.demo.tools import DemoFailed, control, expect
from talon_one_client.paging.windows import to_us
from talon_one_singer.cli.output import say
from tap_talon_one.ledger.arithmetic import Entry, Points, balance

TOTALS = """
    SELECT count(*) FILTER (type = 'addition'), sum(amount) FILTER (type = 'addition'),
        count(*) FILTER (type = 'subtraction'), count(DISTINCT card_identifier), count(*) - count(DISTINCT id)
    FROM talon_one.loyalty_card_transactions
"""
BALANCES = """
    SELECT card_identifier, subledger_id, active_points, pending_points, spent_points, expired_points, negative_points
    FROM talon_one.loyalty_card_balances WHERE as_of = ?::TIMESTAMPTZ
"""
LEDGER = """
    SELECT card_identifier, subledger_id, epoch_us(created), id, amount, type = 'addition',
        CASE WHEN start_kind = 'timestamp' THEN epoch_us(start_at) END,
        CASE WHEN expiry_kind = 'timestamp' THEN epoch_us(expiry_at) END
    FROM talon_one.loyalty_card_transactions WHERE created <= ?::TIMESTAMPTZ
"""
Balances = dict[tuple[str, str], Points]


def different(expected: Balances, actual: Balances) -> dict[Any, Any]:
    """Return the balances that differ, as expected and as found."""
    pairs = {key: (expected.get(key), actual.get(key)) for key in expected.keys() | actual.keys()}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def of_emulator(url: str, as_of: str) -> Balances:
    """Return the balances as the emulator computes them."""
    totals = control(url, f"truth?program=1&as_of={as_of}")
    names = totals["columns"][2:]
    return {(o, s): Points(**dict(zip(names, map(Decimal, p), strict=True))) for o, s, *p in totals["balances"]}


def of_ledger(rows: list[tuple[Any, ...]], as_of: str) -> Balances:
    """Return the balances that result from the loaded transactions."""
    ledgers: dict[tuple[str, str], list[Entry]] = {}
    for card, ledger, *entry in rows:
        ledgers.setdefault((card, ledger), []).append(Entry(*entry))
    when_us = to_us(datetime.fromisoformat(as_of))
    return {key: balance(entries, when_us) for key, entries in ledgers.items()}


def main() -> int:
    """Return 1 if a figure is wrong."""
    warehouse, url, as_of, additions, points, subtractions, cards = sys.argv[1:]
    with duckdb.connect(warehouse, read_only=True) as db:
        counted = db.execute(TOTALS).fetchone()
        loaded = {
            (card, ledger): Points(*amounts) for card, ledger, *amounts in db.execute(BALANCES, [as_of]).fetchall()
        }
        rows = db.execute(LEDGER, [as_of]).fetchall()
    try:
        totals = (int(additions), Decimal(points), int(subtractions), int(cards), 0)
        expect("rows and points", totals, counted)
        expect("balances that differ from those of the emulator", {}, different(of_emulator(url, as_of), loaded))
        expect("balances that differ from the ledger", {}, different(of_ledger(rows, as_of), loaded))
    except DemoFailed as error:
        say(str(error))
        return 1
    say(str(len(loaded)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
