"""Loads of ledger A into DuckDB, and into a lake or, by the other programs, Parquet files."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from measuring import BIN, Measured, measure, peer
from mock.ledgers import count_and_cents
from rows.model import OURS, Bench, Contender, Row, rate
from rows.reading import Reading, settings_of
from servers import postgres

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Program = Callable[[Reading, Bench, Path], Measured]

DLT, LIMIT = "dlt", "limit: urllib3, pyarrow"
STREAM = "loyalty_card_transactions"


def _check(bench: Bench, reading: Reading, kind: str, path: str | Path) -> None:
    bench.check(kind, path, *count_and_cents(reading.rows, reading.cards))


def ours(kind: str, reading: Reading, bench: Bench, folder: Path) -> Measured:
    """Load with ``talon-one load``."""
    reading.prepare(bench, folder)
    to = f"duckdb:///{folder}/out.duckdb" if kind == "duckdb" else str(folder / "lake")
    found = _load(to, reading, bench, folder)
    if kind == "duckdb":
        _check(bench, reading, "duckdb", f"{folder}/out.duckdb::talon_one.{STREAM}")
    else:
        _check(bench, reading, "delta", folder / "lake/talon_one" / STREAM)
    return found


def _load(to: str, reading: Reading, bench: Bench, folder: Path) -> Measured:
    config = folder / "config.json"
    config.write_text(json.dumps(settings_of(reading, bench.mock.url)), encoding="utf-8")
    return measure([BIN / "talon-one", "load", "--to", to, "--config", config, "--streams", STREAM], folder)


def _into_postgresql(load: Callable[[str, Reading, Bench, Path], Measured], schema: str) -> Program:
    """Return a program that loads into an empty PostgreSQL."""

    def run(reading: Reading, bench: Bench, folder: Path) -> Measured:
        reading.prepare(bench, folder)
        with postgres() as server:
            url = server.create_database("bench")
            found = load(url, reading, bench, folder)
            _check(bench, reading, "postgresql", f"{url}::{schema}.{STREAM}")
        return found

    return run


def _dlt_into_postgresql(url: str, reading: Reading, bench: Bench, folder: Path) -> Measured:
    program = peer("dlt", "dlt_read.py", "postgresql", bench.mock.url, reading.kind, str(reading.in_flight), url)
    return measure(program, folder, stdin=folder / "cards.json")


def _dlt(kind: str, reading: Reading, bench: Bench, folder: Path) -> Measured:
    cards, _ = reading.prepare(bench, folder)
    program = peer("dlt", "dlt_read.py", kind, bench.mock.url, reading.kind, str(reading.in_flight))
    found = measure(program, folder, stdin=cards)
    table, files = f"{folder}/out.duckdb::bench.{STREAM}", f"{folder}/parquet/bench/{STREAM}/*.parquet"
    _check(bench, reading, kind, table if kind == "duckdb" else files)
    return found


def _limit(kind: str, reading: Reading, bench: Bench, folder: Path) -> Measured:
    cards, _ = reading.prepare(bench, folder)
    program = peer("limit", "limit_load.py", kind, bench.mock.url, str(reading.in_flight))
    found = measure(program, folder, stdin=cards)
    _check(bench, reading, kind, f"{folder}/out.duckdb::rows" if kind == "duckdb" else folder / "out.parquet")
    return found


def rows(scale: int) -> list[Row]:
    """Return the rows, with a part of the work if ``scale`` is not 1."""
    a = Reading("transactions", 50_000, 20 // scale)
    small = replace(a, cards=2)
    found = []
    for kind, title, least in (
        ("duckdb", "DuckDB", 110_000),
        ("parquet", "a lake (others: Parquet files)", 120_000),
    ):
        programs = [
            Contender(OURS, a.work, partial(ours, kind, a)),
            Contender(DLT, small.work, partial(_dlt, kind, small)),
            Contender(LIMIT, a.work, partial(_limit, kind, a)),
        ]
        found.append(Row(f"load_{kind}", f"A loaded into {title}, 0 ms", "rows", programs, [rate(least, "rows/s")]))
    programs = [
        Contender(OURS, a.work, partial(_into_postgresql(_load, "talon_one"), a)),
        Contender(DLT, small.work, partial(_into_postgresql(_dlt_into_postgresql, "bench"), small)),
    ]
    found.append(Row("load_postgresql", "A loaded into PostgreSQL, 0 ms", "rows", programs, in_quick=False))
    return found
