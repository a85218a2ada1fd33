"""Fixtures of the tap's tests: an emulator, the engine in this process, the command in another, and a stub server."""

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from talon_one_client import RetryConfig, TalonOneClient
from talon_one_client.connection.client_factory import config_from_settings
from talon_one_emulator import Emulator
from talon_one_singer import ConfigSource
from talon_one_singer.protocol.selection import selected_streams
from talon_one_singer.protocol.state import State
from talon_one_singer.reporting.metrics import Metrics
from talon_one_singer.reporting.progress import Progress
from tap_talon_one.engine.sync import Engine
from tap_talon_one.settings import SETTINGS
from tap_talon_one.tap import catalog
from tests import commands

CARD_ROWS = "loyalty_card_transactions"

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

QUICK = RetryConfig(max_attempts=8, base_s=0.01)  # where a test does not say for how long a call is repeated


def parse(line):
    """JSON with exact numbers."""
    return json.loads(line, parse_float=Decimal)


@dataclass
class Result:
    """The output of a run: raw rows, schemas and states in their order, and the error that ended it.

    ``covered`` holds the number of rows before each state, ``whole`` which streams were to be read whole, ``complete``
    those that were, and ``states_before`` the number of states before that was said.
    """

    raw: list = field(default_factory=list)
    schemas: dict = field(default_factory=dict)
    states: list = field(default_factory=list)
    covered: list = field(default_factory=list)
    error: Exception | None = None
    whole: dict = field(default_factory=dict)
    complete: dict = field(default_factory=dict)
    states_before: dict = field(default_factory=dict)

    def rows(self, stream):
        """Rows of a stream as dicts."""
        return [parse(row) for name, row in self.raw if name == stream]

    def ids(self, stream=CARD_ROWS):
        """Ids of a stream's rows, in their order."""
        return [row["id"] for row in self.rows(stream)]

    @property
    def state(self):
        """The last state."""
        return self.states[-1]

    # As a sink:

    def open(self, entry, schema, *, whole):
        """Keeps the schema, and which streams may be read whole."""
        self.schemas[entry.stream] = schema
        self.whole[entry.stream] = whole

    def read_whole(self, stream, within):
        """Keeps which streams were read whole."""
        self.complete[stream] = within
        self.states_before[stream] = len(self.states)

    def add(self, stream, rows):
        """Keeps rows."""
        self.raw += [(stream, bytes(row)) for row in rows]

    def checkpoint(self, state, *, final=False):
        """Keeps every state."""
        self.states.append(state())
        self.covered.append(len(self.raw))


class _Sink:
    def __init__(self, result):
        self.open, self.rows, self.checkpoint = result.open, result.add, result.checkpoint
        self.read_whole = result.read_whole


@pytest.fixture(scope="session")
def running():
    """One emulator for all tests."""
    with Emulator(management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def emu(running):
    """The shared emulator with three cards and profiles in era ``current``."""
    running.reset("synthetic", era="current", cards=3, transactions=20, profile_transactions=5)
    return running


@pytest.fixture
def settings(running):
    """Settings that reach the emulator; the ids come from the Management API unless they are given."""

    def make(**given):
        base = {
            "base_url": running.url,
            "api_key": running.api_key,
            "management_key": running.management_key,
            "management_requests_per_second": 1000,
            "retry_budget_seconds": 2,
            "transactions_strategy": "per_entity",
            "balances_strategy": "per_entity",
        }
        return {name: value for name, value in (base | given).items() if value is not None}

    return make


@pytest.fixture
def read(settings, caplog):
    """Runs the engine in this process over some streams: ``read(streams, state=, now=, **settings)``."""
    caplog.set_level("INFO")

    def run(*streams, state=None, now=None, stop=lambda: None, **given):
        loaded = SETTINGS.load([ConfigSource("test", settings(**given))])
        known = catalog(loaded)
        entries = [e for e in known if e.stream in streams] if streams else selected_streams(known)
        result, metrics = Result(), Metrics(time.monotonic)
        config = config_from_settings(loaded, "tests")
        with TalonOneClient(config if "retry_budget_seconds" in given else replace(config, retry=QUICK)) as client:
            engine = Engine(
                settings=loaded,
                client=client,
                entries=entries,
                state=State(state),
                sink=_Sink(result),
                metrics=metrics,
                progress=Progress(metrics, time.monotonic, 1e9),
                stop=stop,
                now=lambda: now or datetime.now(UTC),
            )
            try:
                engine.run()
            except Exception as error:  # noqa: BLE001  the test looks at it
                result.error = error
        return result

    return run


@dataclass
class Run:
    """The output of a process of the command."""

    code: int
    stdout: str
    stderr: str

    @property
    def messages(self):
        """All messages."""
        return [parse(line) for line in self.stdout.splitlines()]

    @property
    def state(self):
        """The value of the last STATE."""
        return [m["value"] for m in self.messages if m["type"] == "STATE"][-1]

    def rows(self, stream=CARD_ROWS):
        """Rows of a stream."""
        return [m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream]


@pytest.fixture
def write(tmp_path):
    """Writes a file (dicts as JSON) and returns its path."""

    def make(name, value):
        path = tmp_path / name
        if isinstance(value, bytes):
            path.write_bytes(value)
        else:
            path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return str(path)

    return make


@pytest.fixture
def start():
    """Starts the command; processes that still run at the end of the test are killed."""
    started = []

    def run(*arguments, env=None, **options):
        command = [sys.executable, "-m", "tap_talon_one", *map(str, arguments)]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("TAP_TALON_ONE", "LOGLEVEL", "PYTHON"))}
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
        started.append(commands.Popen(command, env=clean | (env or {}), **options))
        return started[-1]

    yield run
    for process in started:
        with process:
            process.kill()


@pytest.fixture
def command(start):
    """Runs the command to its end."""

    def run(*arguments, **options):
        process = start(*arguments, **options)
        stdout, stderr = process.communicate(timeout=50)
        return Run(process.returncode, stdout or "", stderr or "")

    return run


@pytest.fixture
def sync(command, settings, write):
    """Runs a sync of the command under settings: ``sync(streams, state=, **settings)``."""

    def run(*streams, state=None, **given):
        return command(*arguments(write, settings, streams, state, **given))

    return run


@pytest.fixture
def start_sync(start, settings, write):
    """Like ``sync``, but does not wait for the end."""
    return lambda *streams, state=None, **given: start(*arguments(write, settings, streams, state, **given))


def arguments(write, settings, streams, state, **given):
    """The command line of a sync."""
    found = ["--config", write("config.json", settings(**given))]
    if streams:
        found += ["--catalog", write("catalog.json", chosen(*streams))]
    if state is not None:
        found += ["--state", write("state.json", state)]
    return found


def chosen(*streams):
    """The discovered catalog with these streams selected."""
    found = catalog().to_dict()
    for stream in found["streams"]:
        stream["metadata"][0]["metadata"]["selected"] = stream["stream"] in streams
    return found


@pytest.fixture
def stub():
    """A server that answers every GET with one status and body: ``stub(body, status=200, type=)`` returns its URL."""
    servers = []

    def serve(body, status=200, media="application/json"):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.send_header("Content-Type", media)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Nothing is logged."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
