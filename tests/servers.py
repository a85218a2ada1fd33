"""Temporary servers for tests and chaos runs: PostgreSQL and S3 on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOTO = Path(__file__).resolve().parent.parent / ".venvs" / "moto" / "bin" / "moto_server"
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
            f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder} -c fsync=off"
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
    port = free_port()
    command = [MOTO, "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while not _answers(f"http://127.0.0.1:{port}/"):
            assert process.poll() is None
            assert time.monotonic() < deadline
        yield f"http://127.0.0.1:{port}"
        process.kill()


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


def _answers(url: str) -> bool:
    """Return whether a server answers."""
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except (URLError, ConnectionError, TimeoutError):
        return False
    return True
