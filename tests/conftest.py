"""Servers of the tests' own, on loopback, thrown away after them: a PostgreSQL and an S3."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.request
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_NUMBERS = count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL with a user, as ``postgresql://user:password@host:port``."""
    with _running_postgres() as server:
        yield server.url


@contextmanager
def _running_postgres() -> Iterator[servers.Postgres]:
    pytest.importorskip("adbc_driver_postgresql", reason="the driver of the extra postgresql is not installed")
    with ExitStack() as stack:
        try:
            server = stack.enter_context(servers.postgres())
        except servers.ServerUnavailableError as error:
            pytest.skip(str(error))
        yield server


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """An empty database."""
    from adbc_driver_postgresql import dbapi

    name = f"test_{next(_NUMBERS)}"
    with dbapi.connect(f"{postgres_server}/postgres", autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    return f"{postgres_server}/{name}"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The URL of a server of S3's protocol, a separate program."""
    with servers.s3() as url:
        yield url


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A file system with the empty bucket ``bucket``; credentials and address come from the environment."""
    urllib.request.urlopen(urllib.request.Request(f"{s3_server}/moto-api/reset", method="POST")).close()
    for name, value in (
        ("AWS_ENDPOINT_URL", s3_server),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "planted-secret-of-s3"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("NO_PROXY", "127.0.0.1"),
    ):
        monkeypatch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    fs = s3fs.S3FileSystem(use_listings_cache=False)
    fs.mkdir("bucket")
    yield fs
    s3fs.S3FileSystem.clear_instance_cache()


class GuardedBucket(NamedTuple):
    """The bucket ``bucket`` of a server that answers nobody without these keys; ``fs`` has them."""

    server: str
    key: str
    secret: str
    fs: Any


_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def _ask_for_keys(server: str, *, yes: bool) -> None:
    """Whether the server refuses requests that no known key has signed."""
    data, headers = b"0" if yes else b"inf", {"Content-Type": "text/plain"}
    urllib.request.urlopen(
        urllib.request.Request(f"{server}/moto-api/reset-auth", data, headers, method="POST")
    ).close()


@pytest.fixture
def guarded_bucket(s3: Any, s3_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GuardedBucket]:
    """A bucket whose keys are in no environment and no file."""
    import botocore.session
    import s3fs

    iam = botocore.session.get_session().create_client("iam")
    iam.create_user(UserName="loader")
    iam.put_user_policy(UserName="loader", PolicyName="all", PolicyDocument=json.dumps(_POLICY))
    key = iam.create_access_key(UserName="loader")["AccessKey"]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    given = (s3_server, key["AccessKeyId"], key["SecretAccessKey"])
    fs = s3fs.S3FileSystem(key=given[1], secret=given[2], endpoint_url=s3_server, use_listings_cache=False)
    _ask_for_keys(s3_server, yes=True)
    yield GuardedBucket(*given, fs)
    _ask_for_keys(s3_server, yes=False)


class Exchange(NamedTuple):
    """A GET on its way through ``between``: its path with query, and how to send it on, as it is or changed."""

    path: str
    send: Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def between() -> Iterator[Callable[..., str]]:
    """Stands between a client and a server: ``between(url, change)`` gives a URL.

    ``change`` gets an Exchange and returns (status, headers, body), or None to let it pass.
    """
    running: list[ThreadingHTTPServer] = []

    def start(upstream: str, change: Callable[[Exchange], tuple[int, dict[str, str], bytes] | None]) -> str:
        port = urlsplit(upstream).port

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                asked = self.rfile.read(length)

                def send(path: str = self.path) -> tuple[int, dict[str, str], bytes]:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                    headers = {n: v for n, v in self.headers.items() if n.lower() != "accept-encoding"}
                    connection.request(self.command, path, asked, headers)
                    answer = connection.getresponse()
                    found = answer.status, dict(answer.getheaders()), answer.read()
                    connection.close()
                    return found

                status, headers, body = change(Exchange(self.path, send)) or send()
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                        self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, *_: object) -> None:
                """Nothing is logged."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()
