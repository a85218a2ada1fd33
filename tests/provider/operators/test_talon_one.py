"""The 39 operators, each in a DAG run against the emulator, whose state is read afterward."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import DAG
from jinja2 import TemplateNotFound

from airflow_provider_talon_one.operators import audiences, catalogs
from airflow_provider_talon_one.operators.events import TrackEventOperator
from airflow_provider_talon_one.operators.talon_one import TalonOneOperator
from talon_one_client import endpoints


@pytest.mark.usefixtures("database", "connection")
def test_all_operators_run_in_a_dag_run(emu, run_dag, summaries):
    """The emulator's state shows what each operator has done, and each logs one summary."""
    emu.add("attributes", {"entity": "CustomerProfile", "name": "tier", "type": "string"})
    emu.add("coupons", {"value": "SAVE"})
    emu.add("cards", {"program": 1, "identifier": "card-1"})
    emu.add("achievements", {"name": "walk", "target": 10})
    emu.add_transactions(
        [
            {"program": 1, "card": "card-1", "amount": "12.50"},
            {"program": 1, "card": "card-1", "amount": "5", "startDate": "on_action", "customerSessionId": "order-1"},
        ]
    )
    assert "success" == run_dag("all_operators").state
    assert {one.name for one in endpoints.ALL if one.api == "integration"} <= {
        text.split(":")[0] for text in summaries()
    }
    operations = {one["operation"] for one in emu.requests()}
    assert {one.name for one in endpoints.ALL if one.api == "integration"} <= operations
    state = emu.state()
    assert {"p1": "platinum", "p2": "gold"} == {
        row["integration_id"]: row["attributes"].get("tier") for row in state["profiles"]
    }
    assert [] == state["audiences"]
    assert [] == state["memberships"]
    assert ["a"] == [row["sku"] for row in state["items"]]
    assert 1 == len(state["reservations"])
    assert [(None, "visit"), ("e1", "visit")] == [(row["integration_id"], row["type"]) for row in state["events"]]
    assert ["card-1", "card-2"] == [row["identifier"] for row in state["cards"]]
    assert [2] == [row["program"] for row in state["program_members"]]
    assert not any("on_action" in row["head"] for row in state["ledger"])
    assert {"s1": "partially_returned", "s2": "open"} == {
        row["integration_id"]: row["state"] for row in state["sessions"]
    }
    assert 3 == len(state["referrals"])
    assert 1 == len(state["card_profiles"])


@pytest.mark.usefixtures("database", "connection")
def test_what_talon_one_refuses_fails_at_once(emu, run_dag):
    """A refused request is not retried, although the task has retries."""
    assert "failed" == run_dag("refused").state
    assert 1 == len(emu.requests("get_loyalty_card_balances"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TalonOneOperator(task_id="t", operation="sync_catalogue"), "no operation 'sync_catalogue'"),
        (lambda: TalonOneOperator(task_id="t", operation="delete_audience_v2"), "takes the path parameters"),
        (lambda: TalonOneOperator(task_id="t", operation="create_audience_v2"), "needs a body"),
        (
            lambda: TalonOneOperator(
                task_id="t", operation="get_reserved_customers", path={"couponValue": "a"}, body={}
            ),
            "takes no body",
        ),
        (
            lambda: TalonOneOperator(
                task_id="t", operation="get_customer_inventory", path={"integrationId": "a"}, query={"profil": True}
            ),
            "no query parameter 'profil'",
        ),
        (lambda: catalogs.SyncCatalogOperator(task_id="t", catalog_id=1, actions=[{"type": "ADDD"}]), "/actions/0"),
        (lambda: audiences.CreateAudienceOperator(task_id="t", name=5), "/name"),
        (
            lambda: TalonOneOperator(task_id="t", operation="update_customer_profiles_v2", body={"users": []}),
            "/users: unknown field; known fields: customerProfiles",
        ),
    ],
)
def test_what_is_wrong_is_reported_when_the_dag_is_parsed(make, words):
    """A wrong operation, parameter or body is an error at parse time."""
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.usefixtures("database", "connection")
def test_a_body_comes_from_a_file_with_templates(emu, run_dag):
    """A ``.json`` file on the template search path is rendered and then checked."""
    assert "success" == run_dag("from_a_file").state
    assert ["p7"] == [row["profile"] for row in emu.state("events")["events"]]


@pytest.mark.usefixtures("database", "connection")
def test_only_a_whole_body_is_the_name_of_a_file(emu, run_dag):
    """A value inside of a body may end with ``.json`` without being read as a file, in mapped tasks too."""
    emu.add("attributes", {"entity": "CustomerProfile", "name": "photo", "type": "string"})
    assert "success" == run_dag("names_like_files").state
    state = emu.state()
    assert ["p7"] == [row["profile"] for row in state["events"]]
    photos = {row["integration_id"]: row["attributes"].get("photo") for row in state["profiles"]}
    assert {"a.json": "p7.json", "b.json": "photo.json"} == {name: photos[name] for name in ("a.json", "b.json")}


@pytest.mark.usefixtures("database", "connection")
def test_a_file_that_is_not_there_is_named(run_task):
    """The error names the missing file."""
    with pytest.raises(TemplateNotFound, match=r"nowhere\.json"):
        run_task(TrackEventOperator, body="nowhere.json", dag=DAG("d", schedule=None))


@pytest.mark.usefixtures("database", "connection")
def test_a_large_answer_stays_out_of_xcom(emu, run_dag):
    """Of a response with 1,000 rows, XCom holds only their number."""
    emu.add("cards", {"program": 1, "identifier": "card-1"})
    emu.add_transactions({"program": 1, "card": "card-1", "amount": "1.25"} for _ in range(1000))
    run = run_dag("large")
    assert "success" == run.state
    assert {"hasMore": False, "data_rows": 1000, "left_out": True} == run.xcom("rows")
