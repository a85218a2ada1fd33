"""What leaves this machine, when it leaves, and how it is stopped."""

import logging
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from base64 import b64encode

import pytest

from talon_one_client import TalonOneClient
from talon_one_client import errors as e
from talon_one_client.http.transports.choice import make_transport
from talon_one_client.http.waits import Bounds

PROGRAMS = b'{"data":[]}'
KEY = "ManagementKey-v1 mmmmmmmm"


@pytest.fixture
def sender(config):
    """Makes transports of a URL; they are closed after the test."""
    made = []

    def make(url, stop=lambda: None, **given):
        made.append(make_transport(config(url, **given), stop))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("body", [None, b"", b'{"a":1}', b"x" * 1_500_000])
def test_a_request_arrives_as_it_was_built(serve, sender, method, body):
    """Method, path, headers and body arrive unchanged; nothing that a server could act on is added."""
    if method == "GET" and body is not None:
        pytest.skip("no operation has a body in a GET")
    server = serve((200, {}, PROGRAMS))
    path = "/v1/a%2Fb/..%2E/%C3%BC%20/%F0%9F%99%82?q=%2B&r=a+b&s=%26"
    headers = {"Accept": "application/json", "Authorization": KEY, "User-Agent": "us", "Accept-Encoding": "gzip"}
    headers |= {"Content-Type": "application/json"} if body else {}
    answer = sender(server.url).send(method, server.url + path, headers, body, Bounds())
    assert (200, PROGRAMS) == (answer.status, answer.body)
    command, seen_path, seen, seen_body = server.seen[0]
    assert (method, path, body or b"") == (command, seen_path, seen_body)
    length = {} if method == "GET" else {"Content-Length": str(len(body or b""))}
    assert headers | length | {"Host": server.url.removeprefix("http://")} == {
        name: value for name, value in seen.items() if name != "Connection"
    }


@pytest.mark.parametrize("name", ["gzip", "identity"])
def test_headers_of_an_answer_are_found_in_any_case(serve, sender, name):
    """The names of headers have no case."""
    server = serve((200, {"retry-AFTER": "7", "X-A": name}, PROGRAMS))
    answer = sender(server.url).send("GET", server.url, {}, None, Bounds())
    assert ("7", name, None) == (
        answer.headers.get("Retry-After"), answer.headers["x-a"], answer.headers.get("x-b")
    )  # fmt: skip


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nb", "a\rb"])
def test_a_line_break_in_a_header_is_refused(serve, sender, value):
    """A header with a line break is refused before anything is sent, without its value in the message."""
    server = serve((200, {}, PROGRAMS))
    with pytest.raises(ValueError, match="line break") as raised:
        sender(server.url).send("GET", server.url, {"Authorization": value}, None, Bounds())
    assert value not in str(raised.value)
    assert [] == server.seen


def test_a_netrc_does_not_replace_the_key(serve, sender, monkeypatch, tmp_path):
    """The key stays, whatever a ``.netrc`` says about the host."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password word\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    server = serve((200, {}, PROGRAMS))
    sender(server.url).send("GET", server.url, {"Authorization": KEY}, None, Bounds())
    assert KEY == server.seen[0][2]["Authorization"]


def test_cookies_are_not_sent_back(serve, sender):
    """A cookie of an answer is not part of the next request."""
    server = serve((200, {"Set-Cookie": "a=b; Path=/"}, PROGRAMS))
    transport = sender(server.url)
    for _ in range(2):
        transport.send("GET", server.url, {}, None, Bounds())
    assert [None, None] == [headers.get("Cookie") for _, _, headers, _ in server.seen]


# ---------------------------------------------------------------------------------------------------- departure


def test_a_request_departs_when_the_connection_is_made_and_before_it_is_written(talk, sender):
    """Nothing of the request is written before it may depart, and the connection is there."""
    accepted, asked, received = threading.Event(), threading.Event(), []

    def behave(connection):
        accepted.set()
        asked.wait(10)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        left.set()
        connection.settimeout(10)
        received.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + PROGRAMS)

    left = threading.Event()

    def depart():
        assert accepted.wait(10)
        asked.set()
        assert left.wait(10)

    url = talk(behave)
    answer = sender(url).send("GET", url, {}, None, Bounds(depart=depart))
    assert PROGRAMS == answer.body
    assert received[0].startswith(b"GET / HTTP/1.1\r\n")


def test_every_request_departs_once(serve, sender):
    """The first request on a connection and those after it depart once each."""
    server, departed = serve((200, {}, PROGRAMS)), []
    transport = sender(server.url)
    for number in range(3):
        transport.send("GET", server.url, {}, None, Bounds(depart=lambda number=number: departed.append(number)))
    assert [0, 1, 2] == departed


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_what_a_departure_raises_is_raised_and_nothing_is_sent(serve, sender, capfd, kind):
    """An error while a request waits to depart passes through, and the request is not written."""
    server = serve((200, {}, PROGRAMS))

    def depart():
        raise kind("no departure")

    transport = sender(server.url)
    with pytest.raises(kind, match="no departure"):
        transport.send("GET", server.url, {}, None, Bounds(depart=depart))
    transport.send("GET", server.url + "/second", {}, None, Bounds())
    assert ["/second"] == [path for _, path, _, _ in server.seen]
    assert "Traceback" not in capfd.readouterr().err


def test_the_wait_for_a_departure_does_not_count_towards_deadline_and_timeout(serve, sender):
    """Deadline and read timeout count from the departure."""
    server, now = serve((200, {}, PROGRAMS)), threading.Event()
    threading.Timer(0.6, now.set).start()
    bounds = Bounds(deadline_s=0.4, depart=lambda: now.wait(10) and None)
    assert 200 == sender(server.url, read_timeout_s=0.3).send("GET", server.url, {}, None, bounds).status


def test_a_body_that_takes_long_to_send_is_not_silence(sender, transport):
    """The read timeout does not end a request whose body is still being sent."""
    if transport == "requests":
        pytest.skip("the sockets of requests have one timeout for the whole body")
    size = 8_000_000
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)

        def serve_slowly():
            connection, _ = listener.accept()
            received, pause = 0, threading.Event()
            with connection:
                while received < size:
                    received += len(connection.recv(65_536))
                    pause.wait(0.02)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + PROGRAMS)

        thread = threading.Thread(target=serve_slowly)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            answer = sender(url, read_timeout_s=2).send("POST", url, {}, bytes(size), Bounds(deadline_s=200))
        finally:
            thread.join()
    assert PROGRAMS == answer.body


# ------------------------------------------------------------------------------------------------------- stopping


class Stopped(Exception):
    """The run was asked to stop."""


@pytest.mark.parametrize("in_thread", [True, False])
def test_a_request_in_flight_is_cut_off_after_a_stop(talk, config, in_thread):
    """Once the run was asked to stop, a request ends within the grace period, in any thread."""
    asked, raised = threading.Event(), []

    def behave(connection):
        connection.recv(65536)
        asked.set()
        connection.recv(1)

    def stop():
        if asked.is_set():
            raise Stopped

    def work():
        try:
            client.get_loyalty_programs()
        except Stopped as error:
            raised.append(error)

    with TalonOneClient(config(talk(behave), stop_grace_s=0.1), stop=stop) as client:
        started = time.monotonic()
        if in_thread:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join(20)
        else:
            work()
    assert 1 == len(raised)
    assert time.monotonic() - started < 15


INTERRUPTED = """
import os, signal, socket, sys, threading
from talon_one_client import ClientConfig, Secret, TalonOneClient
listener = socket.create_server(("127.0.0.1", 0))
def serve():
    connection, _ = listener.accept()
    connection.recv(65536)
    os.kill(os.getpid(), signal.SIGINT)
    connection.recv(1)
threading.Thread(target=serve, daemon=True).start()
url = f"http://127.0.0.1:{listener.getsockname()[1]}"
config = ClientConfig(url, management_key=Secret("m" * 8), transport=sys.argv[1])
try:
    with TalonOneClient(config) as client:
        client.get_loyalty_programs()
except KeyboardInterrupt:
    print("interrupted")
"""


def test_control_c_ends_a_request_of_the_main_thread(transport):
    """SIGINT is handled while a request of the main thread is in flight, and the process ends."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, transport], capture_output=True, text=True, timeout=60, check=False
    )
    assert ("interrupted\n", "") == (done.stdout, done.stderr)


@pytest.mark.parametrize("transport", ["auto"], indirect=True)
def test_a_signal_that_the_main_thread_sleeps_through_is_handled_soon(serve, sender):
    """A signal that does not interrupt the wait of the main thread is handled before the answer comes."""
    handled = threading.Event()

    def answer(_):
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)  # the system lets any thread receive it
        return (200 if handled.wait(10) else 500), {}, PROGRAMS

    old = signal.signal(signal.SIGUSR1, lambda *_: handled.set())
    try:
        url = serve(answer).url
        assert 200 == sender(url).send("GET", url, {}, None, Bounds()).status
    finally:
        signal.signal(signal.SIGUSR1, old)


def test_a_signal_handler_may_send_a_request(serve, sender):
    """A signal handler that sends a request itself runs while the main thread waits for an answer."""
    begun, inner = [], []

    def answer(handler):
        if handler.path == "/outer":
            for _ in range(20):  # one that comes just before the main thread begins to wait interrupts no wait
                os.kill(os.getpid(), signal.SIGUSR1)
                if done.wait(0.5):
                    break
            assert done.is_set()
        return 200, {}, PROGRAMS

    def handle(*_):
        if begun:
            return
        begun.append(True)
        inner.append(transport.send("GET", server.url + "/inner", {}, None, Bounds()).status)
        done.set()

    done, server = threading.Event(), serve(answer)
    transport = sender(server.url)
    old = signal.signal(signal.SIGUSR1, handle)
    try:
        assert 200 == transport.send("GET", server.url + "/outer", {}, None, Bounds()).status
    finally:
        signal.signal(signal.SIGUSR1, old)
    assert [200] == inner


INTERRUPTED_ANYWHERE = """
import sys
from talon_one_client import ClientConfig, Secret
from talon_one_client.http.transports.choice import make_transport
from talon_one_client.http.waits import Bounds

url, kind, stride = sys.argv[1], sys.argv[2], int(sys.argv[3])
config = ClientConfig(url, management_key=Secret("m" * 8), transport=kind)
place, statuses = 0, []
while True:
    transport = make_transport(config)
    lines = 0

    def send():
        return transport.send("GET", url, {}, None, Bounds()).status

    def trace(frame, event, arg):
        global lines
        lines += 1
        if lines == place + 1:
            sys.settrace(None)
            statuses.append(send())
        return trace

    sys.settrace(trace)
    statuses.append(send())
    sys.settrace(None)
    if lines <= place:
        break
    place += stride
print(statuses == [200] * (2 * place // stride + 1), place)
"""


@pytest.mark.parametrize(("kind", "stride"), [("auto", 1), ("requests", 29)])
def test_a_signal_handler_may_send_a_request_at_any_line(serve, kind, stride):
    """Whichever line of a request in the main thread is interrupted, a request of the signal handler is answered."""
    server = serve(lambda _: (200, {}, PROGRAMS))
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_ANYWHERE, server.url, kind, str(stride)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "" == done.stderr
    answered, place = done.stdout.split()
    assert "True" == answered
    assert 50 < int(place)


def test_a_forked_process_has_connections_of_its_own(serve, sender):
    """A process that is forked after a request makes new connections, and leaves those of its parent open."""
    ports = []

    def answer(handler):
        ports.append(handler.client_address[1])
        return 200, {}, PROGRAMS

    server = serve(answer)
    transport = sender(server.url)
    transport.send("GET", server.url, {}, None, Bounds())
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if transport.send("GET", server.url, {}, None, Bounds()).status == 200 else 1
        finally:
            os._exit(status)
    assert 0 == os.waitpid(child, 0)[1]
    transport.send("GET", server.url, {}, None, Bounds())
    assert 3 == len(ports)
    assert ports[0] != ports[1]
    assert ports[0] == ports[2]


def test_many_threads_share_the_connections(serve, sender):
    """Threads that come and go use the connections of earlier ones."""
    ports = set()

    def answer(handler):
        ports.add(handler.client_address[1])
        return 200, {}, PROGRAMS

    server = serve(answer)
    transport = sender(server.url)
    for _ in range(5):
        threads = [
            threading.Thread(target=transport.send, args=("GET", server.url, {}, None, Bounds())) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(ports) <= 4


def test_closing_ends_all_connections(talk, sender):
    """After ``close`` the server sees the end of every connection."""
    ended = threading.Event()

    def behave(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + PROGRAMS)
        if connection.recv(1) == b"":
            ended.set()

    url = talk(behave)
    transport = sender(url)
    transport.send("GET", url, {}, None, Bounds())
    assert not ended.is_set()
    transport.close()
    assert ended.wait(10)


# -------------------------------------------------------------------------------------------------------- proxies


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy that records what it is asked for: whole requests, or tunnels."""

    def __init__(self, refusal=None):
        self.asked, self.refusal = [], refusal
        super().__init__(("127.0.0.1", 0), None)
        self.daemon_threads = True
        self.port = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    def finish_request(self, request, client_address):
        """Answer one request, or tunnel one connection."""
        head = b""
        while b"\r\n\r\n" not in head and (more := request.recv(1)):
            head += more
        line, *headers = head.decode().split("\r\n")
        self.asked.append((line, dict(each.split(": ", 1) for each in headers if each)))
        if self.refusal:
            request.sendall(self.refusal)
        elif line.startswith("CONNECT"):
            request.sendall(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
            self._tunnel(request, line.split(" ")[1].split(":"))
        else:
            request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + PROGRAMS)

    def _tunnel(self, request, target):
        with socket.create_connection((target[0], int(target[1]))) as server:
            back = threading.Thread(target=self._copy, args=(server, request))
            back.start()
            self._copy(request, server)
            back.join()

    def _copy(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def close(self):
        """End the server."""
        self.shutdown()
        self.server_close()
        self._thread.join()


@pytest.fixture
def proxy(monkeypatch):
    """Starts proxies; ``no_proxy`` is empty."""
    made = []
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    def start(**given):
        made.append(Proxy(**given))
        return made[-1]

    yield start
    for each in made:
        each.close()


def test_a_proxy_gets_requests_over_http(proxy, sender, monkeypatch):
    """``http_proxy`` gets the whole request, and its own user and password."""
    used = proxy()
    monkeypatch.setenv("http_proxy", f"http://user:pa%40ss@127.0.0.1:{used.port}")
    transport = sender("http://demo.talon.example", allow_http=True)
    answer = transport.send("GET", "http://demo.talon.example/v1/x?a=b", {"Authorization": KEY}, None, Bounds())
    assert PROGRAMS == answer.body
    line, headers = used.asked[0]
    assert "GET http://demo.talon.example/v1/x?a=b HTTP/1.1" == line
    assert "Basic " + b64encode(b"user:pa@ss").decode() == headers["Proxy-Authorization"]
    assert KEY == headers["Authorization"]


def test_a_proxy_tunnels_https_and_never_sees_the_key(proxy, serve, sender, monkeypatch, certificate, secure):
    """``https_proxy`` tunnels; the request is encrypted, and departs when the tunnel is there."""
    used, server, order = proxy(), serve((200, {"X-A": "b"}, PROGRAMS), context=secure(certificate)), []
    monkeypatch.setenv("https_proxy", f"127.0.0.1:{used.port}")
    transport = sender(server.url, verify=str(certificate))
    bounds = Bounds(depart=lambda: order.append(len(used.asked)))
    answer = transport.send("GET", server.url + "/v1/x", {"Authorization": KEY}, None, bounds)
    assert (200, PROGRAMS, "b", None) == (
        answer.status, answer.body, answer.headers.get("X-A"), answer.headers.get("X-Proxy")
    )  # fmt: skip
    assert "CONNECT" == used.asked[0][0].split(" ")[0]
    assert "mmmmmmmm" not in str(used.asked)
    assert KEY == server.seen[0][2]["Authorization"]
    assert [1] == order


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway"])
def test_a_proxy_that_refuses_a_tunnel_is_reported(proxy, client_of, monkeypatch, status):
    """A refused tunnel has carried no request, so that any request is retried; the error names the proxy."""
    used = proxy(refusal=f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
    monkeypatch.setenv("https_proxy", f"http://user:pr0xy-pa55@127.0.0.1:{used.port}")
    with pytest.raises(e.ConnectionFailedError, match=f"the proxy refuses the connection: .*{status[:3]}") as raised:
        client_of("https://demo.talon.example").create_audience_v2({"name": "a"})
    assert 3 == raised.value.attempts == len(used.asked)
    assert "pr0xy-pa55" not in str(raised.value)


def test_no_proxy_is_honored(proxy, serve, sender, monkeypatch):
    """A host in ``no_proxy`` is called directly."""
    used, server = proxy(), serve((200, {}, PROGRAMS))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{used.port}")
    monkeypatch.setenv("no_proxy", "10.0.0.1,127.0.0.0/8")
    sender(server.url).send("GET", server.url, {}, None, Bounds())
    assert [] == used.asked
    assert 1 == len(server.seen)


def test_a_host_next_to_one_of_no_proxy_is_called_through_the_proxy(proxy, sender, monkeypatch):
    """Only hosts in ``no_proxy`` are called directly."""
    used = proxy()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{used.port}")
    monkeypatch.setenv("no_proxy", "talon.example.org")
    url = "http://demo.talon.example"
    sender(url, allow_http=True).send("GET", url, {}, None, Bounds())
    assert 1 == len(used.asked)


# --------------------------------------------------------------------------------------------------------- choice


def test_the_setting_chooses_the_transport(transport, sender):
    """``auto`` is libcurl, ``requests`` is requests."""
    kinds = {"auto": "CurlTransport", "requests": "RequestsTransport"}
    assert kinds[transport] == type(sender("https://demo.talon.one")).__name__


def test_without_pycurl_requests_is_used(transport, sender, monkeypatch, caplog):
    """``auto`` falls back to requests, and one line of the log says why."""
    monkeypatch.setitem(sys.modules, "pycurl", None)
    caplog.set_level(logging.INFO, "talon_one_client")
    assert "RequestsTransport" == type(sender("https://demo.talon.one")).__name__
    assert (1 if transport == "auto" else 0) == sum("because pycurl cannot be" in each for each in caplog.messages)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("PycURL/7.45.7 libcurl/8.16.0 OpenSSL/3.5.3", "RequestsTransport"),
        ("PycURL/7.49.0 libcurl/8.23.0 Schannel", "RequestsTransport"),
        ("PycURL/7.46.0 libcurl/8.16.0 OpenSSL/3.5.3", "CurlTransport"),
        ("PycURL/8.0 libcurl/8.30.0 OpenSSL/4.0.0", "CurlTransport"),
    ],
)
def test_libcurl_is_used_where_it_keeps_the_promises(config, monkeypatch, transport, version, expected):
    """An older pycurl, and a libcurl without OpenSSL, are not used."""
    monkeypatch.setattr("pycurl.version", version)
    made = make_transport(config("https://demo.talon.one"))
    made.close()
    assert (expected if transport == "auto" else "RequestsTransport") == type(made).__name__
