"""The reports do what the commands do, with typed templates, and put no row into XCom."""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime

import duckdb
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_talon_one.parameters import convert_parameters
from airflow_provider_talon_one.reports.estimate import EstimateLoadOperator
from airflow_provider_talon_one.reports.expiring import ExpiringPointsOperator
from airflow_provider_talon_one.reports.reconcile import ReconcileLedgersOperator
from airflow_provider_talon_one.reports.report import ReportOperator
from airflow_provider_talon_one.reports.views import CreateReportingViewsOperator

pytestmark = pytest.mark.usefixtures("connection")

INSTANT = datetime(2026, 1, 31, 5, tzinfo=UTC)
LITERALS = {
    "string": ("some text", "some text"),
    "date-time": (INSTANT, "2026-01-31 05:00:00+00:00"),
    "boolean": (True, "True"),
    "object": ({"a": 7}, "{'a': 7}"),
    "array": (["a", "b"], "a,b"),
}
REQUIRED = {
    CreateReportingViewsOperator: {"warehouse_url": "duckdb:///w.duckdb"},
    ExpiringPointsOperator: {"by": INSTANT},
}
PARAMETERS = [
    pytest.param(kind, one, id=f"{kind.__name__}-{one.name}")
    for kind in ReportOperator.__subclasses__()
    for one in kind.parameters
]


@pytest.mark.parametrize(("kind", "parameter"), PARAMETERS)
@pytest.mark.parametrize("template", [False, True])
def test_a_template_of_a_report_means_its_literal(kind, parameter, template):
    """Every parameter is an argument and a template, and is converted to its type."""
    literal, text = LITERALS[parameter.type]
    required = REQUIRED.get(kind, {})
    if parameter.name == "warehouse_conn_id":
        required = {}
    task = kind(task_id="t", **{**required, parameter.name: "{{ value }}" if template else literal})
    task.render_template_fields({"value": text})
    convert_parameters(task, kind.parameters)
    assert literal == getattr(task, parameter.name)
    own = {name for name in inspect.signature(kind.__init__).parameters if name not in ("self", "kwargs")}
    assert own == set(kind.template_fields) == {one.name for one in kind.parameters}


@pytest.fixture
def loaded(emu, load, tmp_path):
    """A warehouse with ledgers and balances of three cards."""
    emu.reset("synthetic", cards=3, transactions=10)
    url = f"duckdb:///{tmp_path}/w.duckdb"
    load(warehouse_url=url, streams=["loyalty_card_transactions", "loyalty_card_balances"])
    return url


def test_ledgers_that_agree_are_counted(loaded, run_task, summaries):
    """The numbers are in XCom and in the summary, from the warehouse and from Talon.One."""
    for given in ({"warehouse_url": loaded}, {"settings": {"loyalty_program_ids": [1]}}):
        summaries()
        found = run_task(ReconcileLedgersOperator, **given).returned
        assert 0 == found["disagreeing"]
        assert found["compared"] >= 3
        assert summaries()[-1].startswith(f"task: {found['compared']} ledgers compared, 0 disagree in ")


def test_ledgers_that_disagree_fail_the_task_and_are_named(loaded, run_task, summaries, tmp_path):
    """The log names the ledger, the file has all differences, and the task fails unless it allows them."""
    with duckdb.connect(loaded.removeprefix("duckdb:///")) as db:
        db.execute(
            "UPDATE talon_one.loyalty_card_transactions SET amount = amount + 1 WHERE id = (SELECT min(id) FROM "
            "talon_one.loyalty_card_transactions WHERE card_identifier = 'card-000002')"
        )
    path = tmp_path / "differences.jsonl"
    given = {"warehouse_url": loaded, "output_path": str(path)}
    with pytest.raises(AirflowFailException, match="1 disagree: their transactions do not add up"):
        run_task(ReconcileLedgersOperator, **given)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert {"card-000002"} == {row["owner"] for row in rows}
    assert any("WARNING card card-000002 of program 1: reported" in text for text in summaries())
    found = run_task(ReconcileLedgersOperator, **given, allow_differences=True).returned
    assert 1 == found["disagreeing"]


def test_views_are_created(loaded, run_task, summaries):
    """XCom and log name the views, and those that are left out with the reason."""
    found = run_task(CreateReportingViewsOperator, warehouse_url=loaded).returned
    assert {"points_lots", "active_members"} <= set(found["created"])
    assert "coupon_wallet" in found["skipped"]
    assert any(text.startswith("WARNING the view talon_one.coupon_wallet is left out: ") for text in summaries())
    with duckdb.connect(loaded.removeprefix("duckdb:///")) as db:
        db.execute("SELECT * FROM talon_one.points_lots")


def test_a_load_is_estimated_for_a_branch(loaded, emu, run_task, summaries):
    """The estimate has calls and seconds; after the load it continues from the state."""
    settings = {"loyalty_program_ids": [1]}
    first = run_task(EstimateLoadOperator, settings=settings, streams=["loyalty_card_transactions"]).returned
    again = run_task(EstimateLoadOperator, settings=settings, warehouse_url=loaded).returned
    assert first["calls"] > 0
    assert {"loyalty_card_transactions"} == {one["stream"] for one in first["estimates"]}
    assert len(again["estimates"]) > len(first["estimates"])
    assert "a load takes" in summaries()[-1]


def test_points_that_expire_are_summed_and_written(emu, run_task, summaries, tmp_path):
    """The sum is in XCom, and each ledger is a line of the file."""
    emu.add("cards", {"program": 1, "identifier": "card-1"})
    emu.add_transactions([{"program": 1, "card": "card-1", "amount": "12.50", "expiryDate": "2098-12-31T00:00:00Z"}])
    path = tmp_path / "expiring.jsonl"
    given = {"by": "2099-01-01T00:00:00Z", "settings": {"loyalty_program_ids": [1]}, "output_path": str(path)}
    assert {"ledgers": 1, "points": "12.5"} == run_task(ExpiringPointsOperator, **given).returned
    (row,) = [json.loads(line) for line in path.read_text().splitlines()]
    assert ("card-1", "12.5") == (row["owner"], row["expiring"])
    assert summaries()[-1].startswith("task: 12.5 points of 1 ledger expire by 2099-01-01T00:00:00+00:00 in ")
