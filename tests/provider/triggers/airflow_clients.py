"""A running Airflow 2 or 3 whose DAGs are started in each way that a user has."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[3]
_SPEC = importlib.util.spec_from_file_location("airflow_live", ROOT / "scripts" / "airflow_live.py")
airflow_live = importlib.util.module_from_spec(_SPEC)
sys.modules["airflow_live"] = airflow_live
_SPEC.loader.exec_module(airflow_live)
WAITING = {"queued", "running", None}


class Airflow3(airflow_live.LiveAirflow):
    """Airflow 3: the form of the interface calls the REST API."""

    def unpause(self, dag: str) -> None:
        """Wait until Airflow knows a DAG, and switch it on."""
        self.wait_for_dag(dag)
        self.request("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})

    def cli(self, *words: str) -> None:
        """Run a command of Airflow."""
        command = [airflow_live.BIN / "airflow", *words]
        done = subprocess.run(command, cwd=self.home, env=self.environment, capture_output=True, text=True, check=False)
        assert 0 == done.returncode, done.stdout[-3000:] + done.stderr[-3000:]

    def by_cli(self, dag: str) -> str:
        """Start a DAG on the command line, and return the id of the run."""
        self.cli("dags", "trigger", dag, "--run-id", "by_cli")
        return "by_cli"

    def by_rest(self, dag: str) -> str:
        """Start a DAG with the REST API, without parameters or a logical date, and return the id of the run."""
        return str(self.request("POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None})["dag_run_id"])

    def by_form(self, dag: str) -> str:
        """Start a DAG as its form does: at the logical date of now, with every parameter of the form."""
        params = self.request("GET", f"/api/v2/dags/{dag}/details")["params"]
        conf = {name: one["value"] for name, one in params.items()}
        body = {"logical_date": datetime.now(UTC).isoformat(), "conf": conf, "dag_run_id": "by_form"}
        return str(self.request("POST", f"/api/v2/dags/{dag}/dagRuns", body)["dag_run_id"])

    def by_backfill(self, dag: str, first: str, last: str) -> None:
        """Start a DAG for each of its dates between two instants."""
        body = {"dag_id": dag, "from_date": first, "to_date": last, "reprocess_behavior": "completed"}
        self.request("POST", "/api/v2/backfills", body)

    def create_event(self, uri: str) -> None:
        """Create an event of an asset."""
        (asset,) = self.request("GET", f"/api/v2/assets?uri_pattern={uri}")["assets"]
        self.request("POST", "/api/v2/assets/events", {"asset_id": asset["id"], "extra": {}})

    def runs(self, dag: str) -> list[dict[str, Any]]:
        """Return the runs of a DAG."""
        return list(self.request("GET", f"/api/v2/dags/{dag}/dagRuns?limit=100")["dag_runs"])

    def states(self, dag: str, run: str) -> dict[str, str]:
        """Return the states of a run's tasks."""
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances"
        return {one["task_id"]: one["state"] for one in self.request("GET", path)["task_instances"]}

    def finished(self, dag: str, kind: str, count: int, seconds: float = 900) -> list[dict[str, Any]]:
        """Wait until there are so many runs of a kind and all have ended; return them."""
        until = time.monotonic() + seconds
        while True:
            found = [run for run in self.runs(dag) if run["run_type"] == kind]
            if len(found) >= count and not {run["state"] for run in found} & WAITING:
                return found
            assert time.monotonic() < until, [(run["dag_run_id"], run["state"]) for run in found]
            time.sleep(1)


class Airflow2(Airflow3):
    """Airflow 2: another REST API, a form that posts to a page of its own, and the words of datasets."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.session = requests.Session()
        self.environment |= {
            "AIRFLOW__CORE__EXECUTOR": "SequentialExecutor",  # the only one that SQLite can have
            "AIRFLOW__API__AUTH_BACKENDS": "airflow.api.auth.backend.basic_auth,airflow.api.auth.backend.session",
            "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
            "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": str(self.port),
            "AIRFLOW__WEBSERVER__BASE_URL": self.url,
            "AIRFLOW__WEBSERVER__WORKERS": "1",
            "AIRFLOW__WEBSERVER__SECRET_KEY": self.environment["AIRFLOW__API__SECRET_KEY"],
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        }

    def _wait_until_healthy(self) -> None:
        until = time.monotonic() + airflow_live.START_S
        password = self.home / "standalone_admin_password.txt"
        while True:
            self._check_alive()
            try:
                found = requests.get(f"{self.url}/health", timeout=10).json()
                if {"healthy"} == {found[name]["status"] for name in ("metadatabase", "scheduler")}:
                    break
            except (requests.RequestException, ValueError):
                pass
            assert time.monotonic() < until, f"Airflow is not healthy; see {self.log('standalone')}"
            time.sleep(1)
        self.password = password.read_text().strip()
        form = {"username": "admin", "password": self.password, "csrf_token": self.token_of("/login/")}
        self.session.post(f"{self.url}/login/", data=form, timeout=60).raise_for_status()

    def token_of(self, page: str) -> str:
        """Return the token of a page's form."""
        text = self.session.get(self.url + page, timeout=60).text
        return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)[1]

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request to the REST API of version 1 and return the JSON."""
        url = self.url + path.replace("/api/v2", "/api/v1")
        done = requests.request(method, url, json=body, auth=("admin", self.password), timeout=60)
        if done.status_code == 404:
            raise airflow_live.urllib.error.HTTPError(url, 404, done.text, None, None)
        done.raise_for_status()
        return done.json() if done.content else None

    def by_rest(self, dag: str) -> str:
        """Start a DAG with the REST API, and return the id of the run."""
        return str(self.request("POST", f"/api/v1/dags/{dag}/dagRuns", {})["dag_run_id"])

    def by_form(self, dag: str) -> str:
        """Send the form of a DAG with every parameter, and return the id of the run."""
        params = self.request("GET", f"/api/v1/dags/{dag}/details")["params"]
        conf = {name: one["value"] for name, one in params.items()}
        page = f"/dags/{dag}/trigger"
        form = {
            "csrf_token": self.token_of(page),
            "logical_date": datetime.now(UTC).isoformat(),
            "run_id": "by_form",
            "conf": json.dumps(conf),
        }
        self.session.post(self.url + page, data=form, timeout=60).raise_for_status()
        return "by_form"

    def by_backfill(self, dag: str, first: str, last: str) -> None:
        """Run a DAG for each of its dates between two instants."""
        self.cli("dags", "backfill", dag, "--start-date", first, "--end-date", last, "--reset-dagruns", "--yes")

    def create_event(self, uri: str) -> None:
        """Create an event of a dataset."""
        self.request("POST", "/api/v1/datasets/events", {"dataset_uri": uri, "extra": {}})


def live_airflow(version: tuple[int, int], home: Path, url: str, keys: Mapping[str, str], dags: Path) -> Airflow3:
    """Return the installed Airflow with a folder of DAGs, not yet started."""
    kind = Airflow3 if version >= (3, 0) else Airflow2
    return kind(home, url, keys["api_key"], keys["management_key"], {"AIRFLOW__CORE__DAGS_FOLDER": str(dags)})
