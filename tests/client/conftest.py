"""Fixtures of the client tests: the emulator, clients that wait for nothing, and servers that misbehave."""

import json
import re
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from talon_one_client import ClientConfig, RetryConfig, Secret, TalonOneClient
from talon_one_client.endpoints import ALL
from talon_one_client.http.transports.choice import make_transport
from talon_one_emulator import Emulator
from tests.answer_schemas import check_answer

API_KEY = "integration-k3y-0123456789"
MANAGEMENT_KEY = "management-k3y-9876543210"


class CheckedTransport:
    """The real transport, which also checks every success against the record schema of its row."""

    def __init__(self, config):
        self._transport = make_transport(config)

    def send(self, method, url, headers, body, bounds):
        """Send the request, then check the answer."""
        answer = self._transport.send(method, url, headers, body, bounds)
        if answer.status < 300:
            row = row_of(method, urlsplit(url).path)
            name = row.responses[answer.status]
            if name is None:
                assert row.response_media == "csv" or answer.body == b""
            else:
                check_answer(name, json.loads(answer.body))
        return answer

    def close(self):
        """Close the connections."""
        self._transport.close()


def row_of(method, path):
    """The row of the endpoint table that a request belongs to; the one with the fewest parameters if several do."""
    fits = [r for r in ALL if r.method == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", r.path), path)]
    return min(fits, key=lambda r: len(r.path_params))


@pytest.fixture(scope="session")
def running():
    """One emulator for all tests that need no settings of their own."""
    with Emulator(api_key=API_KEY, management_key=MANAGEMENT_KEY, management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def emu(running):
    """The shared emulator, reset to the demo seed in era ``current``."""
    running.reset("demo", era="current")
    return running


@pytest.fixture
def waits():
    """The waits between attempts, in seconds; no test really waits."""
    return []


@pytest.fixture
def transport():
    """The setting of the same name; test modules that run on every transport have a fixture of their own."""
    return "auto"


@pytest.fixture
def client_of(waits, transport):
    """Makes clients of a URL that record their waits instead of sleeping; they are closed after the test."""
    made = []

    def make(url, *, checked=False, observer=None, retry=None, **settings):
        keys = {"api_key": Secret(API_KEY), "management_key": Secret(MANAGEMENT_KEY)}
        settings = keys | {"transport": transport} | settings
        settings.setdefault("management_requests_per_second", 100_000)
        config = ClientConfig(base_url=url, retry=retry or RetryConfig(), **settings)
        sender = CheckedTransport(config) if checked else None
        made.append(TalonOneClient(config, transport=sender, observer=observer, sleep=waits.append, rng=lambda: 0.5))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(emu, client_of):
    """A client of the shared emulator."""
    return client_of(emu.url)


@pytest.fixture(params=["seed", "current"])
def checked(request, emu, client_of):
    """A client, in both eras, that checks every success against its schema."""
    emu.reset("demo", era=request.param)
    return client_of(emu.url, checked=True)


@pytest.fixture
def serve():
    """Starts HTTP servers whose answers a function returns: ``(status, headers, body)`` of a handler."""
    running = []

    def start(answer, context=None):
        seen = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are two packets: the second would wait 40 ms

            def _any(self):
                length = int(self.headers.get("Content-Length") or 0)
                seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
                status, headers, body = answer(self) if callable(answer) else answer
                self.send_response_only(status)
                for name, value in ({"Content-Length": len(body)} | headers).items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = do_DELETE = _any

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None
        server.seen = seen
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
        running.append((server, threading.Thread(target=server.serve_forever, args=(0.01,))))
        running[-1][1].start()
        return server

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def talk():
    """Starts a server that handles each connection with a given function."""
    running = []

    def start(behave):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                behave(self.request)

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None
        running.append((server, threading.Thread(target=server.serve_forever, args=(0.01,))))
        running[-1][1].start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port():
    """A port on which no process listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def closed_port():
    """A port on which no process listens."""
    return free_port()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Key and self-signed certificate of 127.0.0.1, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", f"{path}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + path.with_name("both.pem.crt").read_text())
    return path


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    """A Redis server for these tests."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    port = free_port()
    arguments = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen(arguments, cwd=tmp_path_factory.mktemp("redis"), stdout=subprocess.DEVNULL) as process:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0"
        process.terminate()
