"""Loads of ledger A into DuckDB, into a lake or, by the other programs, Parquet files, and into databases."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from measuring import BIN, Measured, measure, peer
from mock.ledgers import count_and_cents
from rows.model import OURS, Bench, Contender, Row, rate
from rows.reading import Reading, settings_of
from servers import empty_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Program = Callable[[Reading, Bench, Path], Measured]

DLT, LIMIT = "dlt", "limit: urllib3, pyarrow"
STREAM = "loyalty_card_transactions"


def _check(bench: Bench, reading: Reading, kind: str, path: str | Path, env: Mapping[str, str] | None = None) -> None:
    bench.check(kind, path, *count_and_cents(reading.rows, reading.cards), env=env)


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


def _load(to: str, reading: Reading, bench: Bench, folder: Path, env: Mapping[str, str] | None = None) -> Measured:
    config = folder / "config.json"
    config.write_text(json.dumps(settings_of(reading, bench.mock.url)), encoding="utf-8")
    return measure([BIN / "talon-one", "load", "--to", to, "--config", config, "--streams", STREAM], folder, env=env)


def _into(kind: str, load: Callable[..., Measured], schema: str) -> Program:
    """Return a program that loads into an empty database."""

    def run(reading: Reading, bench: Bench, folder: Path) -> Measured:
        reading.prepare(bench, folder)
        with empty_warehouse(kind) as (url, environment):
            found = load(url, reading, bench, folder, environment)
            _check(bench, reading, "url", f"{url}::{schema}.{STREAM}", environment)
        return found

    return run


def _dlt_into(kind: str) -> Callable[..., Measured]:
    def load(url: str, reading: Reading, bench: Bench, folder: Path, env: Mapping[str, str]) -> Measured:
        program = peer("dlt", "dlt_read.py", kind, bench.mock.url, reading.kind, str(reading.in_flight), url)
        return measure(program, folder, stdin=folder / "cards.json", env=env)

    return load


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
    for kind, title, reading in (
        ("postgresql", "PostgreSQL", a),
        ("snowflake", "a stand-in of Snowflake", small),
        ("bigquery", "a stand-in of BigQuery", small),
    ):
        programs = [Contender(OURS, reading.work, partial(_into(kind, _load, "talon_one"), reading))]
        if kind != "snowflake":  # the stand-in does not know the quoted paths of stages in dlt's statements
            programs.append(Contender(DLT, small.work, partial(_into(kind, _dlt_into(kind), "bench"), small)))
        found.append(Row(f"load_{kind}", f"A loaded into {title}, 0 ms", "rows", programs, in_quick=False))
    return found
