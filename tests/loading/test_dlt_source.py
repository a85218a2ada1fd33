"""The source of dlt, with the real dlt in an environment of its own: into DuckDB and into files, twice."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.dataset as ds
import pytest

from talon_one_emulator import Emulator
from tests.checkout import ROOT, import_path

PYTHON = ROOT / ".venvs" / "dlt" / "bin" / "python"
LEDGER, BALANCES = "loyalty_card_transactions", "loyalty_card_balances"
CARDS = 3
pytestmark = pytest.mark.slow


@pytest.fixture
def emu():
    """Start an emulator with a few cards and profiles."""
    with Emulator(seed="synthetic", cards=CARDS, transactions=20, profile_transactions=2, management_rate=0) as server:
        yield server


def start(folder, emu, **given):
    """Start the pipelines of ``dlt_pipeline.py``, and hand over their settings."""
    if not PYTHON.exists():
        pytest.fail("dlt is not installed; run: make test-all")
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "DLT_DATA_DIR": str(folder),
        "PYTHONPATH": import_path(),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "NO_PROXY": "127.0.0.1",
    }
    process = subprocess.Popen(
        [PYTHON, Path(__file__).with_name("dlt_pipeline.py"), folder],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    keys = {"base_url": emu.url, "api_key": emu.api_key, "management_key": emu.management_key}
    settings = {"loyalty_program_ids": [1], "settle_seconds": 0, "as_of": "2026-01-01", **given}
    settings["card_ids"] = [f"card-{number:06}" for number in range(1, CARDS + 1)]
    process.stdin.write(json.dumps(keys | settings) + "\n")
    process.stdin.flush()
    return process


def truth(emu):
    """Return id and amount of every transaction of a card."""
    return sorted((row["id"], Decimal(row["amount"])) for row in emu.state("ledger")["ledger"] if row["card"])


def in_duckdb(folder, table, *columns):
    """Return columns of a table that dlt has loaded into DuckDB."""
    with duckdb.connect(str(folder / "out.duckdb"), read_only=True) as db:
        return sorted(db.sql(f"SELECT {', '.join(columns)} FROM loyalty.{table}").fetchall())


def in_files(folder, table, *columns):
    """Return columns of the Parquet files that dlt has written."""
    rows = ds.dataset(folder / "files" / "loyalty" / table, format="parquet").to_table(columns=list(columns))
    return sorted(tuple(row.values()) for row in rows.to_pylist())


def test_two_runs_load_every_row_once(emu, tmp_path):
    """Every digit arrives; the second run reads only new transactions, from the state that dlt keeps with the data."""
    with start(tmp_path, emu) as process:
        first = process.stdout.readline()
        assert first, process.stderr.read()[-3000:]
        emu.add_transactions([{"program": 1, "card": "card-000001", "amount": "0.000000000000000001"}])
        second, errors = process.communicate("\n\n")
    assert 0 == process.returncode, errors[-3000:]
    assert "" == errors
    for name in ("duckdb", "filesystem"):
        counts = json.loads(first)[name]
        assert {LEDGER: 20 * CARDS, BALANCES: 2 * CARDS} == {table: counts[table] for table in (LEDGER, BALANCES)}
        assert 1 == json.loads(second)[name][LEDGER]
        assert {"customer_loyalty"} == counts.keys() - json.loads(second)[name].keys()
    assert truth(emu) == in_duckdb(tmp_path, LEDGER, "id", "amount")
    assert truth(emu) == in_files(tmp_path, LEDGER, "id", "amount")
    reported = [(owner, subledger) for owner, subledger, *_ in emu.truth(1, "2026-01-01T00:00:00Z")["balances"]]
    assert sorted(reported) == in_duckdb(tmp_path, BALANCES, "card_identifier", "subledger_id")
    profiles = sorted((profile["integration_id"],) for profile in emu.state("profiles")["profiles"])
    assert profiles == in_duckdb(tmp_path, "customer_profiles", "integration_id")


def test_a_stream_that_fails_loads_nothing(emu, tmp_path):
    """A pipeline whose read fails ends with the error, and neither rows nor state of it are loaded."""
    emu.fault("get_loyalty_card_transactions", "500", count=0)
    with start(tmp_path, emu, retry_budget_seconds=0.1) as process:
        _, errors = process.communicate()
    assert 0 != process.returncode
    assert LEDGER in errors
    assert emu.api_key not in errors
    assert not (tmp_path / "files").exists()
