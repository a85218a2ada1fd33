"""An Airflow whose tasks run on Celery workers, with Redis and PostgreSQL, all on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil

from airflow_live import BIN, ROOT, START_S, LiveAirflow, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PARTS = ("api-server", "scheduler", "dag-processor", "triggerer")


def worker_name() -> str:
    """Return the host name for Airflow, which differs between the workers of one machine."""
    return os.environ.get("WORKER_NAME") or socket.gethostname()


def wait_for(found: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """Call a function until its result is truthy, and return that.

    Raises:
        TimeoutError: there is no result within the time; names ``what``.
    """
    until = time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: no result after {seconds} s")
        time.sleep(0.05)
    return value


class CeleryAirflow(LiveAirflow):
    """A running Airflow with Redis and Celery workers.

    A task whose worker was killed is detected after 15 seconds; by default, Airflow takes 300.

    Args:
        home: folder of Airflow, which is created if it is missing.
        base_url: base URL of Talon.One.
        database: an empty database for Airflow: ``postgresql://user:password@host:port/name``.
        dags: the folder of the DAGs.
        workers: names of the workers.
        environment: additional variables.
    """

    def __init__(
        self,
        home: Path,
        base_url: str,
        *,
        database: str,
        dags: Path,
        workers: tuple[str, ...] = ("w1", "w2"),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.workers, self._redis_port = workers, free_port()
        self.redis_url = f"redis://127.0.0.1:{self._redis_port}"
        # psycopg 3 supports both synchronous and asynchronous connections.
        url = database.replace("postgresql://", "postgresql+psycopg://", 1)
        given = {
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__PARALLELISM": "8",
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "airflow_celery.worker_name",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": url,
            "AIRFLOW__CELERY__BROKER_URL": f"{self.redis_url}/0",
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{url}",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
            "C_FORCE_ROOT": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT / "scripts"), os.environ.get("PYTHONPATH")))),
            **(environment or {}),
        }
        super().__init__(home, base_url, environment=given)

    def start_worker(self, name: str) -> None:
        """Start a worker and wait until it accepts tasks."""
        self._spawn_worker(name)
        self._wait_for_worker(name)

    def kill_worker(self, name: str, *, spare: int | None = None) -> None:
        """Kill a worker and its child processes, as if its machine failed; ``spare`` is a process that survives."""
        worker = psutil.Process(self.processes[name].pid)
        worker.suspend()
        processes = [one for one in (worker, *worker.children(recursive=True)) if one.pid != spare]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.processes[name].wait()
        _, left = psutil.wait_procs(processes, timeout=10)
        if left:
            raise RuntimeError(f"processes of {name} are still running: {left}")

    def runs(self, name: str) -> bool:
        """Return whether a worker is running."""
        return self.processes[name].poll() is None

    def tries(self, run: Mapping[str, Any], task: str) -> list[dict[str, Any]]:
        """Return the tries of a task in order, each with the ``hostname`` of its worker."""
        path = f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances/{task}/tries"
        return sorted(self.request("GET", path)["task_instances"], key=lambda one: one["try_number"])

    def instances(self, run: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        path = f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances"
        return list(self.request("GET", path)["task_instances"])

    def __exit__(self, *exc: object) -> None:
        for name in self.workers:
            if name in self.processes and self.runs(name):
                self.kill_worker(name)
        super().__exit__(*exc)

    def _start(self) -> None:
        options = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.home))
        self.spawn("redis", "redis-server", "--port", str(self._redis_port), *options)
        with self.log("migrate").open("wb") as log:
            command = [BIN / "airflow", "db", "migrate"]
            subprocess.run(command, env=self.environment, stdout=log, stderr=subprocess.STDOUT, check=True)
        for part in PARTS:
            self.spawn(part, BIN / "airflow", part)
        for name in self.workers:
            self._spawn_worker(name)

    def _wait_until_healthy(self) -> None:
        super()._wait_until_healthy()
        for name in self.workers:
            self._wait_for_worker(name)

    def _spawn_worker(self, name: str) -> None:
        options = ("-c", "2", "--skip-serve-logs", "--without-gossip", "--without-mingle")
        self.spawn(name, BIN / "airflow", "celery", "worker", "-H", f"{name}@%h", *options, WORKER_NAME=name)

    def _wait_for_worker(self, name: str) -> None:
        def ready() -> bool:
            self._check_alive()
            return " ready." in self.log(name).read_text(errors="replace")

        wait_for(ready, f"a worker, see {self.log(name)}", START_S)
