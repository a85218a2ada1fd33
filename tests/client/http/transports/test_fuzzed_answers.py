"""Random answers: nothing but a result or an error of the client, soon, and no traceback."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
import zlib

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from talon_one_client import TalonOneClient
from talon_one_client.errors import TalonOneError
from tests.examples import examples

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PAGE = b'{"data":[]}'
PACKED = gzip.compress(PAGE)


def read_request(connection):
    """Read a request without a body."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            return False
        received += more
    return True


class AnyServer:
    """A server of one thread whose next answer is set from outside."""

    def __init__(self):
        self.answer = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    if read_request(connection):
                        connection.sendall(self.answer)
                except OSError:
                    continue

    def close(self):
        """End the thread."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture(scope="module")
def any_server():
    """A server that sends whatever a test gives it."""
    server = AnyServer()
    yield server
    server.close()


PIECES = st.sampled_from(
    [
        HEAD,
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 404 ",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Content-Encoding: deflate\r\n",
        b"Content-Length: 11\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 1e9\r\n",
        b"Retry-After: 1e999\r\n",
        b"Date: yesterday\r\n",
        b": empty\r\n",
        b"no colon\r\n",
        b" folded\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"b\r\n" + PAGE + b"\r\n0\r\n\r\n",
        b"ffffffffffffffff\r\n",
        b"-1\r\n",
        PAGE,
        PACKED,
        PACKED[:-4],
        zlib.compress(PAGE),
        b"[" * 3000,
        b"\x00\xff\xfe",
    ]
)


@examples(150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.one_of(PIECES, st.binary(max_size=20)), max_size=8))
def test_any_bytes_give_an_answer_or_an_error_of_the_client(any_server, capfd, config, pieces):
    """Random answers end in a result or an error of the client, without a traceback."""
    any_server.answer = b"".join(pieces)
    started = time.monotonic()
    bounds = {"read_timeout_s": 2, "answer_deadline_s": 2}

    with TalonOneClient(config(any_server.url, **bounds)) as client, contextlib.suppress(TalonOneError):
        client.get_loyalty_programs()
    assert time.monotonic() - started < 10
    assert "Traceback" not in capfd.readouterr().err
