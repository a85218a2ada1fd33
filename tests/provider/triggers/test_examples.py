"""Every example DAG, started in each way that Airflow has: command line, REST API, form, asset event and backfill."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from talon_one_emulator import Emulator
from tests.examples import SLOW_WITH_EACH_AIRFLOW
from tests.provider.triggers.airflow_clients import ROOT, live_airflow

pytestmark = list(SLOW_WITH_EACH_AIRFLOW)

TEXTS = {path.stem: path.read_text() for path in (ROOT / "dags").glob("talon_one_*.py")}
SEGMENTS = "talon_one_segments"
FIRST = [name for name in TEXTS if name != SEGMENTS]  # it reads what another one loads
# A DAG has a backfill if time is its schedule. Airflow 2 has no runs for two dates that are equal.
BACKFILLS = {
    "talon_one_hourly_load": ("2026-11-02T00:00:00Z", "2026-11-02T00:59:00Z"),
    "talon_one_nightly_balances": ("2026-11-02T00:00:00Z", "2026-11-02T00:30:00Z"),
    "talon_one_daily_ledger": ("2026-11-02T00:00:00Z", "2026-11-02T00:30:00Z"),
    "talon_one_catalog": ("2026-11-02T00:00:00Z", "2026-11-02T00:30:00Z"),
}
GO = "x-test://go"
IMPORT = "from airflow_provider_talon_one.assets import named_asset"
LOADED = (
    '"Talon.One loyalty data in the warehouse", "x-warehouse://talon_one/loyalty"',
    '"Of tests", "x-test://loaded"',
)


def without_a_person(text):
    """Return an example that asks nobody, and whose past does not delay its runs."""
    day = datetime.now(UTC) - timedelta(days=1)
    text = text.replace('Param(True, type="boolean"', 'Param(False, type="boolean"')
    return text.replace("datetime(2026, 11, 1, ", f"datetime({day.year}, {day.month}, {day.day}, ")


def by_asset(name, text):
    """Return an example with files of its own that an asset event starts: the first one, or that of the load."""
    text = text.replace(f'"{name}"', f'"{name}_by_asset"').replace(*LOADED)
    text = text.replace('"AIRFLOW_HOME", "/tmp")', '"AIRFLOW_HOME", "/tmp") + "/by_asset"')
    if name != SEGMENTS:
        text = re.sub(r"schedule=.*,\n", f'schedule=[named_asset("Go", "{GO}")],\n', text, count=1)
        text = text.replace("\nfrom airflow_provider", f"\n{IMPORT}\nfrom airflow_provider", 1)
    return text


@pytest.fixture(scope="module")
def airflow(airflow_version, tmp_path_factory):
    """An Airflow with the examples, and with copies that an asset event starts."""
    home = tmp_path_factory.mktemp("airflow")
    (home / "dags").mkdir()
    (home / "by_asset").mkdir()
    for name, text in TEXTS.items():
        (home / "dags" / f"{name}.py").write_text(without_a_person(text))
        (home / "dags" / f"{name}_by_asset.py").write_text(by_asset(name, without_a_person(text)))
    with Emulator(seed="synthetic", cards=3, transactions=5, management_rate=0) as account:
        keys = {"api_key": account.api_key, "management_key": account.management_key}
        with live_airflow(airflow_version, home, account.url, keys, home / "dags") as live:
            yield live


@pytest.fixture(scope="module")
def started(airflow):
    """Start every example in every way, the segments when their load has ended, and return the runs by DAG."""
    found = {}
    for names in (FIRST, [SEGMENTS]):
        for name in names:
            airflow.unpause(name)
            airflow.unpause(f"{name}_by_asset")
            found[name] = {
                "command line": airflow.by_cli(name),
                "REST API": airflow.by_rest(name),
                "form": airflow.by_form(name),
            }
        for name in names:
            airflow.finished(name, "manual", 3)
        if names is FIRST:
            airflow.unpause(f"{SEGMENTS}_by_asset")
            airflow.create_event(GO)
    return found


@pytest.mark.parametrize("way", ["command line", "REST API", "form"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_person_or_a_program_starts_an_example(airflow, started, name, way):
    """The run succeeds, and none of its tasks failed on the way."""
    (run,) = [run for run in airflow.finished(name, "manual", 3) if run["dag_run_id"] == started[name][way]]
    assert "success" == run["state"]
    states = airflow.states(name, run["dag_run_id"])
    assert {"success"} == set(states.values()) - {"skipped"}, states


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("name", TEXTS)
def test_an_event_starts_an_example(airflow, airflow_version, name):
    """The run of the event succeeds; the one of the segments is started by the load."""
    kind = "asset_triggered" if airflow_version >= (3, 0) else "dataset_triggered"
    runs = airflow.finished(f"{name}_by_asset", kind, 1)
    assert ["success"] == [run["state"] for run in runs]


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("name", BACKFILLS)
def test_a_backfill_starts_an_example(airflow, airflow_version, name):
    """The run of the past date succeeds."""
    airflow.by_backfill(name, *BACKFILLS[name])
    runs = airflow.finished(name, "backfill", 1)
    assert {"success"} == {run["state"] for run in runs}


@pytest.mark.usefixtures("started")
def test_the_runs_did_their_work(airflow):
    """The segments that were pushed are those of the loaded data, by the originals and by the copies."""
    for folder in (airflow.home, airflow.home / "by_asset"):
        with duckdb.connect(str(folder / "loyalty.duckdb"), read_only=True) as db:
            assert [(15,)] == db.execute("SELECT count(*) FROM talon_one.loyalty_card_transactions").fetchall()
