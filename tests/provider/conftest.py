"""An Airflow in a separate folder, which is created before Airflow is imported, and a connection to an emulator."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.provider.guide_dags import write_guide_dags

HOME = tempfile.mkdtemp(prefix="talon-one-airflow-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
HERE = Path(__file__).resolve().parent
DAGS = Path(HOME) / "dags"
DAGS.mkdir()
(DAGS / "examples").symlink_to(HERE.parent.parent / "dags")
(DAGS / "tests").symlink_to(HERE / "dags")
write_guide_dags(DAGS / "guides")
os.environ |= {
    "AIRFLOW_HOME": HOME,
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY": "True",  # without it Airflow 2 warns of itself
    "AIRFLOW__OPENLINEAGE__DISABLED": "True",
}

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from talon_one_emulator import Emulator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore warnings inside Airflow and its dependencies; warnings about this project's use of Airflow are errors."""
    for item in items:
        if "/tests/provider/" in str(item.fspath):
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture(scope="session")
def airflow_version() -> tuple[int, int]:
    """Return the version of Airflow, like (3, 2)."""
    major, minor, *_ = version("apache-airflow").split(".")
    return int(major), int(minor)


@pytest.fixture(autouse=True)
def no_mask_of_another_test(airflow_version: tuple[int, int]) -> None:
    """Let Airflow 2 forget what it masks, because it masks secrets of one letter too, in all texts of the process."""
    if airflow_version < (3, 0):
        from airflow.utils.log.secrets_masker import _secrets_masker

        _secrets_masker().patterns.clear()
        _secrets_masker().replacer = None


@pytest.fixture(scope="session")
def database() -> None:
    """Create Airflow's database once."""
    from airflow.utils.db import initdb

    initdb()


class Run:
    """A DAG run that has ended."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self.state = getattr(run.state, "value", run.state)

    def xcom(self, task: str, key: str = "return_value") -> Any:
        """Return an XCom value of a task."""
        return self._run.get_task_instance(task).xcom_pull(task_ids=task, key=key)

    def tries(self, task: str) -> int:
        """Return how often a task was tried."""
        return int(self._run.get_task_instance(task).try_number)

    def link(self, task: Any) -> str:
        """Return the target of a task's link, as the interface reads it."""
        ti = self._run.get_task_instance(task.task_id)
        (link,) = task.operator_extra_links
        return str(task.get_extra_links(ti, link.name))

    def asset_events(self, uri: str) -> list[dict[str, Any]]:
        """Return the extras of the events that the run created for an asset."""
        from airflow.settings import Session
        from sqlalchemy import select

        try:
            from airflow.models.asset import AssetEvent as Event
            from airflow.models.asset import AssetModel as Asset

            of_asset = Event.asset_id == Asset.id
        except ImportError:  # Airflow 2
            from airflow.models.dataset import DatasetEvent as Event
            from airflow.models.dataset import DatasetModel as Asset

            of_asset = Event.dataset_id == Asset.id
        wanted = (of_asset, Asset.uri == uri, Event.source_run_id == self._run.run_id)
        with Session() as session:
            return list(session.scalars(select(Event.extra).where(*wanted)))

    def everything(self) -> list[Any]:
        """Return what Airflow has stored of each task: XCom and rendered templates."""
        from airflow.models import xcom
        from airflow.models.renderedtifields import RenderedTaskInstanceFields as Rendered
        from airflow.settings import Session
        from sqlalchemy import select

        model: Any = getattr(xcom, "XComModel", None) or xcom.BaseXCom  # Airflow 2
        with Session() as session:
            kept = session.scalars(select(model).where(model.run_id == self._run.run_id)).all()
            rendered = session.scalars(select(Rendered).where(Rendered.run_id == self._run.run_id)).all()
            return [*((one.key, one.value) for one in kept), *(one.rendered_fields for one in rendered)]

    def states(self) -> dict[str, str]:
        """Return the state of each task."""
        return {one.task_id: str(getattr(one.state, "value", one.state)) for one in self._run.get_task_instances()}


@pytest.fixture(scope="session")
def dag_bag(database: None) -> Any:
    """The DAGs of the repository and of the tests, which must all load."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models import DagBag
    bag = DagBag(str(DAGS))
    assert {} == bag.import_errors
    if hasattr(bag, "sync_to_db"):  # Airflow 2; Airflow 3 does it when a DAG is run
        bag.sync_to_db()
    return bag


@pytest.fixture(scope="session")
def stored_dags(dag_bag: Any) -> dict[str, Any]:
    """Return the DAGs as scheduler and interface have them: serialized as JSON and read again."""
    from airflow.serialization import serialized_objects

    kind = getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG
    return {name: kind.from_dict(json.loads(json.dumps(kind.to_dict(dag)))) for name, dag in dag_bag.dags.items()}


@pytest.fixture
def run_dag(dag_bag: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Return a function that runs a DAG in this process, in a temporary folder: ``run_dag(name, **conf)``."""
    monkeypatch.chdir(tmp_path)

    def run(name: str, **conf: Any) -> Run:
        return Run(dag_bag.dags[name].test(run_conf=conf))

    return run


@pytest.fixture
def run_dag_at(dag_bag: Any, airflow_version: tuple[int, int]) -> Callable[..., Run]:
    """Return a function that runs a DAG with a logical date, or, as the REST API and assets do, with None.

    Airflow 2 has no run without a date, and runs it with that of now.
    """

    def run(name: str, logical_date: Any, **conf: Any) -> Run:
        word = "logical_date" if airflow_version >= (3, 0) else "execution_date"
        given = {word: logical_date} if logical_date or airflow_version >= (3, 0) else {}
        return Run(dag_bag.dags[name].test(run_conf=conf, **given))

    return run


@pytest.fixture
def task_logs(
    airflow_version: tuple[int, int], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Callable[[], str]:
    """Return what tasks have logged since the last call: Airflow 2 logs through Python's logging, Airflow 3 prints."""

    def text() -> str:
        said = capfd.readouterr()
        if airflow_version >= (3, 0):
            return said.out + said.err
        lines = [caplog.handler.format(record) for record in caplog.records if record.name == "airflow.task"]
        caplog.clear()
        return "\n".join(lines)

    return text


@pytest.fixture
def summaries(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return what the provider has logged since the last call, warnings with the word in front of them."""
    caplog.set_level("INFO", logger="airflow_provider_talon_one")

    def texts() -> list[str]:
        found = [one for one in caplog.records if one.name.startswith("airflow_provider_talon_one")]
        caplog.clear()
        return ["WARNING " * (one.levelname == "WARNING") + one.getMessage() for one in found]

    return texts


@pytest.fixture
def pushed() -> dict[str, Any]:
    """What the last task of ``run_task`` has pushed to XCom, also if it failed."""
    return {}


@pytest.fixture
def run_task(pushed: dict[str, Any]) -> Callable[..., SimpleNamespace]:
    """Render and execute a task; return the task, its result and its figures."""

    def run(operator: Any, **arguments: Any) -> SimpleNamespace:
        pushed.clear()
        task = operator(task_id="task", **arguments)
        names = {"dag_id": "dag", "task_id": "task", "run_id": "run", "map_index": -1}
        ti = SimpleNamespace(**names, xcom_push=lambda key, value: pushed.update({key: value}))
        task.render_template_fields({"ti": ti})
        return SimpleNamespace(task=task, returned=task.execute({"ti": ti}), **pushed)

    return run


@pytest.fixture
def load(run_task: Callable[..., SimpleNamespace]) -> Callable[..., SimpleNamespace]:
    """Run a load of the cards' ledger."""

    def run(**arguments: Any) -> SimpleNamespace:
        from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator

        settings = {"loyalty_program_ids": [1], "settle_seconds": 0}
        return run_task(
            TalonOneToWarehouseOperator, **{"streams": ["loyalty_card_transactions"], "settings": settings, **arguments}
        )

    return run


@pytest.fixture
def push_members(run_task: Callable[..., SimpleNamespace], tmp_path: Path) -> Callable[..., SimpleNamespace]:
    """Run a push of members."""

    def run(**arguments: Any) -> SimpleNamespace:
        from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToAudienceOperator

        folder = {"rejects_directory": str(tmp_path / "rejects"), "results_directory": str(tmp_path / "results")}
        given = {"audience": {"name": "VIP"}, "key": "id", "options": {"create_profiles": "allow"}, **folder}
        return run_task(WarehouseToAudienceOperator, **given | arguments)

    return run


@pytest.fixture
def connection(emu: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the connection ``talon_one_default`` to the emulator: ``connection(extra=value, ...)``."""

    def put(*, host: str = "", password: str = "", **extra: object) -> None:
        given = {
            "management_api_key": emu.management_key,
            "management_requests_per_second": 1000,
            "retry_budget_seconds": 2,
        }
        value = {
            "conn_type": "talon_one",
            "host": host or emu.url,
            "password": password or emu.api_key,
            "extra": {name: one for name, one in (given | extra).items() if one is not None},
        }
        monkeypatch.setenv("AIRFLOW_CONN_TALON_ONE_DEFAULT", json.dumps(value))

    put()
    return put


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    """An emulator for a module."""
    from talon_one_emulator import Emulator

    with Emulator(seed="empty", management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def emu(server: Emulator) -> Emulator:
    """An empty emulator."""
    server.reset("empty")
    server.clear_requests()
    return server
