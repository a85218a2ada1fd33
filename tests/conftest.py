"""Servers of the tests' own, on loopback, thrown away after them: a PostgreSQL and an S3."""

from __future__ import annotations

import gc
import json
import signal
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings

from tests import commands, distribution, servers
from tests import redshift_server as redshift_servers
from tests.chaos.proxy import Answer, Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.chaos.proxy import Request

_NUMBERS = count()

# How fast the machine is decides no test. `make test` draws the same examples each time, `make test-all` others.
settings.register_profile("other", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("other"), derandomize=True, max_examples=25)
settings.load_profile("same")


def pytest_configure() -> None:
    """Let signals end the programs that tests start: one that a shell runs in the background ignores Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> distribution.LongFilesFirst:
    """Let `make test` give long files to its workers first."""
    return distribution.LongFilesFirst(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests into the order in which workers get their files."""
    items[:] = [items[at] for at in distribution.long_first([item.nodeid for item in items])]


def pytest_collection_finish() -> None:
    """Spare every garbage collection the modules and tests, which stay to the end, and collect less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, *gc.get_threshold()[1:])


def pytest_unconfigure() -> None:
    """Let the interpreter take its modules apart."""
    gc.unfreeze()


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
def snowflake_server() -> Iterator[str]:
    """The parameters of a URL, after ``snowflake://user@account``, for a server of Snowflake's protocol."""
    with _available(servers.snowflake(), "snowflake.connector") as url:
        yield f"host=127.0.0.1&port={urlsplit(url).port}&protocol=http"


@pytest.fixture
def snowflake_url(snowflake_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database of Snowflake; its password is in the environment."""
    from talon_one_warehouse.connections import snowflake

    monkeypatch.setenv("SNOWFLAKE_PASSWORD", servers.PASSWORD)
    name = f"test_{next(_NUMBERS)}"
    with snowflake.connect(f"tester@account?{snowflake_server}") as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {name}.public")
    return f"snowflake://tester@account/{name}/public?{snowflake_server}"


@pytest.fixture(scope="session")
def bigquery_server() -> Iterator[str]:
    """The URL of a server of BigQuery's REST API."""
    with _available(servers.bigquery(), "google.cloud.bigquery") as url:
        yield url


@pytest.fixture
def bigquery_url(bigquery_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty dataset of BigQuery, in a project of its own; the address of the server is in the environment."""
    from talon_one_warehouse.connections import bigquery

    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_server)
    project = f"project-{next(_NUMBERS)}"
    client = bigquery.connect(project)
    client.create_dataset("public")
    client.close()
    return f"bigquery://{project}/public"


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[str]:
    """A MariaDB server, as ``mysql://user:password@host:port``."""
    with _available(servers.mysql(), "pymysql") as url:
        yield url


@pytest.fixture
def mysql_url(mysql_server: str) -> str:
    """An empty database of MariaDB."""
    from talon_one_warehouse.connections import mysql

    name = f"test_{next(_NUMBERS)}"
    with mysql.connect(mysql_server.partition("://")[2]) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    return f"{mysql_server}/{name}"


@pytest.fixture(scope="session")
def redshift_server() -> Iterator[tuple[str, str]]:
    """A PostgreSQL that answers Redshift's client: the URL for its owner, and that for the client."""
    pytest.importorskip("redshift_connector", reason="redshift_connector is not installed")
    with _running_postgres() as server, _available(redshift_servers.redshift(server), "psycopg") as url:
        import psycopg

        for name, statements in redshift_servers.ROLES_AND_FUNCTIONS.items():
            with psycopg.connect(f"{server.url}/{name}".replace("&", "%26"), autocommit=True) as owner:
                for statement in statements:
                    owner.execute(statement)
        yield server.url.replace("&", "%26"), url


@pytest.fixture
def redshift_url(redshift_server: tuple[str, str]) -> str:
    """An empty database that Redshift's client can read."""
    import psycopg

    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(f"{redshift_server[0]}/postgres", autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}")
    return f"{redshift_server[1]}/{name}?ssl=false"


@pytest.fixture
def redshift_load_url(redshift_url: str, redshift_server: tuple[str, str], s3: Any) -> str:
    """An empty database that Redshift's client can load into, with files staged in the empty bucket ``bucket``."""
    import psycopg

    name = redshift_url.rpartition("/")[2].partition("?")[0]
    with psycopg.connect(f"{redshift_server[0]}/postgres", autocommit=True) as owner:
        owner.execute(f"ALTER DATABASE {name} OWNER TO loader")
    return f"{redshift_url.replace('reader', 'loader')}&staging=s3://bucket/staging"


@contextmanager
def _available(server: AbstractContextManager[str], client: str) -> Iterator[str]:
    """Skip the test if the server or its client is not installed."""
    pytest.importorskip(client, reason=f"{client} is not installed")
    with ExitStack() as stack:
        try:
            url = stack.enter_context(server)
        except servers.ServerUnavailableError as error:
            pytest.skip(str(error))
        yield url


@pytest.fixture
def databricks_url(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty catalog of Databricks; the token is in the environment."""
    pytest.importorskip("databricks.sql", reason="databricks-sql-connector is not installed")
    from tests.databricks_server import databricks

    monkeypatch.setenv("DATABRICKS_TOKEN", servers.PASSWORD)
    with databricks(tmp_path_factory.mktemp("databricks")) as url:
        yield url


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

    commands.preload("s3fs", "aiobotocore.session")
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
    """A request on its way through ``between``: its path with query, and how to send it on, as it is or changed."""

    path: str
    send: Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def between() -> Iterator[Callable[..., str]]:
    """Stands between a client and a server: ``between(url, change)`` gives a URL.

    ``change`` gets an Exchange and returns (status, headers, body), or None to let it pass.
    """
    with ExitStack() as running:

        def start(upstream: str, change: Callable[[Exchange], tuple[int, dict[str, str], bytes] | None]) -> str:
            def handler(request: Request, forward: Callable[[Request], Answer]) -> Answer:
                def send(path: str = request.path) -> tuple[int, dict[str, str], bytes]:
                    answer = forward(replace(request, path=path))
                    return answer.status, dict(answer.headers), answer.body

                status, headers, body = change(Exchange(request.path, send)) or send()
                return Answer(status, list(headers.items()), body)

            return running.enter_context(Proxy(urlsplit(upstream).netloc, handler)).url

        yield start
