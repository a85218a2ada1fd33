"""The examples for other orchestrators and the notebook, each with the real program in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from talon_one_emulator import Emulator
from tests.checkout import ROOT, import_path

EXAMPLES = ROOT / "examples"
CARDS = ["card-000001", "card-000002", "card-000003"]
SYNC = """\
syncs:
  holders:
    source: {url: "%s", sql: "SELECT DISTINCT card_identifier AS customer FROM talon_one.loyalty_card_balances"}
    sink: audience_members
    audience: {name: Card holders, integration: warehouse, integration_id: holders}
    mode: mirror
    key: customer
    create_profiles: allow
"""
NOTEBOOK = """
import sys
import nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""
DAGSTER = """
import json
import dagster as dg
import dagster_loyalty
result = dg.materialize(dagster_loyalty.definitions.assets, raise_on_error=False)
counts = {event.asset_key.path[-1]: {name: value.value for name, value in event.materialization.metadata.items()}
          for event in result.get_asset_materialization_events()}
retries = [event for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]
print(json.dumps({"success": result.success, "counts": counts, "retries": len(retries)}))
"""


@pytest.fixture(scope="module")
def emu():
    """Start an emulator with a few cards."""
    with Emulator(seed="synthetic", cards=3, transactions=10, management_rate=0) as server:
        yield server


@pytest.fixture
def environment(emu, tmp_path):
    """The environment of an orchestrator's process: keys, warehouse and sync, and ``talon-one`` on the PATH."""
    warehouse = f"duckdb:///{tmp_path}/loyalty.duckdb"
    (tmp_path / "SYNC.yml").write_text(SYNC % warehouse)
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "HOME": str(tmp_path),
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(EXAMPLES),
        "TALON_ONE_BASE_URL": emu.url,
        "TALON_ONE_API_KEY": emu.api_key,
        "TALON_ONE_MANAGEMENT_KEY": emu.management_key,
        "WAREHOUSE": warehouse,
        "SYNC": str(tmp_path / "SYNC.yml"),
    }


def run(peer, name, arguments, environment, folder):
    """Run the Python of a peer's environment, and return the last line that it prints."""
    command = [peer(name, "python"), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert 0 == done.returncode, done.stdout[-2000:] + done.stderr[-3000:]
    assert environment["TALON_ONE_API_KEY"] not in done.stdout + done.stderr
    return done.stdout.splitlines()[-1] if done.stdout else ""


def members(emu):
    """Return the integration ids of all members of audiences."""
    state = emu.state("memberships", "profiles")
    names = {profile["id"]: profile["integration_id"] for profile in state["profiles"]}
    return sorted(names[row["profile"]] for row in state["memberships"])


def rows_loaded(folder):
    """Return the number of transactions in the warehouse."""
    with duckdb.connect(str(folder / "loyalty.duckdb"), read_only=True) as db:
        return db.sql("SELECT count(*) FROM talon_one.loyalty_card_transactions").fetchall()[0][0]


@pytest.mark.slow
def test_the_assets_of_dagster_load_and_sync(emu, peer, environment, tmp_path):
    """Materializing all assets loads both tables and fills the audience, with the counts as metadata."""
    more = {"DAGSTER_HOME": str(tmp_path), "DAGSTER_DISABLE_TELEMETRY": "1"}
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    found = json.loads(run(peer, "dagster", ["-c", DAGSTER], environment | more, tmp_path))
    assert found["success"]
    assert {"read": 30, "inserted": 30, "updated": 0} == found["counts"]["loyalty_card_transactions"]
    assert "counts" in found["counts"]["audiences"]
    assert 30 == rows_loaded(tmp_path)
    assert CARDS == members(emu)
    wrong = environment | more | {"TALON_ONE_API_KEY": "a-wrong-key", "TALON_ONE_MANAGEMENT_KEY": "a-wrong-key"}
    failed = json.loads(run(peer, "dagster", ["-c", DAGSTER], wrong, tmp_path))
    assert {"success": False, "counts": {}, "retries": 0} == failed


@pytest.mark.slow
def test_the_flow_of_prefect_loads_and_syncs(emu, peer, environment, tmp_path):
    """The flow returns the counts of the load and of the push; a second run finds nothing new."""
    more = {"PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    arguments = [EXAMPLES / "prefect_loyalty.py"]
    first, second = (json.loads(run(peer, "prefect", arguments, environment | more, tmp_path)) for _ in range(2))
    assert {"read": 30, "inserted": 30, "updated": 0} == first["load"]["streams"]["loyalty_card_transactions"]
    assert 0 == second["load"]["streams"]["loyalty_card_transactions"]["read"]
    assert 30 == rows_loaded(tmp_path)
    assert CARDS == members(emu)


@pytest.mark.slow
def test_the_notebook_runs_from_top_to_bottom(peer, environment, tmp_path):
    """Every cell runs, and the tables have the cards of the local Talon.One."""
    more = {"PYTHONPATH": import_path(), "IPYTHONDIR": str(tmp_path), "JUPYTER_PLATFORM_DIRS": "1"}
    arguments = ["-c", NOTEBOOK, EXAMPLES / "loyalty.ipynb", tmp_path / "done.ipynb"]
    run(peer, "notebook", arguments, environment | more, tmp_path)
    cells = json.loads((tmp_path / "done.ipynb").read_text(encoding="utf-8"))["cells"]
    shown = "".join(text for cell in cells for out in cell.get("outputs", []) for text in out["data"]["text/plain"])
    assert "card-000005" in shown
    assert "active_points" in shown
