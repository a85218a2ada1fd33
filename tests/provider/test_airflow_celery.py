"""A real Airflow with two Celery workers: one is killed while it works, and the other one finishes what it began."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sys
import time
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psutil
import pytest
import urllib3
from adbc_driver_postgresql import dbapi

from airflow_provider_talon_one import example_dags
from talon_one_emulator import Emulator
from talon_one_warehouse import open_warehouse
from target_talon_one.config.store_names import named_location
from target_talon_one.store.opening import open_store
from tests.target.store_content import acknowledged_keys

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = Path(example_dags.__file__).parent
SEGMENT = {f"member-{n}" for n in range(1, 20_001)}
CARDS, ROWS_A_CARD = 500, 100  # a load merges every 20,000 rows
PUSHES, READS = "update_customer_profile_audiences", "get_loyalty_card_transactions"
RATE = 25

pytestmark = pytest.mark.slow


class Forward(BaseHTTPRequestHandler):
    """Passes on a request and returns the answer."""

    protocol_version = "HTTP/1.1"

    def do(self):
        """Handle a request of any method."""
        at = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((at, self.path, body))
        url = self.server.upstream + self.path
        headers = {name: value for name, value in self.headers.items() if name != "Host"}
        answer = self.server.pool.request(self.command, url, body=body, headers=headers, decode_content=False)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.data)))
        self.end_headers()
        self.wfile.write(answer.data)

    do_GET = do_POST = do_PUT = do_DELETE = do

    def log_message(self, *_):
        """Log nothing."""


class Recorder(ThreadingHTTPServer):
    """A proxy of the emulator that records time, path and body of all requests."""

    daemon_threads = True

    def __init__(self, upstream):
        super().__init__(("127.0.0.1", 0), Forward)
        self.upstream, self.requests = upstream, []
        self.pool = urllib3.PoolManager(maxsize=16, retries=False, timeout=60)
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        """Ignore the error of a killed worker that does not read its answer."""

    def taken(self):
        """Return how often each member was sent since the last call."""
        requests, self.requests = self.requests, []
        return Counter(name.decode() for *_, body in requests for name in re.findall(rb'"(member-\d+)"', body))


@pytest.fixture(scope="module")
def account():
    """500 cards with 100 transactions each."""
    with Emulator(seed="synthetic", cards=CARDS, transactions=ROWS_A_CARD, management_rate=0) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def recorder(account):
    """Return the URL that the workers use as Talon.One."""
    with Recorder(account.url) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def databases(postgres_server):
    """Return a function that creates a database, empty or as a copy, and returns its URL."""

    def make(name, like="template1"):
        with dbapi.connect(f"{postgres_server}/postgres", autocommit=True) as db, db.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        return f"{postgres_server}/{name}"

    return make


@pytest.fixture(scope="module")
def airflow(account, recorder, databases, tmp_path_factory):
    """Start two workers with two connections, one of which has a rate limit that all workers share."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    for name in ("airflow_live", "airflow_celery"):
        spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    home = tmp_path_factory.mktemp("celery")
    (home / "dags").mkdir()
    for file in (EXAMPLES / "talon_one_sharded_load.py", ROOT / "tests" / "provider" / "dags" / "killed.py"):
        (home / "dags" / file.name).symlink_to(file)
    live = sys.modules["airflow_celery"].CeleryAirflow(
        home, account.url, database=databases("airflow_metadata"), dags=home / "dags"
    )
    live.environment |= {
        "AIRFLOW_CONN_RECORDED": connection(account, recorder.url),
        "AIRFLOW_CONN_TALON_ONE_DEFAULT": connection(
            account, recorder.url, requests_per_second=RATE, rate_limit_url=f"{live.redis_url}/1"
        ),
    }
    with live:
        yield live


def connection(account, url, **extra):
    """A connection to the emulator as Airflow reads it from the environment."""
    extra = {"management_api_key": account.management_key, "management_requests_per_second": 1000, **extra}
    return json.dumps({"conn_type": "talon_one", "host": url, "password": account.api_key, "extra": extra})


@pytest.fixture
def workers(airflow, account, recorder):
    """Reset the test: both workers run, answers are fast, and no request is recorded."""
    for name in airflow.workers:
        if not airflow.runs(name):
            airflow.start_worker(name)
    account.clear_requests()
    recorder.taken()
    yield airflow
    account.clear_faults()


def requests(account, operation):
    """Return how many requests the emulator has received."""
    return account.counters().get(operation, {"requests": 0})["requests"]


def until(found, what):
    """Wait for what ``found`` returns."""
    return sys.modules["airflow_celery"].wait_for(found, what)


def running(airflow, run):
    """Return the running task instance of a run."""
    (instance,) = airflow.instances(run)
    assert "running" == instance["state"]
    return instance


def killed(airflow, run, enough):
    """Kill the worker of a run's task when the task has done enough, and return the worker's name."""
    until(enough, "enough requests")
    name = running(airflow, run)["hostname"]
    airflow.kill_worker(name)
    return name


def other(airflow, name):
    """Return the other worker."""
    (left,) = set(airflow.workers) - {name}
    return left


def members(account):
    """Return the members of an audience."""
    state = account.state("memberships", "profiles")
    names = {profile["id"]: profile["integration_id"] for profile in state["profiles"]}
    return {names[row["profile"]] for row in state["memberships"]}


def segment_in(warehouse):
    """Return the URL of a database that holds the segment."""
    with dbapi.connect(warehouse, autocommit=True) as db, db.cursor() as cursor:
        query = f"SELECT 'member-' || n AS id FROM generate_series(1, {len(SEGMENT)}) n"
        cursor.execute(f"CREATE TABLE segment AS {query}")
    return warehouse


def truth(account):
    """Return id and amount of every row of a card."""
    rows = account.state("ledger")["ledger"]
    return sorted((row["id"], Decimal(row["amount"])) for row in rows if row["card"] is not None)


def photograph(databases, store):
    """Return the acknowledged members in the store of a killed run, from a copy of its database."""

    def copy():
        with suppress(dbapi.Error):  # PostgreSQL still ends the connection of the run
            return databases("photograph", like=store.rsplit("/", 1)[1])

    name = "killed_push.audience_members.VIP"
    with open_store(named_location(until(copy, "a copy of the store"), name)) as kept:
        return acknowledged_keys(kept)


def test_a_push_whose_worker_is_killed_ends_on_the_other_one(workers, account, recorder, databases):
    """The other worker sends no acknowledged row again, and each remaining row once."""
    warehouse, store = segment_in(databases("push_warehouse")), databases("push_store")
    account.fault(PUSHES, "latency", count=0, seconds=1.5)
    run = workers.trigger("killed_push", {"warehouse": warehouse, "store": store})
    lost = killed(workers, run, lambda: requests(account, PUSHES) >= 14)
    known = photograph(databases, store)
    before = recorder.taken()
    assert "success" == workers.ended(run)["state"]
    after = recorder.taken()
    assert [lost, other(workers, lost)] == [one["hostname"] for one in workers.tries(run, "work")]
    assert 4_000 <= len(known) < len(before) < len(SEGMENT)
    assert set() == known & set(after)
    assert SEGMENT - set(before) <= set(after)
    assert {1} == set(before.values()) == set(after.values())
    assert SEGMENT == members(account)


def test_a_push_whose_process_outlives_its_worker_is_never_two_pushes(workers, account, databases):
    """The retry waits until the first process ends, because the store admits one at a time."""
    account.reset()
    warehouse, store = segment_in(databases("orphan_warehouse")), databases("orphan_store")
    account.fault(PUSHES, "latency", count=0, seconds=5)
    run = workers.trigger("killed_push", {"warehouse": warehouse, "store": store})
    until(lambda: requests(account, PUSHES) >= 3, "enough requests")
    first = running(workers, run)
    process = psutil.Process(first["pid"])
    try:
        workers.kill_worker(first["hostname"], spare=process.pid)
        assert "success" == workers.ended(run)["state"]
        tries = workers.tries(run, "work")
        assert {other(workers, first["hostname"])} == {one["hostname"] for one in tries[1:]}
    finally:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    assert 2 == account.counters()[PUSHES]["max_in_flight"]
    assert SEGMENT == members(account)


@pytest.mark.parametrize("place", ["postgresql", "duckdb", "parquet"])
def test_a_load_whose_worker_is_killed_ends_on_the_other_one(workers, account, databases, tmp_path, place):
    """The other worker continues after the last merge, with every row once and fewer requests than a full load."""
    warehouse = {
        "postgresql": lambda: databases("load_warehouse"),
        "duckdb": lambda: f"duckdb:///{tmp_path}/w.duckdb",
        "parquet": lambda: str(tmp_path / "lake"),
    }[place]()
    account.fault(READS, "latency", count=0, seconds=0.1)
    run = workers.trigger("killed_load", {"warehouse": warehouse})
    lost = killed(workers, run, lambda: requests(account, READS) >= 0.7 * CARDS)
    with open_warehouse(warehouse) as opened:
        ((merged,),) = opened.query("SELECT count(*) FROM talon_one.loyalty_card_transactions")
    account.clear_requests()
    assert "success" == workers.ended(run)["state"]
    total = CARDS * ROWS_A_CARD
    assert [lost, other(workers, lost)] == [one["hostname"] for one in workers.tries(run, "work")]
    assert 0 < merged < total
    rest = {"read": total - merged, "inserted": total - merged, "updated": 0}
    assert rest == workers.xcom(run, "work")["streams"]["loyalty_card_transactions"]
    assert CARDS - merged // ROWS_A_CARD == requests(account, READS)
    with open_warehouse(warehouse) as opened:
        found = opened.query("SELECT id, amount FROM talon_one.loyalty_card_transactions ORDER BY id")
    assert truth(account) == [(number, Decimal(amount)) for number, amount in found]


def test_two_workers_keep_to_one_budget_over_redis(workers, recorder, tmp_path):
    """Two workers that load shards at the same time never exceed the shared rate limit together."""
    run = workers.run("talon_one_sharded_load", {"shards": 4, "folder": str(tmp_path / "lake")})
    assert "success" == run["state"]
    loads = [one for one in workers.instances(run) if one["task_id"] == "load"]
    spans = {name: [span(one) for one in loads if one["hostname"] == name] for name in workers.workers}
    arrivals = sorted(at for at, path, _ in recorder.requests if "/transactions" in path)
    assert CARDS == len(arrivals)
    assert any(a[0] < b[1] and b[0] < a[1] for a in spans["w1"] for b in spans["w2"])
    assert most_in_a_second(arrivals) <= RATE


def span(instance):
    """Return when a task began and ended."""
    return instance["start_date"], instance["end_date"]


def most_in_a_second(ordered):
    """Return the largest number of these instants within one second."""
    return max(sum(1 for other in ordered if at <= other < at + 1) for at in ordered)
