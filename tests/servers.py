"""Temporary servers for tests and chaos runs on loopback: databases, S3, and stand-ins of Snowflake and BigQuery."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from tests.chaos.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.proxy import Answer, Request

_PROGRAMS = Path(__file__).resolve().parent.parent / ".venvs"
MOTO = _PROGRAMS / "moto" / "bin" / "moto_server"
FAKESNOW = _PROGRAMS / "fakesnow" / "bin" / "fakesnow"
BQEMULATOR = _PROGRAMS / "bqemulator" / "bin" / "bqemulator"
_KEY = re.compile(rb", PRIMARY KEY \([^)]*\) NOT ENFORCED")
_POLL_S = 0.2
PASSWORD = "planted&secret"


class ServerUnavailableError(Exception):
    """A server cannot be started on this machine; the message says why."""


def free_port() -> int:
    """Return a free port on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL cluster in a separate folder.

    Attributes:
        binaries: directory of ``initdb`` and ``pg_ctl``.
        folder: holds data, socket and log.
        port: on 127.0.0.1.
    """

    binaries: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Return ``postgresql://user:password@host:port``, without a database."""
        return f"postgresql://tester:{PASSWORD}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        settings = (
            f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder} -c fsync=off "
            "-c full_page_writes=off -c autovacuum=off -c jit=off"  # its data outlive the server, but no machine
        )
        log = self.folder / "log"
        _run(
            self.folder,
            self.binaries / "pg_ctl",
            "start",
            "-w",
            "-D",
            self.folder / "data",
            "-l",
            log,
            "-o",
            settings,
        )

    def stop(self) -> None:
        """Stop the server like a crash, so that every connection breaks."""
        _run(self.folder, self.binaries / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", self.folder / "data")

    def restart(self) -> None:
        """Crash the server and start it again."""
        self.stop()
        self.start()

    def reload(self) -> None:
        """Let the server read its rules of access again."""
        _run(self.folder, self.binaries / "pg_ctl", "reload", "-D", self.folder / "data")

    def create_database(self, name: str) -> str:
        """Create an empty database and return its URL."""
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(f"{self.url}/postgres", autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {name}")
        return f"{self.url}/{name}"


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL of the newest version that is installed.

    Raises:
        ServerUnavailableError: none is installed, or it does not start.
    """
    binaries = _binaries()
    if not binaries:
        raise ServerUnavailableError("no PostgreSQL server is installed")
    folder = Path(tempfile.mkdtemp(prefix="test-postgres-"))
    try:
        server = _make(binaries, folder)
    except (OSError, LookupError, RuntimeError) as error:
        shutil.rmtree(folder)
        raise ServerUnavailableError(f"PostgreSQL does not start here: {error}") from error
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@contextmanager
def s3() -> Iterator[str]:
    """Run an S3 server as a separate program and yield its URL."""
    with _program("moto", [MOTO, "-H", "127.0.0.1", "-p"]) as url:
        yield url


@contextmanager
def snowflake() -> Iterator[str]:
    """Run fakesnow, a server of Snowflake's protocol, as a separate program, and yield its URL.

    Raises:
        ServerUnavailableError: it is not installed.
    """
    with _program("fakesnow", [FAKESNOW, "-s", "-p"]) as url:
        yield url


@contextmanager
def bigquery() -> Iterator[str]:
    """Run bqemulator, a server of BigQuery's REST API, as a separate program, and yield its URL.

    It fails at keys that are not enforced, which are kept from it, and it describes every BIGNUMERIC as a NUMERIC.

    Raises:
        ServerUnavailableError: it is not installed.
    """

    def corrected(request: Request, forward: Callable[[Request], Answer]) -> Answer:
        answer = forward(replace(request, body=_KEY.sub(b"", request.body)))
        if request.method == "GET" and "/tables/" in request.path:
            answer.body = answer.body.replace(b'"NUMERIC"', b'"BIGNUMERIC"')
        return answer

    with (
        _program("bqemulator", [BQEMULATOR, "start", "--grpc-port", "0", "--rest-port"]) as url,
        Proxy(urlsplit(url).netloc, corrected) as proxy,
    ):
        yield proxy.url


@contextmanager
def _program(name: str, command: list[object]) -> Iterator[str]:
    """Run a program that takes a port as its last argument."""
    if not Path(str(command[0])).exists():
        raise ServerUnavailableError(f"{name} is not installed; run scripts/setup_peers.sh")
    port = free_port()
    with subprocess.Popen(
        [*map(str, command), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            deadline = time.monotonic() + 300
            while not _accepts(port):
                assert time.monotonic() < deadline
                with suppress(subprocess.TimeoutExpired):
                    raise ServerUnavailableError(f"{name} does not start: exit code {process.wait(_POLL_S)}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@contextmanager
def mysql() -> Iterator[str]:
    """Run a MariaDB server and yield ``mysql://user:password@host:port``.

    Raises:
        ServerUnavailableError: none is installed, or it does not start.
    """
    found = [shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("mariadb-install-db", "mariadbd")]
    if None in found:
        raise ServerUnavailableError("no MariaDB server is installed; run scripts/setup_peers.sh")
    install, server = found
    folder = Path(tempfile.mkdtemp(prefix="test-mysql-"))
    user = ["--user=mysql"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "mysql", "mysql")
    data, login = f"--datadir={folder}/data", folder / "login.sql"
    login.write_text(
        f"CREATE USER tester@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO tester@'127.0.0.1';\n"
    )
    login.chmod(0o644)
    subprocess.run(
        [install, "--no-defaults", *user, data, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    options = ["--no-defaults", *user, data, f"--socket={folder}/s", f"--init-file={login}", "--skip-name-resolve"]
    options += ["--character-set-server=utf8mb4", "--bind-address=127.0.0.1", "--port"]
    try:
        with _program("mariadbd", [server, *options]) as url:
            yield f"mysql://tester:{quote(PASSWORD)}@{url.partition('://')[2]}"
    finally:
        shutil.rmtree(folder)


def _binaries() -> Path | None:
    """Return the directory of the newest PostgreSQL that is installed, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


def _run(folder: Path, *command: object) -> None:
    """Run a command as a user that PostgreSQL accepts, which root is not."""
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


def _make(binaries: Path, folder: Path) -> Postgres:
    """Create a cluster in the folder and start it."""
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    options = ("--username=tester", "--auth=scram-sha-256", f"--pwfile={folder}/password", "--no-sync")
    _run(folder, binaries / "initdb", f"--pgdata={folder}/data", "--encoding=UTF8", "--locale=C", *options)
    server = Postgres(binaries, folder, free_port())
    server.start()
    return server


def _accepts(port: int) -> bool:
    """Return whether a server accepts connections."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
