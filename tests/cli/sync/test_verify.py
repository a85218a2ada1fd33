"""``talon-one verify`` does not believe what the push made of the source."""

from __future__ import annotations

import json
import sqlite3
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest

from talon_one_emulator import Emulator
from tests import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

SQL = "SELECT 'p-1' AS sku, {} AS price"
COMMAND = "from talon_one_cli.__main__ import main; main()"
MONEY_AS_CENTS = (
    "from talon_one_warehouse.sources import postgresql_columns as c; c._EXACT = c._EXACT | {'money'}; "
    "from talon_one_singer.values import arrow_extensions"
)
WIDENED = (
    "from talon_one_singer.values import arrow_values as v; from pyarrow import types; "
    "v._CONVERTERS = ((types.is_floating, v._plain), *v._CONVERTERS)"
)
ROUNDED = (
    "from talon_one_warehouse.sources import sqlite as s; whole = s.dbapi_values; "
    "s.dbapi_values = lambda column: [int(v) if isinstance(v, float) else v for v in whole(column)] "
    "if len(column) else []"
)


@pytest.fixture(scope="module")
def emu() -> Iterator[Emulator]:
    """A local Talon.One with a catalog."""
    with Emulator(seed="demo", management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def source(request, tmp_path):
    """A source whose price is 12.50 or 19.99."""
    if request.param == "postgresql":
        return {"url": request.getfixturevalue("postgres_url"), "sql": SQL.format("12.50::money")}
    if request.param == "duckdb":
        return {"url": "duckdb:///:memory:", "sql": SQL.format("19.99::FLOAT")}
    if request.param == "parquet":
        duckdb.sql(SQL.format("19.99::FLOAT")).write_parquet(str(tmp_path / "p.parquet"))
        return "p.parquet"
    sqlite3.connect(tmp_path / "w.db").close()
    return {"url": "sqlite:///w.db", "sql": SQL.format("19.99")}


@pytest.mark.parametrize(
    ("source", "fault", "wrong", "right"),
    [
        ("postgresql", MONEY_AS_CENTS, "1250", "12.5"),
        ("duckdb", WIDENED, "19.989999771118164", "19.99"),
        ("parquet", WIDENED, "19.989999771118164", "19.99"),
        ("sqlite", ROUNDED, "19", "19.99"),
    ],
    indirect=["source"],
)
def test_a_push_that_misreads_a_value_is_found_out(emu, tmp_path, source, fault, wrong, right):
    """Verify finds a misread value even with the same fault in place, and the next push corrects it."""
    emu.reset()
    catalog = emu.state("catalogs")["catalogs"][0]["id"]
    given = {"source": source, "sink": "catalog_items", "catalog_id": catalog, "mode": "upsert"}
    (tmp_path / "SYNC.yml").write_text(json.dumps({"syncs": {"p": {**given, "map": {"sku": "sku", "price": "price"}}}}))
    settings = {"base_url": emu.url, "api_key": emu.api_key, "management_key": emu.management_key}
    (tmp_path / "config.json").write_text(json.dumps(settings))

    def run(command, fault=""):
        script = f"import sys; sys.argv[0] = 'talon-one'; {fault or 'pass'}\n{COMMAND}"
        arguments = [sys.executable, "-c", script, command, "SYNC.yml", "--config", "config.json"]
        done = commands.run(arguments, cwd=tmp_path, capture_output=True, text=True)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode

    def price():
        return next(str(item["price"]) for item in emu.state("items")["items"] if item["sku"] == "p-1")

    assert 0 == run("push", fault)
    assert wrong == price()
    assert 4 == run("verify", fault)
    assert 0 == run("push")
    assert right == price()
    assert 0 == run("verify")
