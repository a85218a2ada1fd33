"""Hostile answers: each ends within its deadline, in bounded memory, with an error that has a name."""

from __future__ import annotations

import gzip
import threading
import time
import tracemalloc
import zlib

import pytest

from talon_one_client import RetryConfig, TalonOneClient
from talon_one_client import errors as e

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PAGE = b'{"data":[]}'


def read_request(connection):
    """Read a request without a body."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            return False
        received += more
    return True


def sending(*parts, close=True):
    """A server that sends these bytes, then closes the connection or sends nothing more."""

    def behave(connection):
        if not read_request(connection):
            return
        for part in parts:
            connection.sendall(part)
        if not close:
            connection.recv(1)

    return behave


def dripping(before, each):
    """A server that sends some bytes, then a few more every twentieth of a second, endlessly."""

    def behave(connection):
        if not read_request(connection):
            return
        connection.sendall(before)
        gone = threading.Event()
        try:
            while True:
                connection.sendall(each)
                gone.wait(0.05)
        except OSError:
            return

    return behave


DRIPS = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "continues": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body of a length": (HEAD + b"Content-Length: 1000000\r\n\r\n", b" "),
    "body until the end": (HEAD + b"\r\n", b" "),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "chunk size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"X: y\r\n"),
    "gzip": (HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(PAGE)[:10], b"\x00\x00\x00\xff\xff"),
    "error body": (b"HTTP/1.1 503 Down\r\nContent-Length: 1000000\r\n\r\n", b" "),
}


@pytest.fixture
def error_of(config):
    """Returns the error of a call, and how many seconds it took."""

    def find(url, call=TalonOneClient.get_loyalty_programs, **given):
        started = time.monotonic()
        client = TalonOneClient(config(url, **given), sleep=lambda _: None)
        with client, pytest.raises(e.TalonOneError) as raised:
            call(client)
        return raised.value, time.monotonic() - started

    return find


@pytest.mark.parametrize("kind", DRIPS)
def test_a_drip_ends_at_the_deadline(talk, kind, error_of):
    """A server that always sends a little more holds a call no longer than the deadline of an answer."""
    error, seconds = error_of(talk(dripping(*DRIPS[kind])), answer_deadline_s=0.5, read_timeout_s=30)
    assert e.ConnectionFailedError is type(error)
    assert "not complete after 0" in str(error) or "not complete after 1" in str(error)
    assert seconds < 5


@pytest.mark.parametrize("kind", ["body of a length", "chunks", "header"])
def test_a_drip_uses_up_the_retry_budget_and_no_more(talk, kind, error_of):
    """Without an explicit deadline an answer may take what remains of the retry budget."""
    url = talk(dripping(*DRIPS[kind]))
    error, seconds = error_of(url, read_timeout_s=0.3, retry=RetryConfig(budget_s=1, first_contact_attempts=50))
    assert e.ConnectionFailedError is type(error)
    assert 0.9 < seconds < 6


def test_silence_ends_at_the_read_timeout(talk, error_of):
    """A server that sends nothing ends the call at the read timeout."""
    error, seconds = error_of(talk(sending(close=False)), read_timeout_s=0.3, answer_deadline_s=60)
    assert "no answer within the read timeout" in str(error)
    assert seconds < 5


def bomb(megabytes, wbits):
    """Compressed zeros, which unpack to much more."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


def answer(body, *headers):
    head = HEAD + b"".join(header + b"\r\n" for header in headers)
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


LARGE = {
    "gzip": lambda: answer(bomb(64, 31), b"Content-Encoding: gzip"),
    "zlib": lambda: answer(bomb(64, 15), b"Content-Encoding: deflate"),
    "deflate": lambda: answer(bomb(64, -15), b"Content-Encoding: deflate"),
    "members": lambda: answer(bomb(1, 31) * 64, b"Content-Encoding: gzip"),
    "announced": lambda: HEAD + b"Content-Length: 999999999999\r\n\r\n{",
    "plain": lambda: HEAD + b"\r\n" + bytes(8 << 20),
    "chunks": lambda: HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"100000\r\n%b\r\n" % bytes(1 << 20) * 8,
    "error": lambda: answer(bomb(64, 31), b"Content-Encoding: gzip").replace(b"200 OK", b"400 No"),
}


@pytest.mark.parametrize("kind", LARGE)
def test_an_answer_larger_than_the_limit_is_refused_in_bounded_memory(talk, kind, error_of):
    """Bytes are counted before and after decompression, while they are read."""
    url = talk(sending(LARGE[kind]()))
    tracemalloc.start()
    try:
        error, _ = error_of(url, max_answer_bytes=4 << 20)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert e.UnexpectedResponseError is type(error)
    assert "larger than max_answer_bytes (4,194,304)" in str(error)
    assert peak < 32 << 20


def test_an_answer_as_large_as_the_limit_is_read(talk, config):
    """The limit itself is allowed, compressed or not."""
    body = PAGE + b" " * (4096 - len(PAGE))
    for sent in (answer(body), answer(gzip.compress(body), b"Content-Encoding: gzip")):
        with TalonOneClient(config(talk(sending(sent)), max_answer_bytes=4096)) as client:
            assert {"data": []} == client.get_loyalty_programs()


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (gzip.compress(PAGE), b"gzip"),
        (gzip.compress(PAGE), b"X-Gzip"),
        (gzip.compress(PAGE[:4]) + gzip.compress(PAGE[4:]), b"gzip"),
        (zlib.compress(PAGE), b"deflate"),
        (zlib.compress(PAGE, wbits=-15), b"deflate, identity"),
        (PAGE, b"identity"),
    ],
    ids=[
        "gzip",
        "x_gzip",
        "gzip_of_two_parts",
        "deflate",
        "raw_deflate",
        "identity",
    ],  # not the bytes: they hold a time
)
def test_every_encoding_that_is_asked_for_is_read(talk, packed, encoding, config):
    """Gzip in one or several members, and deflate with and without its header, are read."""
    with TalonOneClient(config(talk(sending(answer(packed, b"Content-Encoding: " + encoding))))) as client:
        assert {"data": []} == client.get_loyalty_programs()


PACKED = gzip.compress(PAGE)
DAMAGED = {
    "gzip cut off": (answer(PACKED[:-9], b"Content-Encoding: gzip"), e.UnexpectedResponseError),
    "gzip without its sum": (answer(PACKED[:-8], b"Content-Encoding: gzip"), e.UnexpectedResponseError),
    "gzip without length": (HEAD + b"Content-Encoding: gzip\r\n\r\n" + PACKED[:-1], e.UnexpectedResponseError),
    "wrong sum": (answer(PACKED[:-8] + bytes(8), b"Content-Encoding: gzip"), e.UnexpectedResponseError),
    "garbage behind gzip": (answer(PACKED + b"{}", b"Content-Encoding: gzip"), e.UnexpectedResponseError),
    "no gzip": (answer(PAGE, b"Content-Encoding: gzip"), e.UnexpectedResponseError),
    "no deflate": (answer(PAGE, b"Content-Encoding: deflate"), e.UnexpectedResponseError),
    "brotli": (answer(PAGE, b"Content-Encoding: br"), e.UnexpectedResponseError),
    "twice": (answer(PACKED, b"Content-Encoding: gzip, gzip"), e.UnexpectedResponseError),
    "too short": (HEAD + b"Content-Length: 99\r\n\r\n" + PAGE, e.ConnectionFailedError),
    "two lengths": (HEAD + b"Content-Length: 11\r\nContent-Length: 12\r\n\r\n" + PAGE, e.ConnectionFailedError),
    "bad chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", e.ConnectionFailedError),
    "cut chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n20\r\n{", e.ConnectionFailedError),
    "no last chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", e.ConnectionFailedError),
    "long chunk line": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 99999, e.ConnectionFailedError),
    "many headers": (HEAD + b"X-Y: z\r\n" * 5000 + b"\r\n{}", e.ConnectionFailedError),
    "long header": (HEAD + b"X-Y: " + b"z" * 99999 + b"\r\n\r\n{}", e.ConnectionFailedError),
    "long status line": (b"HTTP/1.1 200 " + b"z" * 99999 + b"\r\n\r\n{}", e.ConnectionFailedError),
    "HTTP/0.9": (b"<html>hello</html>", e.ConnectionFailedError),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n", e.ConnectionFailedError),
    "status 99": (b"HTTP/1.1 99 No\r\n\r\n", e.ConnectionFailedError),
    "status 103": (b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(PAGE), e.ConnectionFailedError),
    "status 101": (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", e.ConnectionFailedError),
    "status 999": (b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", e.ServerError),
    "redirect": (b"HTTP/1.1 302 Found\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n", e.UnexpectedResponseError),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\n\r\n", e.UnexpectedResponseError),
    "nothing": (b"", e.ConnectionFailedError),
    "deep arrays": (answer(b'{"data":' + b"[" * 9999 + b"]" * 9999 + b"}"), e.UnexpectedResponseError),
    "deep objects": (answer(b'{"a":' * 99999 + b"1" + b"}" * 99999), e.UnexpectedResponseError),
    "deep error": (answer(b"[" * 9999).replace(b"200 OK", b"400 No"), e.UnexpectedResponseError),
    "deep and not found": (answer(b"[" * 9999 + b"]" * 9999).replace(b"200 OK", b"404 No"), e.UnexpectedResponseError),
    "not UTF-8": (answer(b'{"data":"\xff"}'), e.UnexpectedResponseError),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_answer_is_an_error_with_a_name(talk, kind, error_of):
    """Every damaged answer raises an error of the client."""
    sent, expected = DAMAGED[kind]
    error, seconds = error_of(talk(sending(sent)), read_timeout_s=5)
    assert expected is type(error)
    assert seconds < 5


def test_what_follows_an_interim_answer_is_not_taken_for_the_next_one(talk, config):
    """A connection that has received a 103 is not used again."""
    served = []

    def behave(connection):
        while read_request(connection):
            served.append(connection)
            if len(served) == 1:
                connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
                connection.recv(1)
                return
            connection.sendall(answer(b'{"data":[2]}'))

    with TalonOneClient(config(talk(behave), retry=RetryConfig()), sleep=lambda _: None) as client:
        assert {"data": [2]} == client.get_loyalty_programs()


def test_a_truncated_gzip_is_tried_again(talk, config):
    """An answer that was cut off once is requested again."""
    answers = iter([answer(PACKED[:-9], b"Content-Encoding: gzip"), answer(PACKED, b"Content-Encoding: gzip")])

    def behave(connection):
        sending(next(answers))(connection)

    url = talk(behave)
    with TalonOneClient(config(url, retry=RetryConfig()), sleep=lambda _: None) as client:
        assert {"data": []} == client.get_loyalty_programs()
