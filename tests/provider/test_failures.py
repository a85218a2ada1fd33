"""A failure of a task is one line in the words of Airflow, whichever operator fails and whatever has gone wrong."""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path

import pytest

import airflow_provider_talon_one
from airflow_provider_talon_one.airflow_compat.errors import EXPECTED, _classes
from airflow_provider_talon_one.operators.talon_one import TalonOneOperator
from airflow_provider_talon_one.reporting.words import FIELD_NAMES
from airflow_provider_talon_one.reports.estimate import EstimateLoadOperator
from airflow_provider_talon_one.reports.expiring import ExpiringPointsOperator
from airflow_provider_talon_one.reports.reconcile import ReconcileLedgersOperator
from airflow_provider_talon_one.reports.report import ReportOperator
from airflow_provider_talon_one.reports.views import CreateReportingViewsOperator
from airflow_provider_talon_one.sensors.talon_one import (
    AudienceSizeSensor,
    CatalogVersionSensor,
    LoyaltyTransactionsSensor,
    TalonOneSensor,
)
from airflow_provider_talon_one.transfers.push_operator import PushOperator
from airflow_provider_talon_one.transfers.singer import SingerOperator
from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator
from airflow_provider_talon_one.transfers.verify import VerifySyncOperator
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import (
    WarehouseToAudienceOperator,
    WarehouseToCatalogOperator,
    WarehouseToProfilesOperator,
    WarehouseToTalonOneOperator,
)
from tests.provider.test_parameter_walk import NAMED, classes, literal_of, own

PROVIDER = str(Path(airflow_provider_talon_one.__file__).parent)
PROGRAM = {"loyalty_program_ids": [1]}
CARD = {"settings": {**PROGRAM, "card_ids": ["nobody"]}}
MEMBERS = {"sink": "audience_members", "mode": "upsert", "key": "id", "options": {"audience": 999}}
VIP = {
    "source_url": "{folder}/vip.csv",
    "store": "{folder}/store.duckdb",
    "rejects_directory": "{folder}/rejects",
    "results_directory": "{folder}/results",
}
W = {"warehouse_url": "duckdb:///{folder}/w.duckdb"}

GOOD = {
    TalonOneOperator: {"operation": "get_loyalty_programs"},
    TalonOneToWarehouseOperator: {**W, "settings": PROGRAM},
    WarehouseToTalonOneOperator: {
        **VIP,
        **MEMBERS,
        "options": {"audience": {"name": "VIP"}, "create_profiles": "skip"},
    },
    WarehouseToAudienceOperator: {**VIP, "audience": {"name": "VIP"}, "key": "id"},
    WarehouseToCatalogOperator: {**VIP, "catalog_id": 999, "map": {"sku": "id"}},
    WarehouseToProfilesOperator: {**VIP, "key": "id", "map": {"attributes": ["tier"]}},
    VerifySyncOperator: {**VIP, **MEMBERS},
    SingerOperator: {
        "tap": [sys.executable, "-c", "raise SystemExit('Error: no key')"],
        "target": [sys.executable, "-c", "import sys; sys.stdin.read()"],
    },
    TalonOneSensor: {"condition": "audience_of_size", "arguments": {"audience_id": 1, "at_least": 1}},
    AudienceSizeSensor: {"audience_id": 1, "at_least": 1},
    CatalogVersionSensor: {"catalog_id": 999, "at_least": 1},
    LoyaltyTransactionsSensor: {"loyalty_program_id": 999},
    ReconcileLedgersOperator: {"settings": PROGRAM},
    EstimateLoadOperator: {"settings": PROGRAM},
    ExpiringPointsOperator: {"by": "2099-01-01T00:00:00Z", "settings": PROGRAM},
    CreateReportingViewsOperator: {"warehouse_url": "{folder}/lake"},
    **{kind: {name: literal_of(kind, name) for name in own(kind)} for kind in NAMED},
}
LOCAL = (SingerOperator, CreateReportingViewsOperator)  # send nothing to Talon.One
SITUATIONS = {
    "wrong keys": {"password": "wrong", "management_api_key": "wrong"},
    "no server": {"host": "http://127.0.0.1:9", "retry_budget_seconds": 0},
    "no management key": {"management_api_key": None},
    "unknown field": {"management_key_of_mine": "k"},
}
OTHERS = [
    (TalonOneToWarehouseOperator, {**W, "streams": ["loyalty_card_transaction"]}),
    (TalonOneToWarehouseOperator, {**W, **CARD, "streams": ["loyalty_card_balances"]}),
    (TalonOneToWarehouseOperator, {**W, "settings": {"start_date": "2025-02-01", "end_date": "2025-01-01"}}),
    (TalonOneToWarehouseOperator, {"warehouse_url": "nowhere://x"}),
    (WarehouseToAudienceOperator, {**VIP, "audience": 999, "key": "id", "options": {"create_profiles": "allow"}}),
    (WarehouseToAudienceOperator, {**VIP, "audience": {"name": "VIP"}, "key": "nothing"}),
    (WarehouseToAudienceOperator, {**VIP, "source_url": "{folder}/none.csv", "audience": 7, "key": "id"}),
    (WarehouseToProfilesOperator, {**VIP, "key": "id", "map": {"attributes": ["tier"]}, "plan_only": True}),
    (ReconcileLedgersOperator, W),
    (CreateReportingViewsOperator, W),
    (ExpiringPointsOperator, {"by": "2001-01-01T00:00:00Z", "settings": PROGRAM}),
]


def filled(arguments, folder):
    """Return arguments with the folder put into their texts."""
    return {name: one.format(folder=folder) if isinstance(one, str) else one for name, one in arguments.items()}


@pytest.fixture
def folder(tmp_path):
    """A folder with a source."""
    (tmp_path / "vip.csv").write_text("id,tier\na,gold\nb,gold\n")
    (tmp_path / "lake").mkdir()
    return tmp_path


@pytest.fixture
def failure(run_task, folder):
    """Return the error of a task, or None if it succeeds."""

    def run(kind, arguments):
        try:
            run_task(kind, **filled(arguments, folder))
        except Exception as error:  # noqa: BLE001 - the tests look at it
            return error
        return None

    return run


def faults_of(error):
    """Return what is wrong with the error as Airflow's log shows it."""
    found, text = [], str(error)
    if error.__cause__ is not None or not error.__suppress_context__:
        found.append("it has a second traceback")
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(PROVIDER)]
    if len(ours) > 3:  # a sensor has one more
        found.append(f"its traceback has {len(ours)} frames of the provider")
    if re.search(r"(?<![\w-])--[a-z]|\bsource\.", text) or re.search(rf"(?<![\w?])({'|'.join(FIELD_NAMES)})\b", text):
        found.append("it uses words of the command line")
    problems = [line.rpartition(" of program 1: ")[2] for line in text.splitlines()]  # one of each failed stream
    found += [f"it says {line!r} twice" for line in set(problems) if problems.count(line) > 1]
    for line in problems:
        parts = [part.strip(' ."').casefold() for part in re.split(r'[:;,"()]\s*', line)]
        said = [part for part in parts if len(part.split()) > 1]
        found += [f"it says {part!r} twice" for part in sorted({part for part in said if said.count(part) > 1})]
        if line.casefold().count("not found") > 1:
            found.append("it says twice that something was not found")
    if not isinstance(error, _classes(EXPECTED)) and "airflow" not in type(error).__module__:
        found.append(f"it is a {type(error).__name__}")
    return [f"{one}: {text}" for one in found]


def test_every_operator_is_walked():
    """A new operator fails here until this module makes it fail."""
    reports = {kind for kind in GOOD if issubclass(kind, ReportOperator)}
    assert set(ReportOperator.__subclasses__()) == reports
    assert set(classes()) - {PushOperator} == set(GOOD) - reports


@pytest.mark.parametrize("situation", SITUATIONS)
def test_whatever_is_wrong_with_the_connection_is_one_line(emu, connection, failure, situation):
    """Every operator fails with one clear line if keys, host or fields of the connection are wrong."""
    given = dict(SITUATIONS[situation])
    connection(**{"retry_budget_seconds": 0, **given})
    found = {kind.__name__: failure(kind, arguments) for kind, arguments in GOOD.items() if kind not in LOCAL}
    assert [] == [f"{name}: {one}" for name, error in found.items() if error for one in faults_of(error)]
    failed = sum(error is not None for error in found.values())
    assert failed == len(found) if situation != "no management key" else failed > 3


def test_a_connection_that_is_not_there_is_one_line(failure):
    """The error names the connection."""
    for kind, arguments in GOOD.items():
        if kind not in LOCAL:
            error = failure(kind, {**arguments, "talon_one_conn_id": "nowhere"})
            assert [] == faults_of(error)
            assert "nowhere" in str(error)


@pytest.mark.usefixtures("connection")
@pytest.mark.parametrize(("kind", "arguments"), [*OTHERS, *((kind, GOOD[kind]) for kind in LOCAL)])
def test_whatever_is_wrong_with_a_task_is_one_line(emu, failure, kind, arguments):
    """Every wrong parameter, source, id and warehouse is reported in one clear line."""
    error = failure(kind, arguments)
    assert error is not None
    assert [] == faults_of(error)


@pytest.mark.usefixtures("connection")
@pytest.mark.parametrize("fault", ["403", "500", "429"])
def test_an_answer_that_is_an_error_is_one_line(emu, connection, failure, fault):
    """The server's words are shown once."""
    connection(retry_budget_seconds=0)
    for route in ("get_loyalty_card_balances", "get_audiences_analytics", "update_customer_profiles_v2"):
        emu.fault(route, fault, count=0)
    card = {"loyalty_program_id": 1, "loyalty_card_id": "a"}
    by_name = {kind.__name__: kind for kind in NAMED}
    for kind, arguments in (
        (by_name["GetLoyaltyCardBalancesOperator"], card),
        (AudienceSizeSensor, GOOD[AudienceSizeSensor]),
        (WarehouseToProfilesOperator, GOOD[WarehouseToProfilesOperator]),
    ):
        error = failure(kind, arguments)
        assert error is not None
        assert [] == faults_of(error)


@pytest.mark.usefixtures("connection")
def test_an_error_of_the_author_keeps_its_traceback():
    """A decorated function that raises an error of its own shows where, and one of the client does not."""
    from airflow_provider_talon_one.airflow_compat.errors import fail_for_good

    with pytest.raises(Exception, match="'a'") as caught, fail_for_good(runs_code_of_author=True):
        {}["a"]
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_error_that_is_a_bug_keeps_its_class_and_traceback():
    """What is no expected error passes unchanged."""
    from airflow_provider_talon_one.airflow_compat.errors import fail_for_good

    with pytest.raises(TypeError) as caught, fail_for_good():
        len(7)
    assert not caught.value.__suppress_context__
