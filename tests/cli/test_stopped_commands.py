"""Every command ends within the grace time, with exit code 143 and a line that says what is safe after SIGTERM."""

from __future__ import annotations

import fcntl
import json
import signal
import socketserver
import struct
import subprocess
import sys
import termios
import threading
import time

import click
import pytest

from talon_one_cli import main
from talon_one_cli.after_stop import AFTER_STOP
from talon_one_cli.command import guarded_run
from talon_one_singer.cli.definition import PluginDefinition
from talon_one_singer.cli.output import run_process
from tests import commands
from tests.examples import mostly_slow

DRIPS = {
    "body": (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n", b" "),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "silence": (b"", b""),
    "outage": (b"HTTP/1.1 503 Down\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n", b""),
}


class Dripping(socketserver.ThreadingTCPServer):
    """Answers every request as its kind says; ``asked`` is set when the first request has arrived."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, kind):
        self.before, self.each = DRIPS[kind]
        self.asked, self.over = threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", 0), Drip)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Drip(socketserver.BaseRequestHandler):
    """One connection."""

    def handle(self):
        """Read a request, then send a little every tenth of a second, without end."""
        self.request.recv(65536)
        try:
            self.request.sendall(self.server.before)
            self.server.asked.set()
            while not self.server.over.wait(0.1):
                self.request.sendall(self.server.each)
        except OSError:
            return


@pytest.fixture
def dripping():
    """Start servers that drip."""
    running = []

    def start(kind="body"):
        server = Dripping(kind)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


MEMBERS = {"sink": "audience_members", "audience": {"name": "V"}, "mode": "upsert", "key": "id"}
SYNC = {"vip": {"source": "v.csv", **MEMBERS}}
TALON_ONE = ("-m", "talon_one_cli")
COMMANDS = {
    "tap": ("-m", "tap_talon_one", "--config", "c.json", "--catalog", "catalog.json"),
    "tap --test": ("-m", "tap_talon_one", "--config", "c.json", "--test"),
    "target": ("-m", "target_talon_one", "--config", "t.json"),
    "target --test": ("-m", "target_talon_one", "--config", "t.json", "--test"),
    "load": (*TALON_ONE, "load", "--to", "duckdb:///w.duckdb", "--config", "c.json"),
    "plan": (*TALON_ONE, "plan", "s.yml"),
    "push": (*TALON_ONE, "push", "s.yml"),
    "verify": (*TALON_ONE, "verify", "s.yml"),
    "reconcile": (*TALON_ONE, "reconcile", "--config", "c.json"),
    "estimate": (*TALON_ONE, "estimate", "--config", "c.json"),
    "expiring": (*TALON_ONE, "expiring", "--config", "c.json", "--by", "2030-01-01T00:00:00Z"),
    "erase": (*TALON_ONE, "erase", "--config", "p.json", "--ids", "ada", "--yes"),
    "check": (*TALON_ONE, "check", "--config", "c.json"),
    "doctor": (*TALON_ONE, "doctor", "s.yml"),
    "call": (*TALON_ONE, "call", "get_loyalty_programs", "--config", "c.json"),
}


def prepare(folder, url, grace_s):
    """Create the files that the commands need."""
    base = {"base_url": url, "api_key": "k3y-one-1234", "management_key": "k3y-two-1234", "stop_grace_seconds": grace_s}
    ids = {"loyalty_program_ids": [1], "card_ids": ["a", "b"], "transactions_strategy": "per_entity"}
    target = {"streams": {"vip": MEMBERS}}
    stream = {"tap_stream_id": "loyalty_card_transactions", "metadata": [{"breadcrumb": [], "metadata": {}}]}
    stream["metadata"][0]["metadata"]["selected"] = True
    stream |= {"stream": "loyalty_card_transactions", "schema": {}}
    files = {
        "c.json": json.dumps(base | ids),
        "t.json": json.dumps(base | target),
        "p.json": json.dumps(base | {"store": "st.duckdb"}),
        "catalog.json": json.dumps({"streams": [stream]}),
        "s.yml": json.dumps(base | {"store": "st.duckdb", "syncs": SYNC}),
        "v.csv": "id\nada\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)


LINES = [
    {"type": "SCHEMA", "stream": "vip", "key_properties": ["id"], "schema": {"properties": {"id": {"type": "string"}}}},
    {"type": "RECORD", "stream": "vip", "record": {"id": "ada"}},
    {"type": "STATE", "value": {"x": 1}},
]


def stopped(folder, server, command, signum=signal.SIGTERM, start=subprocess.Popen):
    """Return exit code and output of a command that receives a signal while it waits for its first answer."""
    with start(
        [sys.executable, *COMMANDS[command]],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdin.write("".join(json.dumps(line) + "\n" for line in LINES))
        process.stdin.close()
        process.stdin = None
        asked = server.asked.wait(60)
        process.send_signal(signum if asked else signal.SIGKILL)
        try:
            out, err = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert asked, err
    return process.returncode, out, err


@pytest.mark.parametrize("command", mostly_slow(COMMANDS, {"tap", "target", "load", "plan", "push", "verify"}))
def test_a_stopped_command_ends_soon(tmp_path, dripping, command):
    """SIGTERM ends every command after the grace time, and nothing is printed for the request that was cut off."""
    server = dripping()
    prepare(tmp_path, server.url, 0.5)
    code, out, err = stopped(tmp_path, server, command)
    assert 143 == code, err
    assert "Traceback" not in err, err
    assert '"x"' not in out
    after_stop = AFTER_STOP.get(command, PluginDefinition.__dataclass_fields__["after_stop"].default)
    assert [f"Stopped by SIGTERM: {after_stop}."] == [line for line in err.splitlines() if "Stopped" in line]


def test_every_command_says_what_a_stop_leaves_behind():
    """The table of what a stopped command leaves behind has all commands, and each says what to do or what is safe."""
    assert [*main.COMMANDS] == [*AFTER_STOP]


@pytest.mark.parametrize("error", [KeyboardInterrupt, EOFError])
def test_ctrl_c_at_a_prompt_is_a_stop_and_the_end_of_the_input_is_not(error, monkeypatch, capsys):
    """Ctrl-C outside of the work ends with 130 and a line that says so; an input that ends ends with 1."""

    def ask():
        def read(_prompt):
            raise error

        monkeypatch.setattr(click.termui, "visible_prompt_func", read)
        click.prompt("Base URL")

    with pytest.raises(SystemExit) as ended:
        run_process(click.Command("ask", callback=ask), "ask", [])
    found = ended.value.code, capsys.readouterr().err.splitlines()[-1]
    expected = {
        KeyboardInterrupt: (130, "Stopped by SIGINT while no work was under way."),
        EOFError: (1, "Aborted!"),
    }
    assert expected[error] == found


def test_a_signal_that_comes_too_late_is_named(capsys):
    """A command whose work was done when the signal came says that nothing is missing, with the code of the signal."""
    code = guarded_run("talon-one models", lambda stop, _redact: stop.set(signal.SIGINT))
    assert (130, "SIGINT came too late to stop anything: all work was done.\n") == (code, capsys.readouterr().err)


@pytest.mark.parametrize("kind", [kind for kind in DRIPS if kind != "body"])
@pytest.mark.parametrize("command", ["tap", "load", "target", "push"])
def test_a_stop_ends_every_way_to_wait(tmp_path, dripping, command, kind):
    """SIGTERM and SIGINT end a wait for headers, for chunks, for a silent server and between two attempts."""
    server = dripping(kind)
    prepare(tmp_path, server.url, 0.5)
    code, _, err = stopped(tmp_path, server, command, signal.SIGINT, commands.Popen)
    assert 130 == code, err
    assert "Traceback" not in err, err


def unread(pipe):
    """Return the bytes in a pipe that were not read yet."""
    return struct.unpack("i", fcntl.ioctl(pipe.fileno(), termios.FIONREAD, b"\0" * 4))[0]


def test_a_target_that_waits_for_lines_ends_too(tmp_path, dripping):
    """SIGTERM ends a target whose input is open and silent."""
    server = dripping()
    prepare(tmp_path, server.url, 0.5)
    command = [sys.executable, *COMMANDS["target"]]
    with subprocess.Popen(command, cwd=tmp_path, text=True, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(json.dumps({"type": "STATE", "value": {}}) + "\n")
        process.stdin.flush()
        until = time.monotonic() + 60
        while unread(process.stdin) and time.monotonic() < until:
            server.over.wait(0.05)
        process.send_signal(signal.SIGTERM)
        assert 143 == process.wait(timeout=30)
