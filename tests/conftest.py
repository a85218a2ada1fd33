"""Servers of the tests' own, on loopback, thrown away after them: a PostgreSQL and an S3."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import URLError

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOTO = Path(__file__).resolve().parent.parent / ".venvs" / "moto" / "bin" / "moto_server"
_PASSWORD = "planted&secret"
_NUMBERS = count()


def _binaries() -> Path | None:
    """The directory of the newest PostgreSQL here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


def _run(folder: Path, *command: object) -> None:
    """Runs a command as a user that PostgreSQL accepts, which root is not."""
    user = "postgres" if os.geteuid() == 0 else None
    with (folder / "errors").open("wb") as errors:
        done = subprocess.run(
            list(map(str, command)),
            cwd=folder,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    if done.returncode:
        raise RuntimeError((folder / "errors").read_text())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _make(binaries: Path, folder: Path) -> int:
    """A cluster in the folder, started; its port."""
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    (folder / "password").write_text(_PASSWORD)
    (folder / "password").chmod(0o644)
    options = ("--username=tester", "--auth=scram-sha-256", f"--pwfile={folder}/password", "--no-sync")
    _run(folder, binaries / "initdb", f"--pgdata={folder}/data", "--encoding=UTF8", "--locale=C", *options)
    port = _free_port()
    settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    _run(folder, binaries / "pg_ctl", "start", "-w", "-D", folder / "data", "-l", folder / "log", "-o", settings)
    return port


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL with a user, as ``postgresql://user:password@host:port``."""
    pytest.importorskip("adbc_driver_postgresql", reason="the driver of the extra postgresql is not installed")
    binaries = _binaries()
    if not binaries:
        pytest.skip("no PostgreSQL server is installed")
    folder = Path(tempfile.mkdtemp(prefix="talon-one-postgres-"))
    try:
        port = _make(binaries, folder)
    except (OSError, LookupError, RuntimeError) as error:
        shutil.rmtree(folder)
        pytest.skip(f"PostgreSQL does not start here: {error}")
    yield f"postgresql://tester:{_PASSWORD}@127.0.0.1:{port}"
    _run(folder, binaries / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", folder / "data")
    shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """An empty database."""
    from adbc_driver_postgresql import dbapi

    name = f"test_{next(_NUMBERS)}"
    with dbapi.connect(f"{postgres_server}/postgres", autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    return f"{postgres_server}/{name}"


def _answers(url: str) -> bool:
    """True once a server is there."""
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except (URLError, ConnectionError, TimeoutError):
        return False
    return True


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The URL of a server of S3's protocol, a separate program."""
    port = _free_port()
    command = [_MOTO, "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 30
        while not _answers(f"http://127.0.0.1:{port}/"):
            assert process.poll() is None
            assert time.monotonic() < until
        yield f"http://127.0.0.1:{port}"
        process.kill()


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
