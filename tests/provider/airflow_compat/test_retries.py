"""When a retry helps, and when: the policy of Airflow 3.3, and without it the errors that fail at once."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, TaskGroup

from airflow_provider_talon_one.airflow_compat.errors import PERMANENT
from airflow_provider_talon_one.airflow_compat.retries import IN_USE, OVERLOADED, POLICY
from airflow_provider_talon_one.operators.loyalty import GetLoyaltyCardBalancesOperator
from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToProfilesOperator
from talon_one_client.errors import PermissionDeniedError, RateLimitedError, ServerError
from tap_talon_one.engine.sync import SomeStreamsFailed
from target_talon_one.errors import IncompleteError, StoreLockedError

needs_policies = pytest.mark.skipif(POLICY is None, reason="retry policies came with Airflow 3.3")
TASKS = {
    GetLoyaltyCardBalancesOperator: {"loyalty_program_id": 1, "loyalty_card_id": "a"},
    TalonOneToWarehouseOperator: {"shard": "1/2", "warehouse_url": "lake"},
    WarehouseToProfilesOperator: {"key": "id", "source_url": "vip.csv"},
}


def test_there_is_a_policy_where_airflow_has_them(airflow_version):
    """The provider has a retry policy from Airflow 3.3 on."""
    assert (airflow_version >= (3, 3)) == (POLICY is not None)


@pytest.mark.parametrize("path", [*PERMANENT, *OVERLOADED, *IN_USE])
def test_the_error_of_each_rule_is_there(path):
    """Every rule names an error class that exists, because Airflow only warns of a wrong name."""
    module, _, name = path.rpartition(".")
    assert issubclass(getattr(import_module(module), name), Exception)


def test_a_policy_costs_no_client_and_no_database():
    """Creating a task with a policy loads no engine, because Airflow parses a DAG file again and again."""
    script = (
        "import sys, airflow.providers.common.compat.sdk\n"
        "from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator\n"
        "TalonOneToWarehouseOperator(task_id='t', warehouse_url='lake')\n"
        "heavy = {'talon_one_client.http.executor', 'talon_one_loading', 'duckdb', 'pyarrow'}\n"
        "print('HEAVY', heavy & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "HEAVY set()" in done.stdout, done.stderr


@pytest.fixture(params=["one", "mapped"])
def make(request):
    """Return a task of a DAG, mapped or not, as the worker has it in the end."""

    def run(operator, dag=None, group=None, **arguments):
        given = TASKS[operator] | arguments
        with (
            DAG("d", start_date=datetime(2026, 1, 1, tzinfo=UTC), default_args=dag or {}),
            TaskGroup("g", default_args=group or {}),
        ):
            if request.param == "one":
                return operator(task_id="t", **given)
            name = next(iter(TASKS[operator]))
            values = {name: given.pop(name)}
            mapped = operator.partial(task_id="t", **given).expand(**{name: list(values.values())})
            return mapped.unmap(values)

    return run


@pytest.mark.parametrize("operator", TASKS)
def test_calls_loads_and_pushes_have_the_policy(make, operator):
    """Tasks have the policy, mapped ones too."""
    assert POLICY is getattr(make(operator), "retry_policy", None)


@pytest.mark.parametrize("operator", TASKS)
@pytest.mark.parametrize(
    "given",
    [
        {"retry_delay": timedelta(minutes=7)},
        {"default_args": {"retry_delay": timedelta(minutes=7)}},
        {"dag": {"retry_delay": timedelta(minutes=7)}},
        {"group": {"retry_delay": timedelta(minutes=7)}},
        {"retry_exponential_backoff": True},
    ],
)
def test_who_says_how_to_retry_is_obeyed(make, operator, given):
    """Retry arguments of the task, its DAG or its group replace the policy."""
    task = make(operator, **given)
    assert getattr(task, "retry_policy", None) is None
    if "retry_exponential_backoff" not in given:
        assert timedelta(minutes=7) == task.retry_delay


@needs_policies
@pytest.mark.parametrize("place", ["task", "dag", "group"])
def test_a_policy_of_ones_own_is_kept(make, place):
    """A policy given by the author is kept, and so is None."""
    from airflow.sdk import ExceptionRetryPolicy

    own = ExceptionRetryPolicy([])
    for policy in (own, None):
        given = {"retry_policy": policy} if place == "task" else {place: {"retry_policy": policy}}
        made = make(TalonOneToWarehouseOperator, **given).retry_policy
        assert (policy and policy.serialize()) == (made and made.serialize())


@needs_policies
def test_a_stored_dag_says_that_there_is_one(stored_dags):
    """The serialized DAG says that its tasks have a policy, which the worker reads from the DAG file."""
    tasks = stored_dags["refused_for_good"].tasks
    assert {"call": True, "load": True, "push": True} == {one.task_id: one.has_retry_policy for one in tasks}
    assert not stored_dags["push_vip"].get_task("push").has_retry_policy


@contextmanager
def in_use(path):
    """Open a DuckDB file in another process."""
    script = "import duckdb, sys; db = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert "open\n" == process.stdout.readline()
        yield
        process.stdin.close()


@needs_policies
@pytest.mark.usefixtures("connection")
def test_what_another_run_uses_is_tried_again_after_a_minute(push_members, load, tmp_path):
    """A locked store or warehouse is retried after one minute."""
    (tmp_path / "vip.csv").write_text("id\na\n")
    path = tmp_path / "used.duckdb"
    for work, arguments in (
        (push_members, {"source_url": str(tmp_path / "vip.csv"), "store": str(path)}),
        (load, {"warehouse_url": f"duckdb:///{path}"}),
    ):
        with in_use(path), pytest.raises(Exception, match="is in use by") as caught:
            work(**arguments)
        decision = POLICY.evaluate(caught.value, try_number=1, max_tries=3)
        assert "retry" == decision.action.value
        assert timedelta(minutes=1) == decision.retry_delay
        assert "another run uses the store or the warehouse" == decision.reason


PROGRAM = {"loyalty_program_ids": [1]}
REQUESTS = ("get_loyalty_card_balances", "get_loyalty_card_transactions", "update_customer_profile_audiences")


@pytest.fixture
def vip(emu, tmp_path):
    """A card, and a segment in a folder."""
    emu.add("cards", {"program": 1, "identifier": "a"})
    (tmp_path / "vip.csv").write_text("id\na\n")
    return str(tmp_path)


@needs_policies
def test_too_many_requests_are_tried_again_after_five_minutes(emu, connection, vip, run_task, load, push_members):
    """A call, a load or a push that gets 429 is retried after five minutes."""
    connection(retry_budget_seconds=0)
    for route in REQUESTS:
        emu.fault(route, "429", count=0)
    for work, arguments in (
        (run_task, {"operator": GetLoyaltyCardBalancesOperator} | TASKS[GetLoyaltyCardBalancesOperator]),
        (load, {"warehouse_url": f"duckdb:///{vip}/w.duckdb", "settings": {"card_ids": ["a"]} | PROGRAM}),
        (push_members, {"source_url": f"{vip}/vip.csv", "store": f"{vip}/store.duckdb"}),
    ):
        with pytest.raises(Exception, match="HTTP 429") as caught:
            work(**arguments)
        decision = POLICY.evaluate(caught.value, try_number=1, max_tries=3)
        assert "retry" == decision.action.value
        assert timedelta(minutes=5) == decision.retry_delay


@needs_policies
@pytest.mark.usefixtures("database", "connection")
@pytest.mark.slow
@pytest.mark.each_airflow
def test_airflow_asks_the_policy(vip, run_dag):
    """A permanent error fails a mapped task without a retry, even before the operator runs."""
    run = run_dag("refused_before", folder=vip)
    assert {"call": "failed", "load": "failed", "push": "failed"} == run.states()
    assert [1, 1] == [run.tries(name) for name in ("load", "push")]


@pytest.mark.usefixtures("database", "connection")
@pytest.mark.slow
@pytest.mark.each_airflow
def test_what_is_refused_for_good_is_not_tried_again(emu, vip, run_dag):
    """A permanent error is not retried in any Airflow version, although three tries are allowed."""
    for route in REQUESTS:
        emu.fault(route, "403", count=0)
    run = run_dag("refused_for_good", folder=vip)
    assert {"failed"} == set(run.states().values())
    assert [1, 1] == [run.tries(name) for name in ("load", "push")]


@pytest.mark.usefixtures("connection")
@pytest.mark.parametrize("plan_only", [True, False])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"audience": 999}, "999|does not exist at Talon.One"),
        ({"key": "tier"}, "100.0% of the rows were refused"),
    ],
)
def test_what_is_hopeless_fails_at_once_and_a_plan_finds_it(emu, push_members, tmp_path, plan_only, arguments, words):
    """An unknown audience, and a source whose rows are all invalid, fail plan and push for good."""
    (tmp_path / "vip.csv").write_text("id,tier\na,\nb,\n")
    given = {"source_url": str(tmp_path / "vip.csv"), "store": str(tmp_path / "s.duckdb"), "plan_only": plan_only}
    with pytest.raises(AirflowFailException, match=words):
        push_members(**given, **arguments)
    assert [] == emu.state("memberships")["memberships"]


BUSY, DENIED, DOWN = RateLimitedError("429"), PermissionDeniedError("403"), ServerError("500")


@needs_policies
@pytest.mark.parametrize(
    ("causes", "action", "minutes"),
    [
        ([BUSY], "retry", 5),
        ([DENIED, BUSY], "retry", 5),
        ([StoreLockedError("locked"), BUSY], "retry", 5),
        ([DENIED, DENIED], "fail", None),
        ([DENIED, DOWN], "default", None),
        ([DOWN], "default", None),
        ([], "default", None),
    ],
)
def test_of_several_errors_the_one_that_can_pass_decides(causes, action, minutes):
    """If several streams or destinations fail, one transient cause is enough for a retry."""
    for kind in (SomeStreamsFailed, IncompleteError):
        decision = POLICY.evaluate(kind("several", causes=causes), try_number=1, max_tries=3)
        assert action == decision.action.value
        assert (timedelta(minutes=minutes) if minutes else None) == decision.retry_delay
