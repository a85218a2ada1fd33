"""The memory of tasks that move a million rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from talon_one_emulator import Emulator
from talon_one_warehouse import open_warehouse

pytestmark = pytest.mark.slow

# A process of its own for each DAG run: what it was before its exec does not count.
SCRIPT = """
import json, re, sys
from pathlib import Path
from airflow.dag_processing.dagbag import DagBag
dag = DagBag(sys.argv[1]).dags[sys.argv[2]]
run = dag.test(run_conf=json.loads(sys.argv[3]))
peak = int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024
print("RESULT", run.state.value, peak)
"""


def peak_mb(dag, **conf):
    """Return the peak memory of a process that runs a DAG."""
    dags = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    command = [sys.executable, "-c", SCRIPT, dags, dag, json.dumps(conf)]
    done = subprocess.run(command, capture_output=True, text=True)
    result = [line.split() for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert result, done.stderr[-2000:]
    assert "success" == result[0][1], done.stdout[-3000:]
    return int(result[0][2])


@pytest.mark.usefixtures("dag_bag", "connection")
def test_a_million_members_take_less_than_250_megabytes_more_than_none(emu, tmp_path):
    """A push of a million members needs less than 250 MB more than a push of none."""
    with duckdb.connect(str(tmp_path / "w.duckdb")) as db:
        db.execute("CREATE TABLE vip AS SELECT 'customer-' || n AS id FROM range(1000000) AS t (n)")
    empty = peak_mb("empty")
    conf = {"warehouse": f"duckdb:///{tmp_path}/w.duckdb", "folder": str(tmp_path)}
    assert peak_mb("million_members", **conf) - empty < 250
    assert 1_000_000 == len(emu.state("memberships")["memberships"])


@pytest.fixture(scope="module")
def account():
    """Return 20 cards with 50,000 transactions each, in a separate process."""
    with Emulator(seed="synthetic", cards=20, transactions=50_000, management_rate=0) as emulator:
        yield emulator


@pytest.fixture(params=["duckdb", "postgresql", "lake"])
def warehouse(request, tmp_path):
    """Return the URL of an empty warehouse."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"duckdb:///{tmp_path}/w.duckdb" if request.param == "duckdb" else f"file://{tmp_path}/lake"


@pytest.mark.usefixtures("dag_bag")
def test_a_million_ledger_rows_take_less_than_250_megabytes_more_than_none(account, warehouse, tmp_path, monkeypatch):
    """A load of a million rows needs less than 250 MB more than a load of none."""
    value = {
        "conn_type": "talon_one",
        "host": account.url,
        "password": account.api_key,
        "extra": {"management_api_key": account.management_key, "management_requests_per_second": 1000},
    }
    monkeypatch.setenv("AIRFLOW_CONN_TALON_ONE_DEFAULT", json.dumps(value))
    (tmp_path / "lake").mkdir()
    empty = peak_mb("empty")
    more = peak_mb("million_rows", warehouse=warehouse) - empty
    with open_warehouse(warehouse) as there:
        found = there.query(f"SELECT count(*) FROM {there.name_of('loyalty_card_transactions')}")
    assert [(1_000_000,)] == found
    assert more < 250
