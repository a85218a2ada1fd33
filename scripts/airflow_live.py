"""``make airflow``: run a local Talon.One and an Airflow with the example DAGs until Ctrl-C.

All servers listen on loopback, and all files are in one folder (``.airflow``, or the first argument).
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "dags"
BIN = Path(sys.executable).parent
START_S = 240


def free_port() -> int:
    """Return a free port on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class LiveAirflow:
    """A running Airflow (``airflow standalone``): scheduler, DAG processor, triggerer and API server.

    Args:
        home: folder of Airflow, which is created if it is missing.
        base_url, api_key, management_key: base URL and keys of Talon.One.
        environment: additional variables.
    """

    def __init__(
        self,
        home: Path,
        base_url: str,
        api_key: str = "demo-integration-key",
        management_key: str = "demo-management-key",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.home, self.port = home, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        home.mkdir(parents=True, exist_ok=True)
        connection = {
            "conn_type": "talon_one",
            "host": base_url,
            "password": api_key,
            "extra": {"management_api_key": management_key, "management_requests_per_second": 1000},
        }
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES),
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__OPENLINEAGE__NAMESPACE": "local",
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
                {"type": "file", "log_file_path": str(home / "openlineage.jsonl"), "append": True}
            ),
            "AIRFLOW_CONN_TALON_ONE_DEFAULT": json.dumps(connection),
            **(environment or {}),
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._token = ""
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
            self._wait_until_healthy()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        for signum, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            for process in self.processes.values():
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signum)
            until = time.monotonic() + seconds
            for process in self.processes.values():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=max(0, until - time.monotonic()))
        self._closing.close()

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.home / f"{name}.log"

    def spawn(self, name: str, *command: str | Path, **environment: str) -> None:
        """Start a process that ends with this Airflow."""
        with self.log(name).open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=self.home,
                env=self.environment | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that a signal to the group also ends its children
            )

    def _start(self) -> None:
        self.spawn("standalone", BIN / "airflow", "standalone")

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request to the REST API and return the JSON."""
        if not self._token and path != "/auth/token":
            self._token = self.request("GET", "/auth/token")["access_token"]
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        data = None if body is None else json.dumps(body).encode()
        call = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(call, timeout=60) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")

    def run(self, dag: str, conf: Mapping[str, Any], *, seconds: float = 180) -> dict[str, Any]:
        """Trigger a DAG, wait for its end, and return the run."""
        return self.ended(self.trigger(dag, conf), seconds=seconds)

    def trigger(self, dag: str, conf: Mapping[str, Any]) -> dict[str, Any]:
        """Trigger a DAG and return the new run."""
        self.wait_for_dag(dag)
        self.request("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})
        body = {"logical_date": None, "conf": dict(conf)}
        return dict(self.request("POST", f"/api/v2/dags/{dag}/dagRuns", body))

    def ended(self, run: Mapping[str, Any], *, seconds: float = 180) -> dict[str, Any]:
        """Wait for the end of a run and return it."""
        until = time.monotonic() + seconds
        while run["state"] in ("queued", "running"):
            if time.monotonic() > until:
                raise TimeoutError(f"{run['dag_id']} is {run['state']} after {seconds} s")
            time.sleep(0.5)
            run = self.request("GET", f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}")
        return dict(run)

    def xcom(self, run: Mapping[str, Any], task: str, key: str = "return_value") -> Any:
        """Return an XCom value of a task."""
        path = f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances/{task}/xcomEntries/{key}"
        return self.request("GET", f"{path}?deserialize=true")["value"]

    def wait_for_dag(self, dag: str, seconds: float = 120) -> None:
        """Wait until the DAG processor has found a DAG."""
        until = time.monotonic() + seconds
        while True:
            with suppress(urllib.error.HTTPError):
                self.request("GET", f"/api/v2/dags/{dag}")
                return
            if time.monotonic() > until:
                raise TimeoutError(f"Airflow has not found the DAG {dag}")
            time.sleep(1)

    def wait_for_answerable(self, task: str, seconds: float = 120) -> None:
        """Wait until the scheduler knows that a task with a human approval has left its worker.

        Airflow 3.3.2 can mark the task as failed if it is answered before that.
        """
        heard = re.compile(f"Received executor event with state success .*task_id='{task}'")
        until = time.monotonic() + seconds
        while not heard.search(self.log("standalone").read_text(errors="replace")):
            if time.monotonic() > until:
                raise TimeoutError(f"the scheduler has received no event of {task}; see {self.log('standalone')}")
            time.sleep(0.2)

    def _wait_until_healthy(self) -> None:
        until = time.monotonic() + START_S
        parts = ("metadatabase", "scheduler", "triggerer", "dag_processor")
        while time.monotonic() < until:
            self._check_alive()
            with suppress(OSError, ValueError):
                health = self.request("GET", "/api/v2/monitor/health")
                if all((health.get(part) or {}).get("status") == "healthy" for part in parts):
                    return
            time.sleep(1)
        raise TimeoutError(f"Airflow is not healthy after {START_S} s; see {self._logs()}")

    def _check_alive(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise RuntimeError(f"Airflow did not start; see {self.log(name)}")

    def _logs(self) -> str:
        return ", ".join(str(self.log(name)) for name in self.processes)


def main() -> int:
    """Start the emulator and Airflow, print what to click, and wait for Ctrl-C."""
    for signum in (signal.SIGTERM, signal.SIGHUP):  # sent when the terminal is closed or make ends
        signal.signal(signum, signal.default_int_handler)
    home = Path(sys.argv[1] if len(sys.argv) > 1 else ".airflow").absolute()
    command = [BIN / "talon-one-emulator", "serve", "--seed", "demo", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator:
        try:
            assert emulator.stdout is not None
            words = dict(word.split("=", 1) for word in emulator.stdout.readline().split()[1:])
            print(f"Talon.One (local): {words['url']}\nAirflow is starting ...", flush=True)
            with LiveAirflow(home, words["url"]) as airflow:
                print(
                    f"Airflow: {airflow.url}  (no password; everything is in {home})\n"
                    "  1. DAGs, talon_one_hourly_load: switch it on, press Trigger, look at the task's Storage, XCom.\n"
                    "  2. talon_one_segments runs after it (switch it on): approve the plan under Required Actions.\n"
                    "  3. Admin, Connections: talon_one_default comes from the environment; add one of type Talon.One "
                    "(with its port), save it and press Test in its row.\nCtrl-C ends both.",
                    flush=True,
                )
                with suppress(KeyboardInterrupt):
                    signal.pause()
        except KeyboardInterrupt:
            pass
        finally:
            emulator.terminate()
    print("stopped")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
