"""Airflow with a home of its own, made before Airflow is imported, and a connection to an emulator."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

HOME = tempfile.mkdtemp(prefix="talon-one-airflow-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
HERE = Path(__file__).resolve().parent
DAGS = Path(HOME) / "dags"
DAGS.mkdir()
(DAGS / "examples").symlink_to(HERE.parent.parent / "dags")
(DAGS / "tests").symlink_to(HERE / "dags")
os.environ |= {
    "AIRFLOW_HOME": HOME,
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "AIRFLOW__OPENLINEAGE__DISABLED": "True",
}

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from talon_one_emulator import Emulator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Warnings of Airflow itself and of what it imports are not ours to mend; ours about Airflow are errors."""
    for item in items:
        if "/tests/provider/" in str(item.fspath):
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture(scope="session")
def database() -> None:
    """Airflow's database, made once."""
    from airflow.utils.db import initdb

    initdb()


class Run:
    """A DAG run that has ended."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self.state = getattr(run.state, "value", run.state)

    def xcom(self, task: str, key: str = "return_value") -> Any:
        """What a task left."""
        return self._run.get_task_instance(task).xcom_pull(task_ids=task, key=key)

    def states(self) -> dict[str, str]:
        """State of each task."""
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
    return bag


@pytest.fixture
def run_dag(dag_bag: Any) -> Callable[..., Run]:
    """Runs a DAG in this process: ``run_dag(name, **conf)``."""

    def run(name: str, **conf: Any) -> Run:
        return Run(dag_bag.dags[name].test(run_conf=conf))

    return run


@pytest.fixture
def connection(emu: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the connection ``talon_one_default`` to the emulator: ``connection(extra=value, ...)``."""

    def put(**extra: object) -> None:
        given = {
            "management_api_key": emu.management_key,
            "management_requests_per_second": 1000,
            "retry_budget_seconds": 2,
        }
        value = {
            "conn_type": "talon_one",
            "host": emu.url,
            "password": emu.api_key,
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
